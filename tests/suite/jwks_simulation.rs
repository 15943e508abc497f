//! Simulates thousands of tasks that verify tokens with one verifier, over a server of keys that is slow, down, rotates and lies, in
//! virtual time.
//!
//! A seed determines everything but the keys, and all of it runs on one thread. `model` decides a second time when a fetch is
//! allowed, and what a token may get.
//!
//! | file | content |
//! |---|---|
//! | `phase` | the faults of each phase |
//! | `server` | the keys, and what is served in their place |
//! | `model` | when a fetch is allowed |
//! | `tokens` | good, expired and forged tokens |
//! | `world` | tasks, virtual time, events and the checks |
//!
//! `SIMULATION_SEED` replaces the usual seeds by this one. `SIMULATION_TOKENS` is the number of tokens in all phases together:
//!
//! ```text
//! SIMULATION_SEED=7 SIMULATION_TOKENS=10000000 cargo test --release -p clerk-sessions-tests --test suite jwks_simulation -- --nocapture
//! ```

mod model;
mod phase;
mod server;
mod tokens;
mod world;

use std::collections::BTreeMap;
use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Instant;

use phase::PHASES;
use tokens::Tokens;
use world::Ended;

use crate::simulation::random::Random;

/// The default number of tokens of a seed, in all phases together.
const TOKENS: u64 = 40_000;
const SEEDS: [u64; 1] = [1];

#[test]
fn keys_are_fetched_as_documented_under_random_faults() {
    let setting = |name| env::var(name).ok().map(|text: String| text.parse::<u64>().expect("it is a number"));
    let size = setting("SIMULATION_TOKENS").unwrap_or(TOKENS);
    let seeds = match setting("SIMULATION_SEED") {
        Some(seed) => vec![seed],
        None => SEEDS.into_iter().chain([RandomState::new().hash_one("a fresh seed")]).collect(),
    };
    let tokens = Tokens::new();
    let mut ended: BTreeMap<Ended, u64> = BTreeMap::new();
    for &seed in &seeds {
        let mut random = Random::new(seed);
        for phase in &PHASES {
            let started = Instant::now();
            let report = world::run(phase, &tokens, random.next(), size / PHASES.len() as u64);
            let report = report.unwrap_or_else(|wrong| {
                panic!("SIMULATION_SEED={seed} SIMULATION_TOKENS={size}: in the phase {:?}, {wrong}", phase.name)
            });
            println!("seed {seed}, {}, in {:?}: {report:?}", phase.name, started.elapsed());
            report.ended.into_iter().for_each(|(end, count)| *ended.entry(end).or_default() += count);
        }
    }
    // A simulation that never produces a case does not test it.
    for end in [Ended::Accepted, Ended::Expired, Ended::Signature, Ended::Unknown, Ended::Unavailable, Ended::Dropped] {
        assert!(ended.contains_key(&end), "no task ended so: {end:?}");
    }
}

#[test]
fn the_same_seed_repeats_the_same_run() {
    let tokens = Tokens::new();
    let run = |seed| format!("{:?}", PHASES.each_ref().map(|phase| world::run(phase, &tokens, seed, 1500).unwrap()));
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
