//! Counts system calls with strace, instructions and allocations with valgrind. These do not depend on other load on the machine.
//! Each program runs with few calls and with more. The difference leaves out what the program does before its calls.

use std::{fs, thread};

use crate::Result;
use crate::plan::{At, CASES, Case, Subject};
use crate::results::{Counted, Share, Threads};
use crate::run::{Programs, Server, output};

/// A function that counts what a subject does for this number of calls.
type Count = fn(&Counter<'_>, &Case, &Subject, usize) -> Result<f64>;

pub(crate) struct Counter<'a> {
    programs: &'a Programs,
    server: Server,
}

impl<'a> Counter<'a> {
    /// Starts a server to count with.
    pub(crate) fn start(programs: &'a Programs) -> Result<Self> {
        Ok(Self { programs, server: programs.serve(None)? })
    }

    /// Counts the cases that keep their connections and have one call in flight, over both libraries at the same time. With more
    /// calls in flight, the counts depend on how the threads are scheduled.
    pub(crate) fn counts(&self) -> Result<Vec<Counted>> {
        // An error of `Result` can't be sent between threads, but its text can.
        let of = |group| self.of_group(group).map_err(|error| error.to_string());
        let (ureq, reqwest) = thread::scope(|scope| {
            let ureq = scope.spawn(|| of("ureq"));
            let reqwest = of("reqwest");
            (ureq.join(), reqwest)
        });
        let mut counted = ureq.map_err(|_| "counting failed")??;
        counted.extend(reqwest?);
        Ok(counted)
    }

    fn of_group(&self, group: &str) -> Result<Vec<Counted>> {
        let mut counted = Vec::new();
        for case in CASES.iter().filter(|case| case.at == At::Address && !case.is_throughput() && case.group == group) {
            // strace is quick, so that rare system calls, such as for memory, are averaged. valgrind is slow.
            let (traced, simulated) = (200, if case.call == "list" { 5 } else { 64 });
            for subject in case.subjects() {
                eprintln!("counting {}: {}, {}", case.group, case.name, subject.name);
                counted.push(Counted {
                    group: case.group.to_owned(),
                    case: case.name.to_owned(),
                    subject: subject.name.to_owned(),
                    system_calls: self.of_a_call(system_calls, case, subject, traced)?,
                    instructions: self.of_a_call(instructions, case, subject, simulated)?,
                    allocations: self.of_a_call(allocations, case, subject, simulated)?,
                });
            }
        }
        Ok(counted)
    }

    /// Counts the threads that 10,000 calls start.
    pub(crate) fn threads(&self) -> Result<Vec<Threads>> {
        let mut counted = Vec::new();
        for case in CASES.iter().filter(|case| case.at == At::Name) {
            for subject in case.subjects() {
                let options = ["-e", "trace=clone,clone3", "--seccomp-bpf"];
                let started = |calls| self.traced(&options, case, subject, calls);
                counted.push(Threads {
                    group: case.group.to_owned(),
                    subject: subject.name.to_owned(),
                    started: started(10_001)?.saturating_sub(started(1)?),
                });
            }
        }
        Ok(counted)
    }

    /// Counts the instructions that the core's machine adds to encoding, sending, decoding and checking, with one and with 64 calls in
    /// flight.
    pub(crate) fn machine_share(&self) -> Result<Vec<Share>> {
        let clients = [("ureq", "blocking whole", "blocking parts"), ("reqwest", "async whole", "async parts")];
        let mut shares = Vec::new();
        for (group, whole, parts) in clients {
            for in_flight in [1, 64] {
                let case = Case { in_flight, ..CASES[0] };
                let count = |variant| {
                    let subject = Subject { name: "machine", program: "machine", variant };
                    self.of_a_call(instructions, &case, &subject, 1024)
                };
                shares.push(Share { group: group.to_owned(), in_flight, whole: count(whole)?, parts: count(parts)? });
            }
        }
        Ok(shares)
    }

    /// The count of one call: the difference between a run with few calls and one with five times as many.
    fn of_a_call(&self, count: Count, case: &Case, subject: &Subject, few: usize) -> Result<f64> {
        let many = 5 * few;
        let more = count(self, case, subject, many)? - count(self, case, subject, few)?;
        Ok((more / (many - few) as f64 * 10.0).round() / 10.0)
    }

    fn output(&self, launcher: &[&str], case: &Case, subject: &Subject, calls: usize) -> Result<String> {
        let launcher: Vec<String> = launcher.iter().map(|word| (*word).to_owned()).collect();
        let mut command = self.programs.command(&launcher, case, subject, &self.server, calls);
        // Fewer than for times, because valgrind is slow.
        command.args(["--warm-up", "20"]);
        Ok(String::from_utf8_lossy(&output(&mut command)?.stderr).into_owned())
    }

    /// The number of system calls that strace prints.
    fn traced(&self, options: &[&str], case: &Case, subject: &Subject, calls: usize) -> Result<usize> {
        let file = std::env::temp_dir().join(format!("clerk-sessions-strace-{}-{}", case.group, std::process::id()));
        let name = file.to_str().ok_or("the folder for temporary files is not UTF-8")?;
        self.output(&[&["strace", "-f", "-o", name], options].concat(), case, subject, calls)?;
        let lines = fs::read_to_string(&file)?;
        fs::remove_file(&file)?;
        // A system call that another thread interrupts is printed on two lines.
        Ok(lines.lines().filter(|line| line.contains('(') && !line.contains(" resumed>")).count())
    }
}

fn system_calls(counter: &Counter<'_>, case: &Case, subject: &Subject, calls: usize) -> Result<f64> {
    Ok(counter.traced(&[], case, subject, calls)? as f64)
}

fn instructions(counter: &Counter<'_>, case: &Case, subject: &Subject, calls: usize) -> Result<f64> {
    let valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    number_after(&counter.output(&valgrind, case, subject, calls)?, "Collected : ")
}

fn allocations(counter: &Counter<'_>, case: &Case, subject: &Subject, calls: usize) -> Result<f64> {
    let valgrind = ["valgrind", "--leak-check=no", "--undef-value-errors=no"];
    number_after(&counter.output(&valgrind, case, subject, calls)?, "total heap usage: ")
}

/// The number after these words.
pub(crate) fn number_after(text: &str, words: &str) -> Result<f64> {
    let rest = text.split_once(words).ok_or_else(|| format!("no `{words}` in {text}"))?.1;
    let number = rest.split(|c: char| !c.is_ascii_digit() && c != ',').next().unwrap_or_default();
    Ok(number.replace(',', "").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_what_valgrind_prints() {
        let heap = "==7==   total heap usage: 1,234,567 allocs, 9 frees, 5 bytes allocated";
        assert_eq!(number_after(heap, "total heap usage: ").unwrap(), 1_234_567.0);
        assert_eq!(number_after("==7== Collected : 8901\n", "Collected : ").unwrap(), 8901.0);
        assert!(number_after("", "Collected : ").is_err());
    }
}
