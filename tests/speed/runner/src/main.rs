//! Measures clerk-sessions beside the same calls by hand and clerk-rs, and writes BENCHMARKS.md.

mod counts;
mod machine;
mod plan;
mod plot;
mod report;
mod results;
mod run;
mod size;
mod stats;
mod times;

use std::path::Path;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt as _};

use plan::{CASES, Case};
use results::Results;
use run::Programs;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const HELP: &str = "\
Measures clerk-sessions beside the same calls by hand and clerk-rs, and writes BENCHMARKS.md.

Usage: speed [OPTION]... [STEP]...

STEP, by default all in this order:
  times   CPU time and throughput, each subject in a process of its own
  counts  system calls, instructions and allocations (strace, valgrind)
  size    crates, build time and binary size; downloads what cargo's cache lacks
  write   BENCHMARKS.md and its plots, from results.json, where the other steps put what they measured
  check   fails if BENCHMARKS.md is not what `write` makes of results.json

OPTIONS:
  --rounds N    of times, 21 by default
  --builds N    of each program for its build time, 3 by default
  --http NAME   of size, only the programs over ureq or reqwest
  --case TEXT   only the cases with this in their name, as in \"ureq get\"; prints the times and keeps none
  --help        this text
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result {
    let (mut rounds, mut builds, mut steps, mut wanted) = (21, 3, Vec::new(), None);
    let mut http = "all".to_owned();
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("rounds") => rounds = parser.value()?.parse()?,
            Arg::Long("builds") => builds = parser.value()?.parse()?,
            Arg::Long("http") => http = parser.value()?.string()?,
            Arg::Long("case") => wanted = Some(parser.value()?.string()?),
            Arg::Long("help") | Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            Arg::Value(step) => steps.push(step.string()?),
            _ => return Err(argument.unexpected().into()),
        }
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace")?;
    if let Some(wanted) = wanted {
        return only(workspace, &wanted, rounds);
    }
    if steps.is_empty() {
        steps = ["times", "counts", "size", "write"].map(str::to_owned).to_vec();
    }
    let file = workspace.join("results.json");
    for step in steps {
        let mut results = Results::read(&file)?;
        match &*step {
            "times" => {
                let programs = Programs::build(workspace)?;
                results.noise = times::noise(&programs, CASES, rounds)?;
                results.times = times::times(&programs, CASES, rounds)?;
                results.machine = machine::machine()?;
            }
            "counts" => {
                let programs = Programs::build(workspace)?;
                results.counts = counts::counts(&programs)?;
                results.threads = counts::threads(&programs)?;
                results.machine_share = counts::machine_share(&programs)?;
            }
            "size" => {
                let sizes = size::sizes(workspace, builds, &http)?;
                results.sizes.retain(|old| sizes.iter().all(|new| new.program != old.program));
                results.sizes.extend(sizes);
                results.sizes.sort_by(|one, other| other.program.cmp(&one.program));
            }
            "write" => report::write(workspace, &results)?,
            "check" => report::check(workspace, &results)?,
            _ => return Err(format!("no step {step}; see --help").into()),
        }
        results.write(&file)?;
    }
    Ok(())
}

fn only(workspace: &Path, wanted: &str, rounds: usize) -> Result {
    let name = |case: &Case| format!("{} {}", case.group, case.name);
    let cases: Vec<Case> = CASES.iter().filter(|case| name(case).contains(wanted)).copied().collect();
    let programs = Programs::build(workspace)?;
    times::noise(&programs, &cases, rounds)?;
    let times = times::times(&programs, &cases, rounds)?;
    print!("{}", report::lines(&times));
    Ok(())
}
