//! Authenticating whole requests: what is compared, and the section of BENCHMARKS.md.

use std::fmt::Write as _;

use crate::Result;
use crate::in_process::{Measurements, Subject, Suite, met, table};
use crate::plan::AGAIN;
use crate::stats::Estimate;

const fn subject(variant: &'static str, name: &'static str, calls: usize) -> Subject {
    Subject { variant, name, calls, is_counted: true }
}

const VERIFY: &str = "verify";

pub(crate) const SUITE: Suite = Suite {
    program: "requests",
    subjects: &[
        subject(VERIFY, "its token alone, by the plain function", 12_800),
        subject("browser", "signed in", 12_800),
        subject("anonymous", "anonymous", 200_000),
        subject("undecodable", "an undecodable token", 200_000),
        subject("unknown-kid", "a token of an unknown key", 100_000),
        subject("bad-signature", "a wrong signature", 12_800),
        subject("axum", "axum, `ClerkLayer::required`", 12_800),
        subject("axum-by-hand", "axum, jsonwebtoken 12 by hand", 12_800),
    ],
    again: VERIFY,
};

/// The longest time above the verification alone that is wanted, in nanoseconds.
const ABOVE: &[(&str, f64)] = &[("browser", 3_000.0), ("bad-signature", 3_000.0)];
/// The longest time that is wanted, in nanoseconds.
const WHOLE: &[(&str, f64)] = &[("anonymous", 5_000.0), ("undecodable", 5_000.0), ("unknown-kid", 5_000.0)];
/// The least throughput that is wanted, as a ratio.
const THROUGHPUT: (&str, &str, f64) = ("axum", "axum-by-hand", 1.0);

/// Writes the section.
pub(crate) fn section(text: &mut String, measured: &Measurements) -> Result {
    let again = SUITE.of(measured, AGAIN)?.above(SUITE.of(measured, VERIFY)?);
    let machine = &measured.machine;
    write!(
        text,
        "
## Authenticating a request

The request of a browser for a page, with 16 headers and four cookies, and the token from above. The keys were fetched before.
`RequestAuthenticator::browser` authenticates it, over a transport in memory. In axum it is a request with a bearer token, and nothing
is sent over a socket.

{}
Times are CPU time. A target is met if the 95 % interval reaches it. The verification alone against itself takes {} µs longer. While
a row is measured, Clerk gets no request; for a token of an unknown key, that is so within 30 s of the last fetch.

{}
Measured on {}, commit {}. To repeat it, run `cargo speed requests write` (3 minutes).
",
        targets(measured)?,
        us(&again),
        table(&SUITE, measured)?,
        machine.date,
        machine.commit
    )?;
    Ok(())
}

/// The table of targets, also for the terminal.
pub(crate) fn targets(measured: &Measurements) -> Result<String> {
    let mut text = "| request | | measured | target | |\n|---|---|--:|--:|---|\n".to_owned();
    let base = SUITE.of(measured, VERIFY)?;
    let mut row = |variant: &str, what: &str, time: &Estimate, target: f64| -> Result {
        let name = SUITE.subject(variant)?.name;
        let is_met = met(time.low <= target);
        Ok(writeln!(text, "| {name} | {what} | {} µs | ≤ {:.0} µs | {is_met} |", us(time), target / 1000.0)?)
    };
    for (variant, target) in ABOVE {
        row(variant, "above its token alone", &SUITE.of(measured, variant)?.above(base), *target)?;
    }
    for (variant, target) in WHOLE {
        row(variant, "in all", &SUITE.of(measured, variant)?.time(), *target)?;
    }
    let (ours, by_hand, target) = THROUGHPUT;
    // Half the time is twice the throughput.
    let ratio = SUITE.of(measured, by_hand)?.ratio(SUITE.of(measured, ours)?);
    writeln!(
        text,
        "| {} | throughput to {} | {:.2} ({:.2} to {:.2}) | ≥ {target:.1} | {} |",
        SUITE.subject(ours)?.name,
        SUITE.subject(by_hand)?.name,
        ratio.median,
        ratio.low,
        ratio.high,
        met(ratio.high >= target)
    )?;
    Ok(text)
}

/// A time in µs, with its interval.
fn us(time: &Estimate) -> String {
    let Estimate { median, low, high } = time;
    format!("{:.1} ({:.1} to {:.1})", median / 1000.0, low / 1000.0, high / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_process::{Counts, Measured};

    /// Every subject takes so many ns longer than the verification alone.
    fn measured(longer: f64) -> Measurements {
        let of = |variant: &str| {
            let time = if matches!(variant, VERIFY | AGAIN) { 1_000.0 } else { 1_000.0 + longer };
            let counts = Some(Counts { instructions: 9.0, allocations: 9.0 });
            Measured { variant: variant.to_owned(), rounds: vec![time; 3], counts }
        };
        let variants = SUITE.subjects.iter().map(|subject| subject.variant).chain([AGAIN]);
        Measurements { subjects: variants.map(of).collect(), ..Measurements::default() }
    }

    #[test]
    fn targets_are_missed_by_what_takes_longer() {
        let missed = |longer: f64| targets(&measured(longer)).unwrap().matches("not met").count();
        assert_eq!((missed(2_900.0), missed(3_900.0), missed(4_100.0)), (0, ABOVE.len(), ABOVE.len() + WHOLE.len()));
    }

    #[test]
    fn what_is_not_measured_is_an_error() {
        assert!(section(&mut String::new(), &Measurements::default()).is_err());
        section(&mut String::new(), &measured(0.0)).unwrap();
    }
}
