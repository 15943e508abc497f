//! What the calls of one client know together: the pause the server asked for, how much it lets through, and whether
//! retries are worth their traffic.
//!
//! There is no clock here. `now` is the transport's, time since a fixed point of its own, and so this lives with the client:
//! an `Api` may be shared by clients whose transports count from different points.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Clerk counts its limits in windows of this length.
const WINDOW: Duration = Duration::from_secs(10);

/// The longest pause that is kept: a mistaken `Retry-After` must not silence a client for a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How soon a call asks again that waits for the answer to another one.
const RECHECK: Duration = Duration::from_millis(20);

/// How long requests that wait for the answer to others do so: one that hangs must not hold up the rest.
const PATIENCE: Duration = Duration::from_millis(500);

/// Shared by all calls of a client and of its clones.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rate: Rate,
    budget: Budget,
    calls: u64,
}

impl Limiter {
    /// Lets a request leave, or says when to ask again.
    pub(crate) fn admit(self: &Arc<Self>, now: Duration) -> Result<Ticket, Duration> {
        let round = self.state().rate.admit(now)?;
        Ok(Ticket { limiter: Arc::clone(self), round: Some(round) })
    }

    /// Whether a retry that the server did not ask for is worth its traffic; if so, it is taken off the budget.
    pub(crate) fn allows_retry(&self) -> bool {
        self.state().budget.take()
    }

