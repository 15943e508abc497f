//! Time limits with which a connection makes few system calls.
//!
//! ureq sets the time limit of the socket, with a system call, whenever it differs from the last one. The exact time left always
//! differs. In tenths of a second, it rarely does. TLS subtracts the time that has passed by a clock, so that clock counts in
//! tenths, too.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{NextTimeout, time};

const TENTH: Duration = Duration::from_millis(100);

/// The clock of the TLS of a connection. It counts whole tenths of a second from the beginning of a phase: connecting, sending or
/// receiving. So it is never early, and at most a tenth late.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// The beginning of the phase, in nanoseconds since the origin.
    phase: AtomicU64,
}

impl Clock {
    /// A clock whose first phase begins now.
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now(), phase: AtomicU64::new(0) }
    }

    /// Begins the next phase.
    pub(crate) fn begin_phase(&self) {
        let now = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.phase.store(now, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> time::Instant {
        time::Instant::Exact(self.origin + self.after(self.origin.elapsed()))
    }

    /// The time of this clock, since the origin, when this time has passed since the origin.
    fn after(&self, passed: Duration) -> Duration {
        let phase = Duration::from_nanos(self.phase.load(Ordering::Relaxed));
        phase + whole_tenths(passed.saturating_sub(phase))
    }
}

fn whole_tenths(time: Duration) -> Duration {
    let tenths = time.subsec_nanos() / TENTH.subsec_nanos();
    Duration::from_secs(time.as_secs()) + TENTH * tenths
}

/// Rounds a limit of a second or more up to a tenth of a second.
pub(crate) fn rounded_up(limit: NextTimeout) -> NextTimeout {
    match limit.after {
        time::Duration::Exact(after) if after >= Duration::from_secs(1) => {
            let whole = whole_tenths(after);
            let rounded = if whole == after { after } else { whole.saturating_add(TENTH) };
            NextTimeout { after: rounded.into(), ..limit }
        }
        _ => limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_rounded_up_and_short_ones_kept() {
        let after = |limit: Duration| *rounded_up(NextTimeout { after: limit.into(), ..NextTimeout::default() }).after;
        for (limit, expected) in [(999, 999), (1000, 1000), (1001, 1100), (9_999, 10_000), (10_000, 10_000)] {
            assert_eq!(after(Duration::from_millis(limit)), Duration::from_millis(expected));
        }
        assert_eq!(after(Duration::from_nanos(9_900_000_001)), Duration::from_secs(10));
        assert_eq!(after(Duration::MAX), Duration::MAX);
        assert!(rounded_up(NextTimeout::default()).after.is_not_happening());
    }

    #[test]
    fn the_clock_counts_whole_tenths_of_a_phase() {
        let clock = Clock::start();
        let after = |millis| clock.after(Duration::from_millis(millis)).as_millis();
        assert_eq!([0, 99, 100, 199, 1250].map(after), [0, 0, 100, 100, 1200]);
        clock.phase.store(1_250_000_000, Ordering::Relaxed);
        assert_eq!([1250, 1349, 1350, 2999].map(after), [1250, 1250, 1350, 2950]);
        // Another thread may have read the time before this phase began.
        assert_eq!(after(1240), 1250);
    }

    #[test]
    fn a_phase_begins_now() {
        let clock = Clock::start();
        std::thread::sleep(Duration::from_millis(2));
        clock.begin_phase();
        let phase = Duration::from_nanos(clock.phase.load(Ordering::Relaxed));
        assert!(phase >= Duration::from_millis(2) && phase <= clock.origin.elapsed(), "{phase:?}");
    }
}
