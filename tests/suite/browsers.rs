//! Simulates thousands of browsers with several tabs, which visit an app through networks that lose messages.
//!
//! | file | content |
//! |---|---|
//! | `jar` | the cookies of a browser |
//! | `clerk` | a small model of Clerk |
//! | `world` | browsers, tabs, virtual time, and what must be true of each visit |
//!
//! `SIMULATION_SEED` replaces the usual seed by this one, and `SIMULATION_STEPS` is the number of visits.

mod clerk;
mod jar;
mod world;

use std::env;

use self::world::{Place, run};

const SEED: u64 = 1;
/// The default number of visits of each place. An unoptimized build makes them in some seconds.
const VISITS: u64 = 3_000;

#[test]
fn browsers_are_signed_in_as_themselves_and_never_redirected_in_circles() {
    let setting =
        |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap_or_else(|_| panic!("{name}: {text}")));
    let seed = setting("SIMULATION_SEED").unwrap_or(SEED);
    let visits = setting("SIMULATION_STEPS").unwrap_or(VISITS);
    // The clock of the app's machine differs from Clerk's by this many seconds.
    for clock in [0, 4, -4, 3600, -3600] {
        for is_production in [true, false] {
            let place = Place { is_production, clock };
            println!("SIMULATION_SEED={seed} SIMULATION_STEPS={visits}: {place:?}");
            let tally = run(place, seed, visits);
            println!("{tally:?}");
            assert!(tally.signed_in > 0 || clock.abs() > 5, "{place:?}: {tally:?}");
            assert!(tally.signed_out > 0 && tally.handshakes > 0 && tally.lost > 0, "{place:?}: {tally:?}");
            // Only a slow clock hides that a token has expired.
            assert!(tally.refreshes > 0 || clock.abs() > 5, "{place:?}: {tally:?}");
            assert!(tally.missed * 20 <= tally.signed_in || clock.abs() > 5, "{place:?}: {tally:?}");
        }
    }
}
