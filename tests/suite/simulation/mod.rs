//! Simulates thousands of calls of one client to FakeClerk, with faults and in virtual time.
//!
//! A seed determines everything, and all of it runs on one thread, so a failure can be reproduced. `model` and `call` implement the
//! documented behaviour of the core a second time, and compare it with the core at each step.
//!
//! | file | content |
//! |---|---|
//! | `phase` | the faults and the calls of each phase |
//! | `world` | workers, virtual time and events |
//! | `network`, `response` | requests to FakeClerk and its responses, with faults |
//! | `call` | the checks of one call |
//! | `model` | the checks of all calls of a client together |
//! | `revoking` | `revoke_all` with servers that change, fail and return wrong data |
//! | `queue`, `random` | events ordered by time, random numbers from a seed |
//!
//! `SIMULATION_SEED` replaces the usual seeds by this one. `SIMULATION_STEPS` is the number of steps in all phases together:
//!
//! ```text
//! SIMULATION_SEED=7 SIMULATION_STEPS=1000000 cargo test -p clerk-sessions-tests --test suite simulation -- --nocapture
//! ```

mod call;
mod model;
mod network;
mod phase;
mod queue;
pub(crate) mod random;
mod response;
mod revoking;
mod world;

use std::collections::BTreeMap;
use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use call::Reason;
use clerk_sessions_fake::RateLimitScope;
use phase::{CROWD, PHASES, Phase};
use random::Random;
use world::{Report, Size, run};

/// The default number of steps of a seed. An unoptimized build makes them in about a second.
const STEPS: u64 = 40_000;
const SEEDS: [u64; 3] = [1, 2, 3];

#[test]
fn calls_behave_as_documented_under_random_faults() {
    let (seeds, steps) = seeds_and_steps();
    let mut ended = BTreeMap::new();
    for &seed in &seeds {
        for report in run_phases(seed, steps) {
            report.ended.into_iter().for_each(|(reason, calls)| *ended.entry(reason).or_default() += calls);
        }
    }
    // A single seed may not produce every event.
    if seeds.len() > 1 {
        assert_all_has_happened(&ended);
    }
}

#[test]
fn a_complete_revoke_all_leaves_nobody_signed_in() {
    let (seeds, steps) = seeds_and_steps();
    let mut drawn = revoking::Drawn::new();
    for seed in seeds {
        let tally = revoking::run(seed, steps, &mut drawn);
        println!("seed {seed}: {tally:?}");
        assert!(tally.complete > 0 && tally.incomplete > 0 && tally.failed > 0, "{tally:?}");
    }
    for (fault, times) in &drawn {
        println!("{times:>8} times: {fault}");
        assert!(*times > 0, "this fault never occurred: {fault}");
    }
}

#[test]
fn the_same_seed_repeats_the_same_run() {
    let digests = |seed| run_phases(seed, 3000).into_iter().map(|report| report.digest).collect::<Vec<_>>();
    assert_eq!(digests(1), digests(1));
    assert_ne!(digests(1), digests(2));
}

#[test]
fn many_workers_share_a_rate_limit_fairly_and_use_all_of_it() {
    for scope in [RateLimitScope::Key, RateLimitScope::Endpoint] {
        for latency in [0, 20, 60, 200].map(Duration::from_millis) {
            let crowd =
                Phase { rate_limit_scope: scope, latency: latency..latency + Duration::from_millis(2), ..CROWD };
            for seed in SEEDS {
                // A little less than five windows, so that the last one does not have to be used evenly.
                let calls = if scope == RateLimitScope::Key { 490 } else { 960 };
                let report =
                    run(&crowd, seed, Size::Calls(calls)).unwrap_or_else(|wrong| panic!("seed {seed}, {wrong}"));
                let seen = report.traffic.seen - report.first_window.seen;
                let rejected = report.traffic.rejected - report.first_window.rejected;
                let (least, most) = (report.by_worker.iter().min().unwrap(), report.by_worker.iter().max().unwrap());
                let about = format!("seed {seed}, {scope:?}, {latency:?}: {report:?}");
                println!(
                    "seed {seed}, {scope:?}, {latency:?}: {:?}, {rejected} of {seen} rejected after the first window, \
                     {least} to {most} calls a task",
                    report.took
                );
                assert_eq!(report.ended, BTreeMap::from([(Reason::Succeeded, calls)]), "{about}");
                // Five windows. The last takes only as long as its calls, and the windows of an endpoint start later.
                assert!(report.took <= Duration::from_secs(40).div_f64(0.9) + Duration::from_secs(2), "{about}");
                assert!(20 * rejected <= seen, "{about}");
                assert!(most - least <= 2, "{about}");
            }
        }
    }
}

/// The configured seed, or the usual seeds and a new one; and the number of steps of each.
fn seeds_and_steps() -> (Vec<u64>, u64) {
    let seeds = match setting("SIMULATION_SEED") {
        Some(seed) => vec![seed],
        None => SEEDS.into_iter().chain([RandomState::new().hash_one("a fresh seed")]).collect(),
    };
    (seeds, setting("SIMULATION_STEPS").unwrap_or(STEPS))
}

fn setting(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

/// Runs each phase for its share of the steps, with its own random numbers.
fn run_phases(seed: u64, steps: u64) -> Vec<Report> {
    let mut seeds = Random::new(seed);
    let run_phase = |phase: &Phase| {
        let started = Instant::now();
        let size = Size::Steps(steps / PHASES.len() as u64);
        let report = run(phase, seeds.next(), size).unwrap_or_else(|wrong| {
            panic!("SIMULATION_SEED={seed} SIMULATION_STEPS={steps}: in the phase {:?}, {wrong}", phase.name)
        });
        println!("seed {seed}, {}, in {:?}: {report:?}", phase.name, started.elapsed());
        report
    };
    PHASES.iter().map(run_phase).collect()
}

/// A simulation that never produces a case does not test it.
fn assert_all_has_happened(ended: &BTreeMap<Reason, u64>) {
    use Reason::{AskedTooMuch, Attempts, Budget, Final, Held, NoTime, Paused, Succeeded, Unreadable};
    for reason in [Succeeded, Unreadable, Final, Attempts, AskedTooMuch, Budget, NoTime, Held, Paused] {
        assert!(ended.contains_key(&reason), "no call ended for this reason: {reason:?}");
    }
}
