//! [`KeySettings`]: how long fetched keys are used, and how often they are fetched.

use std::time::Duration;

/// How long fetched keys are used, and how often they are fetched.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_sessions_auth::KeySettings;
///
/// let settings = KeySettings::new().max_age(Duration::from_secs(600)).stale_for(Duration::from_secs(3600));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySettings {
    pub(super) max_age: Duration,
    pub(super) cooldown: Duration,
    pub(super) stale_for: Duration,
}

impl KeySettings {
    /// The longest [`max_age`](Self::max_age): an hour.
    pub const MOST_MAX_AGE: Duration = Duration::from_secs(60 * 60);
    /// The longest [`stale_for`](Self::stale_for): a day.
    pub const MOST_STALE_FOR: Duration = Duration::from_secs(24 * 60 * 60);

    /// Creates the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self { max_age: Duration::from_secs(5 * 60), cooldown: Duration::from_secs(30), stale_for: Duration::ZERO }
    }

    /// Sets how long keys are used after they were fetched: 5 minutes by default. More than an hour counts as an hour. A key that is withdrawn is refused
    /// after this time at the latest.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age.min(Self::MOST_MAX_AGE);
        self
    }

    /// Sets the least time between two fetches for key ids that are not in the set: 30 s by default. In this time, a token with an
    /// unknown key id is rejected without a fetch, so that forged tokens cause few requests to Clerk.
    #[must_use]
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// Sets for how long keys that are too old are used if fetching new ones fails: not at all by default. More than a day counts as a day. It keeps
    /// users signed in while Clerk is down. A key that is withdrawn in this time is not noticed, and tokens with a key id that
    /// they don't have can't be verified.
    #[must_use]
    pub fn stale_for(mut self, stale_for: Duration) -> Self {
        self.stale_for = stale_for.min(Self::MOST_STALE_FOR);
        self
    }
}

impl Default for KeySettings {
    fn default() -> Self {
        Self::new()
    }
}
