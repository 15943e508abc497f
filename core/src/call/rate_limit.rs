//! The server's rate limit, as far as the calls of a client have met it: the pause it asked for, and how much it lets through.
//!
//! There is no clock here. `now` is the transport's, time since a fixed point of its own, so this belongs to the client:
//! an `Api` may be shared by clients whose transports count from different points.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Clerk counts its limits in windows of this length.
const WINDOW: Duration = Duration::from_secs(10);

/// The longest pause that is kept: a mistaken `Retry-After` must not silence a client for a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How soon a call asks again that waits for the response to another one.
const RECHECK: Duration = Duration::from_millis(20);

/// How long requests that wait for the response to others do so: one that hangs must not hold up the rest.
const PATIENCE: Duration = Duration::from_millis(500);

/// Shared by all calls of a client and of its clones.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    rate: Mutex<Rate>,
}

impl RateLimit {
    /// Lets a request leave, or says when to ask again.
    pub(crate) fn admit(self: &Arc<Self>, now: Duration) -> Result<Ticket, Duration> {
        let round = self.rate().admit(now)?;
        Ok(Ticket { rate_limit: Arc::clone(self), round: Some(round) })
    }

    fn rate(&self) -> MutexGuard<'_, Rate> {
        // Nothing in here panics, and a half-made change would at worst mean one request too many.
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that was let through. Dropped without a report, as when its call is given up, it no longer counts as under way.
#[derive(Debug)]
pub(crate) struct Ticket {
    rate_limit: Arc<RateLimit>,
    round: Option<u64>,
}

impl Ticket {
    /// The server responded, and not with 429.
    pub(crate) fn granted(mut self) {
        let round = self.round.take();
        self.rate_limit.rate().settled(round, true);
    }

    /// The server responded with 429, and asked for a pause.
    pub(crate) fn rejected(mut self, now: Duration, pause: Duration) {
        let round = self.round.take();
        let mut rate = self.rate_limit.rate();
        rate.settled(round, false);
        rate.pause(now, pause);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.round.is_some() {
            self.rate_limit.rate().settled(self.round, false);
        }
    }
}

/// The server's rate limit, as far as it has shown.
///
/// Until the first 429, nothing is held back. From then on, time is divided into rounds with a pause between them. After a
/// pause, one request goes first, so that a pause cut short costs one rejection and not one for each waiting call. Once it
/// is granted, as many may leave at once as were granted in the round before. Beyond that, the server may refuse any moment:
/// so one at a time, and with each one granted one more, which doubles them in each round trip. Where responses are slow to
/// come, one more leaves each half second. A round that has lasted a whole window with grants and without a rejection shows
/// that the limit is out of reach, and all this is forgotten.
#[derive(Debug, Default)]
struct Rate {
    round: u64,
    /// When the round began, that is, when counting did.
    since: Duration,
    /// No request leaves before.
    paused_until: Duration,
    /// Whether the round has ended, and the next begins when the pause is over.
    rejected: bool,
    /// What was granted in the round before; `None` while no limit is known.
    allowance: Option<u32>,
    sent: u32,
    granted: u32,
    under_way: u32,
    /// When the last request was sent.
    last_sent: Duration,
}

impl Rate {
    /// Lets a request leave, in the round returned, or says when to ask again.
    fn admit(&mut self, now: Duration) -> Result<u64, Duration> {
        if self.paused_until > now {
            return Err(self.paused_until - now);
        }
        if self.rejected {
            self.begin(now, Some(self.granted));
        } else if now.saturating_sub(self.since) >= WINDOW && (self.granted > 0 || self.allowance.is_none()) {
            self.begin(now, None);
        }
        let open = match self.allowance {
            None => true,
            Some(_) if self.granted == 0 => self.under_way == 0,
            Some(allowance) => self.sent < allowance || self.under_way <= self.granted.saturating_sub(allowance),
        };
        if !open && now.saturating_sub(self.last_sent) < PATIENCE {
            return Err(RECHECK);
        }
        self.last_sent = now;
        self.sent = self.sent.saturating_add(1);
        self.under_way = self.under_way.saturating_add(1);
        Ok(self.round)
    }

    fn begin(&mut self, now: Duration, allowance: Option<u32>) {
        let (round, paused_until) = (self.round.wrapping_add(1), self.paused_until);
        *self = Self { round, since: now, paused_until, allowance, ..Self::default() };
    }

    /// Counts a request as no longer under way. One of an earlier round says nothing of this one.
    fn settled(&mut self, round: Option<u64>, granted: bool) {
        if round == Some(self.round) {
            self.under_way = self.under_way.saturating_sub(1);
            self.granted = self.granted.saturating_add(u32::from(granted));
        }
    }

