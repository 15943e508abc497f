//! Measures clerk-sessions beside the same calls by hand and clerk-rs, and writes BENCHMARKS.md.

mod counts;
mod in_process;
mod machine;
mod plan;
mod plot;
mod report;
mod requests;
mod results;
mod run;
mod size;
mod stats;
mod times;
mod verification;

use std::path::Path;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt as _};

use counts::Counter;
use plan::{CASES, Case};
use results::Results;
use run::Programs;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const HELP: &str = "\
Measures clerk-sessions beside the same calls by hand and clerk-rs, and writes BENCHMARKS.md.

Usage: speed [OPTION]... [STEP]...

STEP, by default all in this order:
  times     CPU time and throughput of each subject
  counts    system calls, instructions and allocations (strace, valgrind)
  verify    time, instructions and allocations of verifying a session token (valgrind; 3 minutes)
  requests  time, instructions and allocations of authenticating a request (valgrind; 3 minutes)
  size      crates, build time and binary size; downloads what cargo's cache lacks
  write     BENCHMARKS.md and its plots from results.json, where the steps above store what they measure
  check     fails if BENCHMARKS.md differs from what `write` makes

OPTIONS:
  --rounds N    of times, verify and requests, 21 by default
  --builds N    of each program for its build time, 3 by default
  --http NAME   of size, only the programs over ureq or reqwest
  --case TEXT   only times, of the cases with this text in their name, such as \"ureq get\"; stores nothing
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
        steps = ["times", "counts", "verify", "requests", "size", "write"].map(str::to_owned).to_vec();
    }
    let file = workspace.join("results.json");
    let mut results = Results::read(&file)?;
    for step in steps {
        match &*step {
            "write" => report::write(workspace, &results)?,
            "check" => report::check(workspace, &results)?,
            "times" => {
                let programs = Programs::build(workspace)?;
                results.noise = times::noise(&programs, CASES, rounds)?;
                results.times = times::times(&programs, CASES, rounds)?;
                results.machine = machine::machine()?;
                results.write(&file)?;
            }
            "counts" => {
                let programs = Programs::build(workspace)?;
                let counter = Counter::start(&programs)?;
                results.counts = counter.counts()?;
                results.threads = counter.threads()?;
                results.machine_share = counter.machine_share()?;
                results.write(&file)?;
            }
            "verify" => {
                let programs = Programs::build(workspace)?;
                results.verification = verification::SUITE.measure(&programs, rounds)?;
                print!("{}", verification::targets(&results.verification)?);
                results.write(&file)?;
            }
            "requests" => {
                let programs = Programs::build(workspace)?;
                results.requests = requests::SUITE.measure(&programs, rounds)?;
                print!("{}", requests::targets(&results.requests)?);
                results.write(&file)?;
            }
            "size" => {
                results.replace_sizes(size::sizes(workspace, builds, &http)?);
                results.write(&file)?;
            }
            _ => return Err(format!("no step {step}; see --help").into()),
        }
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
