//! [`Phase`]: the faults and settings of a part of the simulation.

use std::ops::Range;
use std::time::Duration;

use clerk_sessions_auth::KeySettings;

use super::server::Mood;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) struct Phase {
    pub(super) name: &'static str,
    pub(super) tasks: usize,
    /// The pause of a task between two tokens.
    pub(super) think: Range<Duration>,
    /// How likely it is that the server has each mood next.
    pub(super) moods: &'static [(u64, Mood)],
    /// How long a mood lasts.
    pub(super) mood_lasts: Range<Duration>,
    /// The time between two rotations.
    pub(super) rotates: Range<Duration>,
    /// How many of 1000 tokens name a key id that nobody knows.
    pub(super) forged_per_mille: u64,
    /// How many of 1000 calls are dropped while they wait or fetch.
    pub(super) dropped_per_mille: u64,
    pub(super) max_age: Duration,
    pub(super) cooldown: Duration,
    pub(super) stale_for: Duration,
    /// The most tokens in the cache of verified tokens; 0 for no cache.
    pub(super) cache: usize,
    /// Whether a fetch is retried.
    pub(super) retries: bool,
}

impl Phase {
    pub(super) fn settings(&self) -> KeySettings {
        KeySettings::new().max_age(self.max_age).cooldown(self.cooldown).stale_for(self.stale_for)
    }
}

const USUAL: Phase = Phase {
    name: "usual",
    tasks: 1000,
    think: s(0)..s(1000),
    moods: &[(6, Mood::Honest), (1, Mood::Slow)],
    mood_lasts: s(20)..s(200),
    rotates: s(50)..s(400),
    forged_per_mille: 20,
    dropped_per_mille: 20,
    max_age: s(300),
    cooldown: s(30),
    stale_for: Duration::ZERO,
    cache: 0,
    retries: true,
};

pub(super) const PHASES: [Phase; 6] = [
    USUAL,
    Phase {
        name: "a flood of forged key ids",
        tasks: 3000,
        think: s(0)..s(1500),
        moods: &[(3, Mood::Honest), (1, Mood::Slow), (1, Mood::Down)],
        forged_per_mille: 950,
        cache: 512,
        ..USUAL
    },
    Phase {
        name: "outages",
        tasks: 2000,
        moods: &[(1, Mood::Honest), (1, Mood::Down), (1, Mood::Broken), (1, Mood::Empty), (1, Mood::Silent)],
        mood_lasts: s(1)..s(400),
        retries: false,
        ..USUAL
    },
    Phase {
        name: "lies",
        tasks: 2000,
        moods: &[(3, Mood::Honest), (1, Mood::OtherKeys), (1, Mood::WrongIds), (1, Mood::Empty), (1, Mood::Broken)],
        mood_lasts: s(5)..s(100),
        cache: 512,
        ..USUAL
    },
    Phase {
        name: "old keys in an outage",
        moods: &[(1, Mood::Honest), (2, Mood::Down), (1, Mood::Slow)],
        mood_lasts: s(100)..s(1000),
        stale_for: s(600),
        cache: 64,
        ..USUAL
    },
    Phase {
        name: "calls that are dropped",
        tasks: 3000,
        think: s(0)..s(600),
        moods: &[(1, Mood::Honest), (2, Mood::Slow), (1, Mood::Silent)],
        dropped_per_mille: 600,
        max_age: s(20),
        cooldown: s(5),
        ..USUAL
    },
];
