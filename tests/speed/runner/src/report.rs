//! Writes BENCHMARKS.md and its plots.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::in_process::met;
use crate::plan::{AGAIN, BARE, CASES, CLERK_RS, Case, HEADERS, LIMITS, OURS, TARGETS};
use crate::results::{Counted, Results, Size, Timed};
use crate::stats::Estimate;
use crate::{Result, plot, requests, verification};

/// Writes the document and the plots.
pub(crate) fn write(workspace: &Path, results: &Results) -> Result {
    for (file, text) in files(results)? {
        fs::write(workspace.join(file), text)?;
    }
    Ok(())
}

/// Fails if a file is not what would be written.
pub(crate) fn check(workspace: &Path, results: &Results) -> Result {
    for (file, text) in files(results)? {
        if fs::read_to_string(workspace.join(file)).ok() != Some(text) {
            return Err(format!("{file} is not made of results.json: run `cargo speed write`").into());
        }
    }
    Ok(())
}

/// The files, by their path from the workspace.
fn files(results: &Results) -> Result<[(&'static str, String); 3]> {
    Ok([
        ("../../BENCHMARKS.md", document(results)?),
        ("plots/ureq.svg", plot::plot("Over ureq: ratio to the bare library", &bars(results, "ureq")?)),
        ("plots/reqwest.svg", plot::plot("Over reqwest: ratio to the bare library", &bars(results, "reqwest")?)),
    ])
}

/// The times, a line each.
pub(crate) fn lines(times: &[Timed]) -> String {
    let line = |timed: &Timed| {
        let us = Estimate::of(timed.rounds.iter().copied());
        let Timed { group, case, subject, .. } = timed;
        format!("{group:<10}{case:<44}{subject:<12}{:9.2} µs  {:.2} to {:.2}\n", us.median, us.low, us.high)
    };
    times.iter().map(line).collect()
}

/// The measurements of a case.
struct Measured<'a> {
    case: &'a Case,
    results: &'a Results,
}

impl<'a> Measured<'a> {
    fn named(results: &'a Results, group: &str, name: &str) -> Result<Self> {
        let case = Case::named(group, name).ok_or_else(|| format!("there is no case {group} {name}"))?;
        Ok(Self { case, results })
    }

