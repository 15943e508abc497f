//! A simulation of thousands of calls over one client, against FakeClerk, with faults and in virtual time.
//!
//! Everything is drawn from a seed and runs on one thread, so what fails can be made to fail again. What the core promises is
//! told anew, in `model` and `call`, and compared with what it does at each step.
//!
//! | file | idea |
//! |---|---|
//! | `phase` | what goes wrong, and which calls are made |
//! | `world` | workers, virtual time, and what happens when |
//! | `network`, `response` | the way to FakeClerk and back, with its faults |
//! | `call` | what holds of one call |
//! | `model` | what holds of all calls of a client together |
//! | `revoking` | signing out everywhere, against servers that change, fail and lie |
//! | `queue`, `random` | events by time, chance by seed |
//!
//! `SIMULATION_SEED` runs this seed instead of the usual ones, `SIMULATION_STEPS` is how many steps it makes in all phases:
//!
//! ```text
//! SIMULATION_SEED=7 SIMULATION_STEPS=1000000 cargo test -p clerk-sessions-tests --test suite simulation -- --nocapture
//! ```

mod call;
mod model;
mod network;
mod phase;
mod queue;
mod random;
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

/// How many steps a seed makes by default: what an unoptimized build does in about a second.
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
    // A single seed need not come across everything.
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
        assert!(*times > 0, "never drawn: {fault}");
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
                // A little less than five windows hold, so that the last need not be used up evenly.
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
                // Five windows, of which the last takes only as long as its calls, and those of one endpoint begin later.
                assert!(report.took <= Duration::from_secs(40).div_f64(0.9) + Duration::from_secs(2), "{about}");
                assert!(20 * rejected <= seen, "{about}");
                assert!(most - least <= 2, "{about}");
            }
        }
    }
}

/// The seed that is set, else the usual ones and a fresh one; and how many steps each makes.
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

/// Runs each phase for its share of the steps, with chances of its own.
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

/// A simulation in which a thing never happens says nothing of it.
fn assert_all_has_happened(ended: &BTreeMap<Reason, u64>) {
    use Reason::{AskedTooMuch, Attempts, Budget, Final, Held, NoTime, Paused, Succeeded, Unreadable};
    for reason in [Succeeded, Unreadable, Final, Attempts, AskedTooMuch, Budget, NoTime, Held, Paused] {
        assert!(ended.contains_key(&reason), "no call ended like this: {reason:?}");
    }
}
