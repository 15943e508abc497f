//! The clock: it follows the time that is passed in, with an offset, or it is stopped.

/// How the time that is passed in becomes the time of the fake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// The clock runs, this many milliseconds ahead of the time that is passed in.
    Running { ahead: i64 },
    /// The clock is stopped at this time, in Unix milliseconds.
    Frozen(i64),
}

impl Clock {
    /// The clock of a seed, which may set a time at which it is stopped.
    pub(super) fn new(frozen_at: Option<i64>) -> Clock {
        frozen_at.map_or(Clock::Running { ahead: 0 }, Clock::Frozen)
    }

    /// The time of the fake if `now_ms` is passed in.
    pub(super) fn read(self, now_ms: i64) -> i64 {
        match self {
            Clock::Running { ahead } => now_ms.saturating_add(ahead),
            Clock::Frozen(at) => at,
        }
    }

    /// Moves the clock, without starting or stopping it. A negative number moves it back.
    pub(super) fn advance(&mut self, by_ms: i64) {
        let (Clock::Running { ahead: time } | Clock::Frozen(time)) = self;
        *time = time.saturating_add(by_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_can_be_moved_while_it_runs_and_while_it_is_stopped() {
        let mut running = Clock::new(None);
        running.advance(5);
        running.advance(-2);
        assert_eq!((running.read(10), running.read(20)), (13, 23));
        let mut frozen = Clock::new(Some(100));
        frozen.advance(5);
        assert_eq!((frozen.read(10), frozen.read(20)), (105, 105));
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        for mut clock in [Clock::new(None), Clock::new(Some(i64::MAX))] {
            for by_ms in [i64::MAX, i64::MAX, i64::MIN, i64::MIN] {
                clock.advance(by_ms);
                assert!(clock.read(i64::MAX) >= clock.read(i64::MIN));
            }
        }
    }
}
