//! Writes the section of BENCHMARKS.md on the verification of session tokens.

use std::fmt::Write as _;

use crate::Result;
use crate::plan::AGAIN;
use crate::report::thousands;
use crate::stats::Estimate;
use crate::verification::{CACHED, CACHED_TARGET, Measured, RAW, SUBJECTS, TARGETS, Target, Verification};

/// Writes the section.
pub(crate) fn section(text: &mut String, verification: &Verification) -> Result {
    let again = ratio(verification.of(AGAIN)?, verification.of(RAW)?);
    write!(
        text,
        "
## Verifying a session token

The same token of 1,032 bytes each time, of version 2 and signed with RS256 by a key of 2,048 bits. The key is given. Raw is the
signature check alone, of the same signature.

{}
The time is CPU time. A target is met if the 95 % interval of the ratio reaches it, and the ratio of instructions does, too. Raw
aws-lc-rs against itself has the ratio {:.2} ({:.2} to {:.2}).

{}
",
        targets(verification)?,
        again.median,
        again.low,
        again.high,
        subjects(verification)?
    )?;
    let machine = &verification.machine;
    write!(
        text,
        "\
- Ours reads the clock of the system for each verification, as jsonwebtoken and clerk-rs do. For a hit of the cache, the time is
  given.
- A hit is one of 1,000 tokens in turn. The cache has room for 4,096.
- The `Authenticator` has a transport in memory and fetched its keys before. The key set is the same, for the plain function.
- aws-lc-rs parses the key once. ring parses it for each signature, as it has no other public function. jsonwebtoken parses the key for
  each token, and reads the claims that ours finds into a struct. clerk-rs uses jsonwebtoken 9 with ring.
- valgrind has no AVX-512, so aws-lc-rs runs other code in it than on this processor. Its instructions are those of that code.

Measured on {}, commit {}.
",
        machine.date, machine.commit
    )?;
    Ok(())
}

/// The two tables, for the terminal.
pub(crate) fn lines(verification: &Verification) -> Result<String> {
    Ok(format!("{}\n{}", targets(verification)?, subjects(verification)?))
}

fn targets(verification: &Verification) -> Result<String> {
    let mut text =
        "| | beside | ratio of time | ratio of instructions | target | |\n|---|---|--:|--:|--:|---|\n".to_owned();
    for Target { over, under, ratio: target } in TARGETS {
        let (ours, other) = (verification.of(over)?, verification.of(under)?);
        let time = ratio(ours, other);
        let instructions = ours.counts.zip(other.counts).map(|(ours, other)| ours.instructions / other.instructions);
        let instructions = instructions.ok_or("the instructions were not counted: run `cargo speed verify`")?;
        writeln!(
            text,
            "| {} | {} | {:.2} ({:.2} to {:.2}) | {instructions:.2} | ≤ {target:.2} | {} |",
            name(over)?,
            name(under)?,
            time.median,
            time.low,
            time.high,
            met(time.low <= *target && instructions <= *target)
        )?;
    }
    let hit = Estimate::of(verification.of(CACHED)?.rounds.iter().copied());
    writeln!(
        text,
        "| {} | | {:.0} ns ({:.0} to {:.0}) | | ≤ {CACHED_TARGET} ns | {} |",
        name(CACHED)?,
        hit.median,
        hit.low,
        hit.high,
        met(hit.low <= CACHED_TARGET)
    )?;
    Ok(text)
}

fn subjects(verification: &Verification) -> Result<String> {
    let mut text = "| | time | instructions | allocations |\n|---|--:|--:|--:|\n".to_owned();
    for subject in SUBJECTS {
        let measured = verification.of(subject.variant)?;
        let ns = Estimate::of(measured.rounds.iter().copied()).median;
        let time = if ns < 1000.0 { format!("{ns:.0} ns") } else { format!("{:.1} µs", ns / 1000.0) };
        let counts = measured.counts.map(|counts| [counts.instructions, counts.allocations].map(thousands));
        let [instructions, allocations] = counts.unwrap_or_else(|| ["", ""].map(str::to_owned));
        writeln!(text, "| {} | {time} | {instructions} | {allocations} |", subject.name)?;
    }
    Ok(text)
}

fn ratio(over: &Measured, under: &Measured) -> Estimate {
    Estimate::of_ratio(&over.rounds, &under.rounds)
}

fn name(variant: &str) -> Result<&'static str> {
    let subject = SUBJECTS.iter().find(|subject| subject.variant == variant);
    Ok(subject.ok_or_else(|| format!("there is no subject {variant}"))?.name)
}

fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**not met**" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verification::Counts;

    /// Every subject takes this much, but ours.
    fn measured(ours: f64, others: f64) -> Verification {
        let of = |variant: &str| {
            let amount = if variant.starts_with("ours") { ours } else { others };
            let counts = Some(Counts { instructions: amount, allocations: 9.0 });
            Measured { variant: variant.to_owned(), rounds: vec![amount; 3], counts }
        };
        let variants = SUBJECTS.iter().map(|subject| subject.variant).chain([AGAIN]);
        Verification { subjects: variants.map(of).collect(), ..Verification::default() }
    }

    #[test]
    fn a_target_is_met_if_time_and_instructions_reach_it() {
        let of_ours = |verification: &Verification| {
            let table = targets(verification).unwrap();
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
        assert!(section(&mut String::new(), &Verification::default()).is_err());
        section(&mut String::new(), &measured(80.0, 100.0)).unwrap();
    }
}
