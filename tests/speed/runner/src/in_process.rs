//! Measures programs that need no server: each variant of a program does one thing, the same one each time.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::counts::number_after;
use crate::machine::machine;
use crate::plan::AGAIN;
use crate::report::thousands;
use crate::results::Machine;
use crate::run::{Programs, output, pinned};
use crate::stats::Estimate;

/// A program and its variants.
pub(crate) struct Suite {
    /// Also the step of `cargo speed`.
    pub(crate) program: &'static str,
    pub(crate) subjects: &'static [Subject],
    /// The variant that also runs against itself.
    pub(crate) again: &'static str,
}

/// A variant of the program.
pub(crate) struct Subject {
    pub(crate) variant: &'static str,
    /// As it is shown.
    pub(crate) name: &'static str,
    /// How often a run does it: for about a third of a second.
    pub(crate) calls: usize,
    /// Whether valgrind counts its instructions and allocations.
    pub(crate) is_counted: bool,
}

/// What was measured.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Measurements {
    pub(crate) machine: Machine,
    pub(crate) subjects: Vec<Measured>,
}

/// A subject, by its variant.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) variant: String,
    /// CPU time of one in each round, in nanoseconds.
    pub(crate) rounds: Vec<f64>,
    /// Of one.
    pub(crate) counts: Option<Counts>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

impl Suite {
    /// Measures all subjects: their times in turn, in changing order, then their counts.
    pub(crate) fn measure(&self, programs: &Programs, rounds: usize) -> Result<Measurements> {
        let again = self.subject(self.again)?;
        let mut runs: Vec<_> = self.subjects.iter().map(|subject| (subject, empty(subject.variant))).collect();
        runs.push((again, empty(AGAIN)));
        for round in 0..rounds {
            eprintln!("{}: round {} of {rounds}", self.program, round + 1);
            let count = runs.len();
            for turn in 0..count {
                // The order changes from round to round, so that no subject is always first.
                let turn = if round % 2 == 0 { turn } else { count - 1 - turn };
                let (subject, measured) = &mut runs[(turn + round / 2) % count];
                measured.rounds.push(self.time(programs, subject)?);
            }
        }
        for (subject, measured) in &mut runs {
            if subject.is_counted && measured.variant != AGAIN {
                eprintln!("{}: counting {}", self.program, subject.name);
                measured.counts = Some(Counts {
                    instructions: self.of_one(programs, subject, INSTRUCTIONS)?,
                    allocations: self.of_one(programs, subject, ALLOCATIONS)?,
                });
            }
        }
        let subjects = runs.into_iter().map(|(_, measured)| measured).collect();
        Ok(Measurements { machine: machine()?, subjects })
    }

    /// A subject by its variant.
    pub(crate) fn subject(&self, variant: &str) -> Result<&'static Subject> {
        let subject = self.subjects.iter().find(|subject| subject.variant == variant);
        Ok(subject.ok_or_else(|| format!("{} has no variant {variant}", self.program))?)
    }

    /// What was measured of a variant.
    pub(crate) fn of<'a>(&self, measurements: &'a Measurements, variant: &str) -> Result<&'a Measured> {
        let measured = measurements.subjects.iter().find(|measured| measured.variant == variant);
        let program = self.program;
        Ok(measured.ok_or_else(|| format!("{program} {variant} is not measured: run `cargo speed {program}`"))?)
    }

    /// The CPU time of one, in nanoseconds.
    fn time(&self, programs: &Programs, subject: &Subject) -> Result<f64> {
        let mut command = programs.program(&pinned(Some(0)), self.program);
        command.args(["--variant", subject.variant, "--warm-up", "2000", "--calls", &subject.calls.to_string()]);
        let printed = String::from_utf8(output(&mut command)?.stdout)?;
        let cpu: f64 = printed.split_whitespace().next().ok_or("no time was printed")?.parse()?;
        Ok((cpu / subject.calls as f64 * 10.0).round() / 10.0)
    }

    /// The count of one: the difference between a run with few and one with five times as many.
    fn of_one(&self, programs: &Programs, subject: &Subject, (options, words): Counter) -> Result<f64> {
        let launcher: Vec<String> = [&["valgrind"], options].concat().iter().map(|word| (*word).to_owned()).collect();
        let count = |calls: usize| {
            let mut command = programs.program(&launcher, self.program);
            command.args(["--variant", subject.variant, "--warm-up", "20", "--calls", &calls.to_string()]);
            number_after(&String::from_utf8_lossy(&output(&mut command)?.stderr), words)
        };
        let (few, many) = (64, 320);
        Ok(((count(many)? - count(few)?) / (many - few) as f64).round())
    }
}

impl Measured {
    /// The median time of one, in nanoseconds.
    pub(crate) fn time(&self) -> Estimate {
        Estimate::of(self.rounds.iter().copied())
    }

    /// The ratio of the times.
    pub(crate) fn ratio(&self, under: &Self) -> Estimate {
        Estimate::of_ratio(&self.rounds, &under.rounds)
    }

    /// How much longer it takes, in nanoseconds: the median of the differences in each round.
    pub(crate) fn above(&self, base: &Self) -> Estimate {
        Estimate::of(self.rounds.iter().zip(&base.rounds).map(|(one, other)| one - other))
    }

    /// Its counts.
    pub(crate) fn counts(&self) -> Result<Counts> {
        Ok(self.counts.ok_or_else(|| format!("the instructions of {} were not counted", self.variant))?)
    }
}

/// The options of valgrind that count something, and the words before the number that it prints.
type Counter = (&'static [&'static str], &'static str);

const INSTRUCTIONS: Counter = (&["--tool=callgrind", "--callgrind-out-file=/dev/null"], "Collected : ");
const ALLOCATIONS: Counter = (&["--leak-check=no", "--undef-value-errors=no"], "total heap usage: ");

fn empty(variant: &str) -> Measured {
    Measured { variant: variant.to_owned(), rounds: Vec::new(), counts: None }
}

/// The table of all subjects: their times and counts.
pub(crate) fn table(suite: &Suite, measurements: &Measurements) -> Result<String> {
    let mut text = "| | time | instructions | allocations |\n|---|--:|--:|--:|\n".to_owned();
    for subject in suite.subjects {
        let measured = suite.of(measurements, subject.variant)?;
        let ns = measured.time().median;
        let time = if ns < 1000.0 { format!("{ns:.0} ns") } else { format!("{:.1} µs", ns / 1000.0) };
        let counts = measured.counts.map(|counts| [counts.instructions, counts.allocations].map(thousands));
        let [instructions, allocations] = counts.unwrap_or_else(|| ["", ""].map(str::to_owned));
        writeln!(text, "| {} | {time} | {instructions} | {allocations} |", subject.name)?;
    }
    Ok(text)
}

/// How a table says whether a target is met.
pub(crate) fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**not met**" }
}