    /// The rounds of a subject.
    fn rounds(&self, all: &'a [Timed], subject: &str) -> Result<&'a [f64]> {
        let Case { group, name, .. } = self.case;
        let timed = all.iter().find(|timed| (&*timed.group, &*timed.case, &*timed.subject) == (group, name, subject));
        let missing = || format!("{group} {name}, {subject} is not measured: run `cargo speed times`");
        Ok(&timed.ok_or_else(missing)?.rounds)
    }

    /// The ratio of one subject to another: of CPU time, or of throughput.
    fn ratio(&self, all: &'a [Timed], subject: &str, to: &str) -> Result<Estimate> {
        let (over, under) = (self.rounds(all, subject)?, self.rounds(all, to)?);
        let (over, under) = if self.case.is_throughput() { (under, over) } else { (over, under) };
        Ok(Estimate::of_ratio(over, under))
    }

    /// The ratio of ours to a subject.
    fn ours_to(&self, subject: &str) -> Result<Estimate> {
        self.ratio(&self.results.times, OURS, subject)
    }

    /// How far the ratio of the bare program to itself is from 1.
    fn spread(&self) -> Result<f64> {
        Ok(self.ratio(&self.results.noise, AGAIN, BARE)?.spread())
    }

    /// The median, in the unit of the case.
    fn median(&self, subject: &str) -> Result<String> {
        let us = Estimate::of(self.rounds(&self.results.times, subject)?.iter().copied()).median;
        Ok(if self.case.is_throughput() {
            format!("{} / s", thousands((1e6 / us).round()))
        } else if us < 1.0 {
            format!("{us:.2} µs")
        } else if us < 100.0 {
            format!("{us:.1} µs")
        } else {
            format!("{us:.0} µs")
        })
    }

    /// The ratio of ours to a subject, with its interval; bold if it is a difference.
    fn shown_ratio(&self, to: &str) -> Result<String> {
        let ratio = self.ours_to(to)?;
        let bold = if ratio.is_difference(self.spread()?) { "**" } else { "" };
        Ok(format!("{bold}{:.2}{bold} ({:.2} to {:.2})", ratio.median, ratio.low, ratio.high))
    }
}

fn document(results: &Results) -> Result<String> {
    if results.counts.is_empty() || results.machine_share.is_empty() || results.sizes.is_empty() {
        return Err("results.json is not complete: run `cargo speed counts size`".into());
    }
    let of = |group: &str| -> Vec<Measured<'_>> {
        let cases = CASES.iter().filter(|case| case.group == group);
        cases.map(|case| Measured { case, results }).collect()
    };
    let machine = &results.machine;
    let rounds = results.times.first().map_or(0, |timed| timed.rounds.len());
    let mut text = format!(
        "\
# Benchmarks

<!-- `cargo speed write` makes this file of tests/speed/results.json. Do not edit it. -->

These tables compare a call of this library with the same call by hand and with clerk-rs. They compare these programs:

- **ours**: `clerk-sessions-ureq` or `clerk-sessions-reqwest`, with its defaults.
- **bare**: by hand, the HTTP library with its defaults, one header for the secret key, and serde_json into a struct. It has no
  time limit, and sends four headers less than ours.
- **same headers**: bare, with the headers of ours. It shows what these headers cost.
- **same limits**: by hand, with the headers and time limits of ours, and without redirects.
- **clerk-rs**: version 0.5, with its defaults. It uses reqwest.

Measured on {}, commit {}: {} with {} cores, {}, {}. To repeat it, run `cargo speed` (about half an hour).
`cargo speed verify write` repeats only the verification of session tokens (3 minutes).

{}

## Targets

The ratio of ours to by hand: of CPU time (less is better), or of throughput (more is better). A target is met if the 95 %
interval of the ratio reaches it.

| | case | beside | ratio | target | |
|---|---|---|--:|--:|---|
",
        machine.date,
        machine.commit,
        machine.processor,
        machine.cores,
        machine.kernel,
        machine.rustc,
        summary(results)?
    );
    for target in TARGETS {
        let measured = Measured::named(results, target.group, target.case)?;
        let Estimate { median, low, high } = measured.ours_to(target.to)?;
        let more = measured.case.is_throughput();
        let is_met = if more { high >= target.ratio } else { low <= target.ratio };
        writeln!(
            text,
            "| {} | {} | {} | {median:.2} ({low:.2} to {high:.2}) | {} {:.2} | {} |",
            target.group,
            target.case,
            target.to,
            if more { "≥" } else { "≤" },
            target.ratio,
            met(is_met)
        )?;
    }
    times(&mut text, "ureq", &of("ureq"))?;
    times(&mut text, "reqwest", &of("reqwest"))?;
    decoding(&mut text, &of("decode"))?;
    verification::section(&mut text, &results.verification)?;
    requests::section(&mut text, &results.requests)?;
    counts(&mut text, results)?;
    sizes(&mut text, &results.sizes)?;
    write!(
        text,
        "
## Where the differences come from

- Over reqwest, a `get` and a `token` cost more than bare mostly because of their four more headers, which reqwest and hyper copy
  several times. The column for the same headers shows it.
- With a time limit, ureq starts a thread for each request and looks the name up in that thread. Ours starts no thread, and looks a
  name up only for a new connection.
- Over HTTP/2, ours sends pings to find dead connections, which costs time for each frame. The others send none.
- By hand, the time of a `list` depends on when glibc returns memory to the system. Small differences between the programs change
  that. Ours reserves memory so that glibc keeps it.

## How it is measured

- Each program runs in its own process; the sources are in [tests/speed/subjects](tests/speed/subjects). One build makes all of them,
  so they have the same versions and features of ureq, reqwest and rustls.
- The server is another process, which sends prepared responses. With one call in flight, it shares one core with the program, and
  the CPU time of the program is measured. With 64 in flight, both use all cores, and the wall time is measured.
- Each of the {rounds} rounds runs all programs of all cases in turn, in changing order. Each run first makes 200 calls that are not
  measured (640 with 64 in flight). A ratio is the median of the ratios of all rounds. Its 95 % interval is that of order
  statistics.
- The bare program of each case also runs against itself, in as many rounds. The spread is how far the interval of that ratio
  reaches from 1. A ratio is bold if it is a difference: its interval does not contain 1, and it is further from 1 than the spread.
- strace counts system calls; valgrind counts instructions and allocations. The figures are the difference between a run with few
  calls and one with five times as many.
- [tests/speed/size.sh](tests/speed/size.sh) builds a program that gets one session and prints its id. It counts the crates that cargo
  lists, and measures the wall time of release builds with an empty target folder (median) and the size of the stripped binary.
"
    )?;
    Ok(text)
}

