//! The verification of a session token: what is compared, and the section of BENCHMARKS.md.

use std::fmt::Write as _;

use crate::Result;
use crate::in_process::{Measurements, Subject, Suite, met, table};
use crate::plan::AGAIN;

const fn subject(variant: &'static str, name: &'static str) -> Subject {
    Subject { variant, name, calls: 12_800, is_counted: true }
}

/// A hit of the cache. It is not counted, because the 1,000 tokens take valgrind too long.
const CACHED: &str = "cached";
const RAW: &str = "raw";

pub(crate) const SUITE: Suite = Suite {
    program: "verify",
    subjects: &[
        subject("ours", "ours, aws-lc-rs"),
        subject(RAW, "raw aws-lc-rs"),
        subject("ours-ring", "ours, ring of rustls"),
        subject("raw-ring", "raw ring"),
        subject("jsonwebtoken", "jsonwebtoken 12, aws-lc-rs"),
        subject("clerk-rs", "clerk-rs 0.5"),
        subject("set", "ours, aws-lc-rs, key set"),
        subject("flow", "ours, aws-lc-rs, `Authenticator`"),
        Subject { variant: CACHED, name: "ours, cached", calls: 2_000_000, is_counted: false },
    ],
    again: RAW,
};

/// The ratios that are wanted: at most so much of the time, and of the instructions.
const TARGETS: &[(&str, &str, f64)] = &[
    ("ours", RAW, 1.10),
    ("ours-ring", "raw-ring", 1.10),
    ("ours", "jsonwebtoken", 0.85),
    ("ours", "clerk-rs", 0.75),
    ("flow", "set", 1.05),
];

/// The longest time of a hit of the cache that is wanted, in nanoseconds.
const CACHED_TARGET: f64 = 120.0;

/// Writes the section.
pub(crate) fn section(text: &mut String, measured: &Measurements) -> Result {
    let again = SUITE.of(measured, AGAIN)?.ratio(SUITE.of(measured, RAW)?);
    let machine = &measured.machine;
    write!(
        text,
        "
## Verifying a session token

The same token of 1,032 bytes each time, of version 2 and signed with RS256 by a key of 2,048 bits. The key is given. Raw is the
signature check alone, of the same signature.

{}
The time is CPU time. A target is met if the 95 % interval of the ratio reaches it, and the ratio of instructions does, too. Raw
aws-lc-rs against itself has the ratio {:.2} ({:.2} to {:.2}). A ratio is the median of the ratios of all rounds, so it may differ from
the quotient of the times below.

{}
- Ours reads the clock of the system for each verification, as jsonwebtoken and clerk-rs do. For a hit of the cache, the time is
  given.
- A hit is one of 1,000 tokens in turn. The cache has room for 4,096.
- The `Authenticator` has a transport in memory and fetched its keys before. The key set is the same, for the plain function.
- aws-lc-rs parses the key once. ring parses it for each signature, as it has no other public function. jsonwebtoken parses the key for
  each token, and reads the claims that ours finds into a struct. clerk-rs uses jsonwebtoken 9 with ring.
- valgrind has no AVX-512, so aws-lc-rs runs other code in it than on this processor. Its instructions are those of that code.

Measured on {}, commit {}.
",
        targets(measured)?,
        again.median,
        again.low,
        again.high,
        table(&SUITE, measured)?,
        machine.date,
        machine.commit
    )?;
    Ok(())
}

/// The table of targets, also for the terminal.
pub(crate) fn targets(measured: &Measurements) -> Result<String> {
    let mut text =
        "| | beside | ratio of time | ratio of instructions | target | |\n|---|---|--:|--:|--:|---|\n".to_owned();
    for (over, under, target) in TARGETS {
        let (ours, other) = (SUITE.of(measured, over)?, SUITE.of(measured, under)?);
        let time = ours.ratio(other);
        let instructions = ours.counts()?.instructions / other.counts()?.instructions;
        writeln!(
            text,
            "| {} | {} | {:.2} ({:.2} to {:.2}) | {instructions:.3} | ≤ {target:.2} | {} |",
            SUITE.subject(over)?.name,
            SUITE.subject(under)?.name,
            time.median,
            time.low,
            time.high,
            met(time.low <= *target && instructions <= *target)
        )?;
    }
    let hit = SUITE.of(measured, CACHED)?.time();
    writeln!(
        text,
        "| {} | | {:.0} ns ({:.0} to {:.0}) | | ≤ {CACHED_TARGET} ns | {} |",
        SUITE.subject(CACHED)?.name,
        hit.median,
        hit.low,
        hit.high,
        met(hit.low <= CACHED_TARGET)
    )?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_process::{Counts, Measured};

    /// Every subject takes this much, but ours.
    fn measured(ours: f64, others: f64) -> Measurements {
        let of = |variant: &str| {
            let amount = if variant.starts_with("ours") { ours } else { others };
            let counts = Some(Counts { instructions: amount, allocations: 9.0 });
            Measured { variant: variant.to_owned(), rounds: vec![amount; 3], counts }
        };
        let variants = SUITE.subjects.iter().map(|subject| subject.variant).chain([AGAIN]);
        Measurements { subjects: variants.map(of).collect(), ..Measurements::default() }
    }

    #[test]
    fn every_target_is_of_two_subjects_that_are_counted() {
        for variant in TARGETS.iter().flat_map(|(over, under, _)| [over, under]) {
            assert!(SUITE.subject(variant).unwrap().is_counted, "{variant}");
        }
    }

    #[test]
    fn a_target_is_met_if_time_and_instructions_reach_it() {
        let of_ours = |measured: &Measurements| {
            let table = targets(measured).unwrap();
            let row = table.lines().find(|line| line.contains("jsonwebtoken")).unwrap();
            !row.contains("not met")
        };
        assert!(of_ours(&measured(80.0, 100.0)) && !of_ours(&measured(90.0, 100.0)));
        let mut slow = measured(80.0, 100.0);
        slow.subjects[0].counts.as_mut().unwrap().instructions = 90.0;
        assert!(!of_ours(&slow));
    }

    #[test]
    fn what_is_not_measured_is_an_error() {
        assert!(section(&mut String::new(), &Measurements::default()).is_err());
        section(&mut String::new(), &measured(80.0, 100.0)).unwrap();
    }
}