    /// A number that no other call of this client has.
    pub(crate) fn number_call(&self) -> u64 {
        let mut state = self.state();
        state.calls = state.calls.wrapping_add(1);
        state.calls
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics, and a half-made change would at worst mean one request too many.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that was let through. Dropped without a report, as when its call is given up, it no longer counts as under way.
#[derive(Debug)]
pub(crate) struct Ticket {
    limiter: Arc<Limiter>,
    round: Option<u64>,
}

impl Ticket {
    /// The server answered, and not that there were too many requests.
    pub(crate) fn granted(mut self) {
        let round = self.round.take();
        let mut state = self.limiter.state();
        state.rate.settled(round, true);
        state.budget.add();
    }

    /// The server answered that there were too many requests, and asked for a pause.
    pub(crate) fn rejected(mut self, now: Duration, pause: Duration) {
        let round = self.round.take();
        let mut state = self.limiter.state();
        state.rate.settled(round, false);
        state.rate.pause(now, pause);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.round.is_some() {
            self.limiter.state().rate.settled(self.round, false);
        }
    }
}

/// The server's rate limit, as far as it has shown.
///
/// Until the first 429, nothing is held back. From then on, time is divided into rounds with a pause between them. After a
/// pause, one request goes first, so that a pause cut short costs one rejection and not one for each waiting call. Once it
/// is granted, as many may leave at once as were granted in the round before. Beyond that, the server may refuse any moment:
/// so one at a time, and with each one granted one more, which doubles them in each round trip. Where answers are slow to
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
    /// When the last request left.
    left: Duration,
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
        if !open && now.saturating_sub(self.left) < PATIENCE {
            return Err(RECHECK);
        }
        self.left = now;
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

/// What keeps a dead server from a multiple of the normal traffic: a retry takes from it what ten answers put in.
#[derive(Debug)]
struct Budget {
    tenths: u32,
}

impl Budget {
    const RETRY: u32 = 10;
    const ANSWER: u32 = 1;
    const FULL: u32 = 100;

    fn take(&mut self) -> bool {
        let left = self.tenths.checked_sub(Self::RETRY);
        self.tenths = left.unwrap_or(self.tenths);
        left.is_some()
    }

    fn add(&mut self) {
        self.tenths = (self.tenths + Self::ANSWER).min(Self::FULL);
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { tenths: Self::FULL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn limiter() -> Arc<Limiter> {
        Arc::default()
    }

    fn grant(limiter: &Arc<Limiter>, now: Duration, times: u32) {
        for _ in 0..times {
            limiter.admit(now).unwrap().granted();
        }
    }

    /// A limiter that was granted `allowance` requests and then told to pause for a second, at the end of that pause.
    fn paused(allowance: u32) -> (Arc<Limiter>, Duration) {
        let limiter = limiter();
        grant(&limiter, ms(0), allowance);
        limiter.admit(ms(10)).unwrap().rejected(ms(10), ms(1000));
        (limiter, ms(1010))
    }

    #[test]
    fn nothing_is_held_back_before_the_first_rejection() {
        let limiter = limiter();
        let tickets: Vec<_> = (0..1000).map(|_| limiter.admit(ms(0)).unwrap()).collect();
        assert_eq!(tickets.len(), 1000);
    }

    #[test]
    fn a_pause_holds_all_and_a_later_one_extends_it() {
        let (limiter, end) = paused(5);
        assert_eq!(limiter.admit(ms(11)).unwrap_err(), end - ms(11));
        let late = || Ticket { limiter: Arc::clone(&limiter), round: Some(0) };
        late().rejected(ms(500), ms(100));
        assert_eq!(limiter.admit(ms(600)).unwrap_err(), end - ms(600), "a shorter one does not cut it");
        late().rejected(ms(600), ms(1000));
        assert_eq!(limiter.admit(ms(600)).unwrap_err(), ms(1000));
    }

    #[test]
    fn a_mistaken_pause_ends() {
        let limiter = limiter();
        limiter.admit(ms(0)).unwrap().rejected(ms(0), Duration::MAX);
        assert_eq!(limiter.admit(ms(0)).unwrap_err(), LONGEST_PAUSE);
        assert!(limiter.admit(LONGEST_PAUSE).is_ok());
    }

    #[test]
    fn after_a_pause_one_goes_first_then_as_many_as_before_then_one_more_at_a_time() {
        let (limiter, end) = paused(5);
        let scout = limiter.admit(end).unwrap();
        assert_eq!(limiter.admit(end).unwrap_err(), RECHECK);
        scout.granted();
        let rest: Vec<_> = (0..4).map(|_| limiter.admit(end).unwrap()).collect();
        assert_eq!(limiter.admit(end).unwrap_err(), RECHECK, "the allowance of 5 is under way");
        rest.into_iter().for_each(Ticket::granted);
        let probe = limiter.admit(end).unwrap();
        assert_eq!(limiter.admit(end).unwrap_err(), RECHECK);
        probe.granted();
        let probes = [limiter.admit(end).unwrap(), limiter.admit(end).unwrap()];
        assert_eq!(limiter.admit(end).unwrap_err(), RECHECK);
        probes.into_iter().for_each(Ticket::granted);
        let probes: Vec<_> = (0..4).map(|_| limiter.admit(end).unwrap()).collect();
        assert_eq!(limiter.admit(end).unwrap_err(), RECHECK, "twice as many in each round trip");
        drop(probes);
    }

    #[test]
    fn a_scout_that_is_rejected_or_given_up_is_followed_by_another() {
        let (limiter, end) = paused(5);
        limiter.admit(end).unwrap().rejected(end, ms(100));
        assert_eq!(limiter.admit(end).unwrap_err(), ms(100));
        let end = end + ms(100);
        drop(limiter.admit(end).unwrap());
        limiter.admit(end).unwrap().granted();
        assert!(limiter.admit(end).is_ok());
    }

    #[test]
    fn a_request_that_hangs_does_not_hold_up_the_rest() {
        let (limiter, end) = paused(5);
        let _hung_scout = limiter.admit(end).unwrap();
        assert_eq!(limiter.admit(end + PATIENCE - ms(1)).unwrap_err(), RECHECK);
        let second = limiter.admit(end + PATIENCE).unwrap();
        assert_eq!(limiter.admit(end + PATIENCE).unwrap_err(), RECHECK, "one more, not all");
        second.granted();
        grant(&limiter, end + PATIENCE, 3);
        assert_eq!(
            limiter.admit(end + PATIENCE).unwrap_err(),
            RECHECK,
            "the allowance is used up, and the scout still hangs"
        );
        let now = end + PATIENCE * 2;
        assert!(limiter.admit(now).is_ok());
        assert_eq!(limiter.admit(now).unwrap_err(), RECHECK);
    }

    #[test]
    fn silence_is_no_sign_that_the_limit_is_out_of_reach() {
        let (limiter, end) = paused(1);
        let _hung = limiter.admit(end).unwrap();
        let _second = limiter.admit(end + WINDOW).unwrap();
        assert_eq!(limiter.admit(end + WINDOW).unwrap_err(), RECHECK);
    }

    #[test]
    fn a_window_without_a_rejection_is_forgotten() {
        let (limiter, end) = paused(1);
        grant(&limiter, end, 1);
        let just_before = end + WINDOW - ms(1);
        let _under_way = limiter.admit(just_before).unwrap();
        assert_eq!(limiter.admit(just_before).unwrap_err(), RECHECK);
        let tickets: Vec<_> = (0..100).map(|_| limiter.admit(end + WINDOW).unwrap()).collect();
        assert_eq!(tickets.len(), 100);
    }

    #[test]
    fn only_the_last_window_counts_for_what_was_granted() {
        let limiter = limiter();
        grant(&limiter, ms(0), 1000);
        let now = ms(11_000);
        grant(&limiter, now, 3);
        limiter.admit(now).unwrap().rejected(now, ms(0));
        grant(&limiter, now, 1);
        let allowed: Vec<_> = std::iter::from_fn(|| limiter.admit(now).ok()).collect();
        assert_eq!(allowed.len(), 2);
    }

    #[test]
    fn a_dead_server_is_retried_ten_times_and_then_once_in_ten_answers() {
        let limiter = limiter();
        assert_eq!((0..100).filter(|_| limiter.allows_retry()).count(), 10);
        for _ in 0..9 {
            grant(&limiter, ms(0), 1);
            assert!(!limiter.allows_retry());
        }
        grant(&limiter, ms(0), 1);
        assert!(limiter.allows_retry());
        assert!(!limiter.allows_retry());
        grant(&limiter, ms(0), 10_000);
        assert_eq!((0..100).filter(|_| limiter.allows_retry()).count(), 10, "it does not pile up");
    }
}