/// The most important figures, in two sentences.
fn summary(results: &Results) -> Result<String> {
    let ratio = |group: &str, name: &str, to: &str| {
        let ratio = Measured::named(results, group, name)?.ours_to(to)?;
        Ok::<_, Box<dyn std::error::Error>>(format!("{:.2}", ratio.median))
    };
    Ok(format!(
        "In short: over ureq, a `get` takes {} of the CPU time of the bare library, and {} of the library with the same limits. \
         Over\nreqwest, it takes {} of the bare library, and {} of the library with the same limits. A `list` of 500 takes {} and \
         {} of the bare\nlibraries.",
        ratio("ureq", "get", BARE)?,
        ratio("ureq", "get", LIMITS)?,
        ratio("reqwest", "get", BARE)?,
        ratio("reqwest", "get", LIMITS)?,
        ratio("ureq", "list of 500", BARE)?,
        ratio("reqwest", "list of 500", BARE)?,
    ))
}

fn times(text: &mut String, group: &str, cases: &[Measured<'_>]) -> Result {
    let others: &[&str] =
        if group == "reqwest" { &[BARE, HEADERS, LIMITS, CLERK_RS] } else { &[BARE, HEADERS, LIMITS] };
    writeln!(text, "\n## Over {group}\n\n![Ratios to the bare library](tests/speed/plots/{group}.svg)\n")?;
    writeln!(text, "CPU time of the program per call; with 64 calls in flight, requests per second.\n")?;
    let mut header = "| case | ours |".to_owned();
    for other in others {
        write!(header, " {other} |")?;
    }
    for other in others {
        write!(header, " ours to {other} |")?;
    }
    writeln!(text, "{header} spread |\n|---|{}", "--:|".repeat(2 * others.len() + 2))?;
    for measured in cases {
        write!(text, "| {} | {} |", measured.case.name, measured.median(OURS)?)?;
        for other in others {
            write!(text, " {} |", measured.median(other)?)?;
        }
        for other in others {
            write!(text, " {} |", measured.shown_ratio(other)?)?;
        }
        writeln!(text, " {:.2} |", measured.spread()?)?;
    }
    Ok(())
}

fn decoding(text: &mut String, cases: &[Measured<'_>]) -> Result {
    writeln!(
        text,
        "\n## Decoding\n\nCPU time of reading a response, without HTTP. By hand is `serde_json::from_slice`.\n"
    )?;
    writeln!(text, "| response | ours | by hand | ours to by hand | spread |\n|---|--:|--:|--:|--:|")?;
    for measured in cases {
        writeln!(
            text,
            "| {} | {} | {} | {} | {:.2} |",
            measured.case.name,
            measured.median(OURS)?,
            measured.median(BARE)?,
            measured.shown_ratio(BARE)?,
            measured.spread()?
        )?;
    }
    Ok(())
}

fn counts(text: &mut String, results: &Results) -> Result {
    writeln!(text, "\n## Counts\n\nPer call on a kept connection to an address, with one call in flight.\n")?;
    writeln!(text, "| | case | subject | system calls | instructions | allocations |\n|---|---|---|--:|--:|--:|")?;
    for counted in &results.counts {
        let Counted { group, case, subject, system_calls, instructions, allocations } = counted;
        let instructions = thousands(instructions.round());
        writeln!(text, "| {group} | {case} | {subject} | {system_calls:.1} | {instructions} | {allocations:.1} |")?;
    }
    writeln!(text, "\nThreads that 10,000 calls to `localhost` start on kept connections:\n")?;
    writeln!(text, "| | subject | threads |\n|---|---|--:|")?;
    for threads in &results.threads {
        writeln!(text, "| {} | {} | {} |", threads.group, threads.subject, threads.started)?;
    }
    writeln!(
        text,
        "\nThe core's machine handles retries, time limits and the rate limit. This table shows the instructions that it adds to\n\
         encoding the request, sending it, and decoding and checking the response, as a part of a whole `get`:\n"
    )?;
    writeln!(text, "| client | calls in flight | instructions | of a get |\n|---|--:|--:|--:|")?;
    for share in &results.machine_share {
        let added = share.whole - share.parts;
        let mut counts = results.counts.iter();
        let get =
            counts.find(|counted| (&*counted.group, &*counted.case, &*counted.subject) == (&*share.group, "get", OURS));
        let part = added / get.ok_or("no get was counted")?.instructions * 100.0;
        let added = thousands(added.round());
        writeln!(text, "| {} | {} | {added} | {part:.1} % |", share.group, share.in_flight)?;
    }
    Ok(())
}

fn sizes(text: &mut String, sizes: &[Size]) -> Result {
    writeln!(text, "\n## Size and build\n\nOf a program that gets one session.\n")?;
    writeln!(
        text,
        "| program | crates | that by hand lacks | cold release build | to by hand | stripped binary | to by hand |\n\
         |---|--:|--:|--:|--:|--:|--:|"
    )?;
    for size in sizes {
        let by_hand = if size.program.starts_with("ureq") { "ureq-hand" } else { "reqwest-hand" };
        let by_hand = sizes.iter().find(|size| size.program == by_hand).ok_or("no size by hand")?;
        let seconds = Estimate::of(size.build_seconds.iter().copied()).median;
        let ratio = Estimate::of_ratio(&size.build_seconds, &by_hand.build_seconds).median;
        writeln!(
            text,
            "| {} | {} | {} | {seconds:.1} s | {ratio:.2} | {} KiB | {:.2} |",
            size.program,
            size.crates,
            size.extra_crates,
            thousands((size.bytes as f64 / 1024.0).round()),
            size.bytes as f64 / by_hand.bytes as f64
        )?;
    }
    Ok(())
}

/// The bars of a group's plot: for each case, the ratio of each subject to the bare library.
fn bars<'a>(results: &'a Results, group: &'a str) -> Result<Vec<plot::Case>> {
    let cases = CASES.iter().filter(|case| case.group == group);
    let bars = |case: &Case| {
        let measured = Measured { case, results };
        let subjects = case.subjects().iter().map(|subject| subject.name).filter(|name| *name != BARE);
        let bars = subjects.map(|name| Ok((name, measured.ratio(&results.times, name, BARE)?)));
        let unit = if case.is_throughput() { "throughput, more is better" } else { "CPU time, less is better" };
        Ok(plot::Case { name: format!("{} ({unit})", case.name), bars: bars.collect::<Result<_>>()? })
    };
    cases.map(bars).collect()
}

/// A whole number with commas.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        for (number, expected) in [(0.0, "0"), (999.0, "999"), (1000.0, "1,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(thousands(number), expected);
        }
    }

    fn timed(subject: &str, rounds: [f64; 3]) -> Timed {
        let case = CASES.iter().find(|case| case.is_throughput()).unwrap();
        Timed { group: case.group.into(), case: case.name.into(), subject: subject.into(), rounds: rounds.into() }
    }

    #[test]
    fn a_ratio_of_throughput_is_larger_for_the_faster() {
        let times = vec![timed(OURS, [1.0, 1.0, 1.0]), timed(BARE, [2.0, 2.0, 2.0])];
        let results = Results { times, ..Results::default() };
        let case = CASES.iter().find(|case| case.is_throughput()).unwrap();
        let measured = Measured { case, results: &results };
        assert_eq!(measured.ours_to(BARE).unwrap().median, 2.0);
        assert_eq!(measured.median(OURS).unwrap(), "1,000,000 / s");
    }
}
