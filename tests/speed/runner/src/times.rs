//! Measures times. Each round runs all subjects of all cases in turn, so that other load on the machine affects all of them
//! equally.

use crate::Result;
use crate::plan::{AGAIN, Case, Subject};
use crate::results::Timed;
use crate::run::{Programs, Server, output, pinned};
use crate::stats::Estimate;

/// Two servers. With one call in flight, the subject and the server share a core, so that the times do not include waking up
/// another core. With several calls in flight, both may use all cores.
struct Servers {
    pinned: Server,
    free: Server,
}

/// Measures the bare program of each case against itself, and prints the ratios.
pub(crate) fn noise(programs: &Programs, cases: &[Case], rounds: usize) -> Result<Vec<Timed>> {
    let twice = |case: &Case| {
        let bare = case.subjects()[1];
        [bare, Subject { name: AGAIN, ..bare }].to_vec()
    };
    let timed = measure(programs, cases, rounds, &twice)?;
    println!("the same program against itself: median of the ratios, 95 % interval");
    for pair in timed.chunks(2) {
        let ratio = Estimate::of_ratio(&pair[1].rounds, &pair[0].rounds);
        println!("{:<10}{:<44}{:.3}  {:.3} to {:.3}", pair[0].group, pair[0].case, ratio.median, ratio.low, ratio.high);
    }
    Ok(timed)
}

/// Measures all subjects of each case.
pub(crate) fn times(programs: &Programs, cases: &[Case], rounds: usize) -> Result<Vec<Timed>> {
    measure(programs, cases, rounds, &|case| case.subjects().to_vec())
}

fn measure(
    programs: &Programs,
    cases: &[Case],
    rounds: usize,
    subjects: &dyn Fn(&Case) -> Vec<Subject>,
) -> Result<Vec<Timed>> {
    let servers = Servers { pinned: programs.serve(Some(0))?, free: programs.serve(None)? };
    let runs: Vec<(Case, Vec<Subject>)> = cases.iter().map(|case| (*case, subjects(case))).collect();
    let mut timed: Vec<Vec<Timed>> = runs.iter().map(|(case, subjects)| empty(case, subjects)).collect();
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for ((case, subjects), timed) in runs.iter().zip(&mut timed) {
            let count = subjects.len();
            for turn in 0..count {
                // The order changes from round to round, so that no subject is always first.
                let turn = if round % 2 == 0 { turn } else { count - 1 - turn };
                let index = (turn + round / 2) % count;
                timed[index].rounds.push(one(programs, &servers, case, &subjects[index])?);
            }
        }
    }
    Ok(timed.into_iter().flatten().collect())
}

fn empty(case: &Case, subjects: &[Subject]) -> Vec<Timed> {
    let timed = |subject: &Subject| Timed {
        group: case.group.to_owned(),
        case: case.name.to_owned(),
        subject: subject.name.to_owned(),
        rounds: Vec::new(),
    };
    subjects.iter().map(timed).collect()
}

/// The time of one call in µs: CPU time of the subject or, if calls are in flight together, wall time.
fn one(programs: &Programs, servers: &Servers, case: &Case, subject: &Subject) -> Result<f64> {
    let (server, core) = if case.is_throughput() { (&servers.free, None) } else { (&servers.pinned, Some(0)) };
    let output = output(&mut programs.command(&pinned(core), case, subject, server, case.calls))?;
    let printed = String::from_utf8(output.stdout)?;
    let nanoseconds = printed.split_whitespace().map(str::parse).collect::<std::result::Result<Vec<f64>, _>>()?;
    let [cpu, wall] = nanoseconds[..] else { return Err(format!("not two times: {printed}").into()) };
    let total = if case.is_throughput() { wall } else { cpu };
    Ok((total / case.calls as f64).round() / 1000.0)
}
