//! Measures the verification of a session token, with the program `verify` of the subjects. It needs no server.

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::counts::number_after;
use crate::machine::machine;
use crate::plan::AGAIN;
use crate::results::Machine;
use crate::run::{Programs, output, pinned};

/// What verifies the token: a variant of the program.
pub(crate) struct Subject {
    pub(crate) variant: &'static str,
    /// As it is shown.
    pub(crate) name: &'static str,
    /// How many verifications a run makes: about a third of a second.
    calls: usize,
}

const fn subject(variant: &'static str, name: &'static str) -> Subject {
    Subject { variant, name, calls: 12_800 }
}

/// A hit of the cache. valgrind does not count it, because the 1,000 tokens take it too long.
pub(crate) const CACHED: &str = "cached";
/// The program that runs against itself.
pub(crate) const RAW: &str = "raw";

pub(crate) const SUBJECTS: &[Subject] = &[
    subject("ours", "ours, aws-lc-rs"),
    subject(RAW, "raw aws-lc-rs"),
    subject("ours-ring", "ours, ring of rustls"),
    subject("raw-ring", "raw ring"),
    subject("jsonwebtoken", "jsonwebtoken 12, aws-lc-rs"),
    subject("clerk-rs", "clerk-rs 0.5"),
    subject("set", "ours, aws-lc-rs, key set"),
    subject("flow", "ours, aws-lc-rs, `Authenticator`"),
    Subject { variant: CACHED, name: "ours, cached", calls: 2_000_000 },
];

/// A ratio of two subjects that is wanted: at most so much of the time, and of the instructions.
pub(crate) struct Target {
    pub(crate) over: &'static str,
    pub(crate) under: &'static str,
    pub(crate) ratio: f64,
}

const fn target(over: &'static str, under: &'static str, ratio: f64) -> Target {
    Target { over, under, ratio }
}

pub(crate) const TARGETS: &[Target] = &[
    target("ours", RAW, 1.10),
    target("ours-ring", "raw-ring", 1.10),
    target("ours", "jsonwebtoken", 0.85),
    target("ours", "clerk-rs", 0.75),
    target("flow", "set", 1.05),
];

/// The longest time of a hit of the cache that is wanted, in nanoseconds.
pub(crate) const CACHED_TARGET: f64 = 120.0;

/// What was measured.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Verification {
    pub(crate) machine: Machine,
    pub(crate) subjects: Vec<Measured>,
}

/// A subject, by its variant.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) variant: String,
    /// CPU time of a verification in each round, in nanoseconds.
    pub(crate) rounds: Vec<f64>,
    /// Of a verification.
    pub(crate) counts: Option<Counts>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

/// Measures all subjects: their times in turn, in changing order, then their counts.
pub(crate) fn measure(programs: &Programs, rounds: usize) -> Result<Verification> {
    let raw = SUBJECTS.iter().find(|subject| subject.variant == RAW).ok_or("no raw subject")?;
    let mut runs: Vec<(&Subject, Measured)> =
        SUBJECTS.iter().map(|subject| (subject, empty(subject.variant))).collect();
    runs.push((raw, empty(AGAIN)));
    for round in 0..rounds {
        eprintln!("verify: round {} of {rounds}", round + 1);
        let count = runs.len();
        for turn in 0..count {
            // The order changes from round to round, so that no subject is always first.
            let turn = if round % 2 == 0 { turn } else { count - 1 - turn };
            let (subject, measured) = &mut runs[(turn + round / 2) % count];
            measured.rounds.push(time(programs, subject)?);
        }
    }
    for (subject, measured) in &mut runs {
        if !matches!(&*measured.variant, CACHED | AGAIN) {
            eprintln!("verify: counting {}", subject.name);
            measured.counts = Some(Counts {
                instructions: of_one(programs, subject, INSTRUCTIONS)?,
                allocations: of_one(programs, subject, ALLOCATIONS)?,
            });
        }
    }
    let subjects = runs.into_iter().map(|(_, measured)| measured).collect();
    Ok(Verification { machine: machine()?, subjects })
}

fn empty(variant: &str) -> Measured {
    Measured { variant: variant.to_owned(), rounds: Vec::new(), counts: None }
}

/// The CPU time of one verification, in nanoseconds.
fn time(programs: &Programs, subject: &Subject) -> Result<f64> {
    let mut command = programs.program(&pinned(Some(0)), "verify");
    command.args(["--variant", subject.variant, "--warm-up", "2000", "--calls", &subject.calls.to_string()]);
    let printed = String::from_utf8(output(&mut command)?.stdout)?;
    let cpu: f64 = printed.split_whitespace().next().ok_or("no time was printed")?.parse()?;
    Ok((cpu / subject.calls as f64 * 10.0).round() / 10.0)
}

/// The options of valgrind that count something, and the words before the number that it prints.
type Counter = (&'static [&'static str], &'static str);

const INSTRUCTIONS: Counter = (&["--tool=callgrind", "--callgrind-out-file=/dev/null"], "Collected : ");
const ALLOCATIONS: Counter = (&["--leak-check=no", "--undef-value-errors=no"], "total heap usage: ");

/// The count of one verification: the difference between a run with few and one with five times as many.
fn of_one(programs: &Programs, subject: &Subject, (options, words): Counter) -> Result<f64> {
    let launcher: Vec<String> = [&["valgrind"], options].concat().iter().map(|word| (*word).to_owned()).collect();
    let count = |calls: usize| {
        let mut command = programs.program(&launcher, "verify");
        command.args(["--variant", subject.variant, "--warm-up", "20", "--calls", &calls.to_string()]);
        number_after(&String::from_utf8_lossy(&output(&mut command)?.stderr), words)
    };
    let (few, many) = (64, 320);
    Ok(((count(many)? - count(few)?) / (many - few) as f64).round())
}

impl Verification {
    /// What was measured of a variant.
    pub(crate) fn of(&self, variant: &str) -> Result<&Measured> {
        let measured = self.subjects.iter().find(|measured| measured.variant == variant);
        Ok(measured.ok_or_else(|| format!("verification by {variant} is not measured: run `cargo speed verify`"))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_of_two_subjects_that_are_counted() {
        for variant in TARGETS.iter().flat_map(|target| [target.over, target.under]) {
            assert!(variant != CACHED && SUBJECTS.iter().any(|subject| subject.variant == variant), "{variant}");
        }
    }
}