    fn pause(&mut self, now: Duration, pause: Duration) {
        self.paused_until = self.paused_until.max(now.saturating_add(pause.min(LONGEST_PAUSE)));
        self.rejected = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn rate_limit() -> Arc<RateLimit> {
        Arc::default()
    }

    fn grant(rate_limit: &Arc<RateLimit>, now: Duration, times: u32) {
        for _ in 0..times {
            rate_limit.admit(now).unwrap().granted();
        }
    }

    /// A rate limit that was granted `allowance` requests and then told to pause for a second, at the end of that pause.
    fn paused(allowance: u32) -> (Arc<RateLimit>, Duration) {
        let rate_limit = rate_limit();
        grant(&rate_limit, ms(0), allowance);
        rate_limit.admit(ms(10)).unwrap().rejected(ms(10), ms(1000));
        (rate_limit, ms(1010))
    }

    #[test]
    fn nothing_is_held_back_before_the_first_rejection() {
        let rate_limit = rate_limit();
        let tickets: Vec<_> = (0..1000).map(|_| rate_limit.admit(ms(0)).unwrap()).collect();
        assert_eq!(tickets.len(), 1000);
    }

    #[test]
    fn a_pause_holds_all_and_a_later_one_extends_it() {
        let (rate_limit, end) = paused(5);
        assert_eq!(rate_limit.admit(ms(11)).unwrap_err(), end - ms(11));
        let late = || Ticket { rate_limit: Arc::clone(&rate_limit), round: Some(0) };
        late().rejected(ms(500), ms(100));
        assert_eq!(rate_limit.admit(ms(600)).unwrap_err(), end - ms(600), "a shorter one does not cut it");
        late().rejected(ms(600), ms(1000));
        assert_eq!(rate_limit.admit(ms(600)).unwrap_err(), ms(1000));
    }

    #[test]
    fn a_mistaken_pause_ends() {
        let rate_limit = rate_limit();
        rate_limit.admit(ms(0)).unwrap().rejected(ms(0), Duration::MAX);
        assert_eq!(rate_limit.admit(ms(0)).unwrap_err(), LONGEST_PAUSE);
        assert!(rate_limit.admit(LONGEST_PAUSE).is_ok());
    }

    #[test]
    fn after_a_pause_one_goes_first_then_as_many_as_before_then_one_more_at_a_time() {
        let (rate_limit, end) = paused(5);
        let scout = rate_limit.admit(end).unwrap();
        assert_eq!(rate_limit.admit(end).unwrap_err(), RECHECK);
        scout.granted();
        let rest: Vec<_> = (0..4).map(|_| rate_limit.admit(end).unwrap()).collect();
        assert_eq!(rate_limit.admit(end).unwrap_err(), RECHECK, "the allowance of 5 is under way");
        rest.into_iter().for_each(Ticket::granted);
        let probe = rate_limit.admit(end).unwrap();
        assert_eq!(rate_limit.admit(end).unwrap_err(), RECHECK);
        probe.granted();
        let probes = [rate_limit.admit(end).unwrap(), rate_limit.admit(end).unwrap()];
        assert_eq!(rate_limit.admit(end).unwrap_err(), RECHECK);
        probes.into_iter().for_each(Ticket::granted);
        let probes: Vec<_> = (0..4).map(|_| rate_limit.admit(end).unwrap()).collect();
        assert_eq!(rate_limit.admit(end).unwrap_err(), RECHECK, "twice as many in each round trip");
        drop(probes);
    }

    #[test]
    fn a_scout_that_is_rejected_or_given_up_is_followed_by_another() {
        let (rate_limit, end) = paused(5);
        rate_limit.admit(end).unwrap().rejected(end, ms(100));
        assert_eq!(rate_limit.admit(end).unwrap_err(), ms(100));
        let end = end + ms(100);
        drop(rate_limit.admit(end).unwrap());
        rate_limit.admit(end).unwrap().granted();
        assert!(rate_limit.admit(end).is_ok());
    }

    #[test]
    fn a_request_that_hangs_does_not_hold_up_the_rest() {
        let (rate_limit, end) = paused(5);
        let _hung_scout = rate_limit.admit(end).unwrap();
        assert_eq!(rate_limit.admit(end + PATIENCE - ms(1)).unwrap_err(), RECHECK);
        let second = rate_limit.admit(end + PATIENCE).unwrap();
        assert_eq!(rate_limit.admit(end + PATIENCE).unwrap_err(), RECHECK, "one more, not all");
        second.granted();
        grant(&rate_limit, end + PATIENCE, 3);
        assert_eq!(
            rate_limit.admit(end + PATIENCE).unwrap_err(),
            RECHECK,
            "the allowance is used up, and the scout still hangs"
        );
        let now = end + PATIENCE * 2;
        assert!(rate_limit.admit(now).is_ok());
        assert_eq!(rate_limit.admit(now).unwrap_err(), RECHECK);
    }

    #[test]
    fn silence_is_no_sign_that_the_limit_is_out_of_reach() {
        let (rate_limit, end) = paused(1);
        let _hung = rate_limit.admit(end).unwrap();
        let _second = rate_limit.admit(end + WINDOW).unwrap();
        assert_eq!(rate_limit.admit(end + WINDOW).unwrap_err(), RECHECK);
    }

    #[test]
    fn a_window_without_a_rejection_is_forgotten() {
        let (rate_limit, end) = paused(1);
        grant(&rate_limit, end, 1);
        let just_before = end + WINDOW - ms(1);
        let _under_way = rate_limit.admit(just_before).unwrap();
        assert_eq!(rate_limit.admit(just_before).unwrap_err(), RECHECK);
        let tickets: Vec<_> = (0..100).map(|_| rate_limit.admit(end + WINDOW).unwrap()).collect();
        assert_eq!(tickets.len(), 100);
    }

    #[test]
    fn only_the_last_window_counts_for_what_was_granted() {
        let rate_limit = rate_limit();
        grant(&rate_limit, ms(0), 1000);
        let now = ms(11_000);
        grant(&rate_limit, now, 3);
        rate_limit.admit(now).unwrap().rejected(now, ms(0));
        grant(&rate_limit, now, 1);
        let allowed: Vec<_> = std::iter::from_fn(|| rate_limit.admit(now).ok()).collect();
        assert_eq!(allowed.len(), 2);
    }
}
