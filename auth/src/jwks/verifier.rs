//! [`JwksVerifier`]: verifies tokens with keys that it fetches.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::{Api, BuildError, CallOptions, Error, Observer};

use super::key_cache::{Found, KeyCache, Lookup};
use super::settings::KeySettings;
use crate::crypto::{self, Crypto};
use crate::publishable_key::PublishableKey;
use crate::rules::Rules;
use crate::verified_cache::VerifiedCache;
use crate::verifier::Checks;

/// How much longer than its deadline a fetch may take until it is reported.
const DRIVING: Duration = Duration::from_secs(1);

/// Verifies session tokens with keys that it fetches from Clerk, without I/O of its own.
///
/// Most programs use it through an [`Authenticator`](crate::Authenticator) or an [`AsyncAuthenticator`](crate::AsyncAuthenticator).
/// Create it once and clone it: clones share the keys. Use one for each instance of Clerk.
///
/// - Keys are fetched when a token needs them, and used for [5 minutes](KeySettings::max_age). Then the whole set is replaced.
/// - However many calls need keys at the same time, one of them fetches and the others wait.
/// - A token with an unknown key id makes a fetch at most once in [30 s](KeySettings::cooldown).
/// - After a failed fetch there is a pause of 1 s, which doubles with each failure up to 30 s. In the pause, calls fail at once.
///
/// ```no_run
/// # use clerk_sessions_auth::{AuthorizedParties, Crypto, Rules};
/// # use clerk_sessions_core::{Client, Error, transport::Transport};
/// use std::time::Duration;
///
/// use clerk_sessions_auth::{JwksVerifier, KeySettings};
///
/// # fn example<T: Transport>(client: &Client<T>, crypto: impl Crypto + 'static, rules: Rules) -> Result<JwksVerifier, Error> {
/// // With the secret key of a client; `JwksVerifier::public` needs only the publishable key.
/// let verifier = JwksVerifier::new(client.context().clone(), crypto, rules)?
///     .with_key_settings(KeySettings::new().max_age(Duration::from_secs(600)))
///     .with_cache(10_000);
/// # Ok(verifier)
/// # }
/// ```
#[derive(Clone)]
pub struct JwksVerifier(Arc<Parts>);

/// They are behind one pointer, because each flow has a clone.
#[derive(Clone)]
struct Parts {
    crypto: Arc<dyn Crypto>,
    source: Source,
    context: CallContext,
    checks: Checks,
    settings: KeySettings,
    keys: Arc<KeyCache>,
}

/// The API that the keys come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Backend,
    Frontend,
}

impl JwksVerifier {
    /// Creates a verifier that fetches keys from the Backend API, as the calls of `context` do: with its secret key, time limits,
    /// retries, rate limit and observer. [`Client::context`](clerk_sessions_core::Client::context) returns the context of a client.
    ///
    /// # Errors
    /// [`Error::Build`]: `crypto` does not work.
    pub fn new(context: CallContext, crypto: impl Crypto + 'static, rules: Rules) -> Result<Self, Error> {
        Self::over(context, Source::Backend, crypto, rules)
    }

    /// Creates a verifier that fetches keys from the Frontend API of the instance. It needs no secret key, so a service that only
    /// verifies tokens need not have one.
    ///
    /// # Errors
    /// [`Error::Build`]: `publishable_key` is not one, or `crypto` does not work.
    pub fn public(publishable_key: &str, crypto: impl Crypto + 'static, rules: Rules) -> Result<Self, Error> {
        let key = PublishableKey::parse(publishable_key)?;
        Self::public_at(&format!("https://{}", key.frontend_api()), crypto, rules)
    }

    /// Creates a verifier like [`public`](Self::public), for a Frontend API at this URL: one behind a proxy, or a fake in tests.
    ///
    /// # Errors
    /// [`Error::Build`]: the URL is not absolute with https (or http to loopback), or `crypto` does not work.
    pub fn public_at(frontend_api: &str, crypto: impl Crypto + 'static, rules: Rules) -> Result<Self, Error> {
        let api = Api::without_key(frontend_api).build().map_err(of_frontend_api)?;
        Self::over(CallContext::new(api), Source::Frontend, crypto, rules)
    }

    fn over(context: CallContext, source: Source, crypto: impl Crypto + 'static, rules: Rules) -> Result<Self, Error> {
        crypto::check(&crypto)?;
        Ok(Self(Arc::new(Parts {
            crypto: Arc::new(crypto),
            source,
            context,
            checks: Checks::new(rules),
            settings: KeySettings::new(),
            keys: Arc::default(),
        })))
    }

    /// Sets how long keys are used, and how often they are fetched. Default: [`KeySettings::new`].
    #[must_use]
    pub fn with_key_settings(mut self, settings: KeySettings) -> Self {
        Arc::make_mut(&mut self.0).settings = settings;
        self
    }

    /// Sets the time limits and retries of the fetches. Default: those of the context; with [`public`](Self::public) and
    /// [`public_at`](Self::public_at), those of [`CallOptions::new`].
    #[must_use]
    pub fn with_options(mut self, options: CallOptions) -> Self {
        let parts = Arc::make_mut(&mut self.0);
        parts.context = parts.context.clone().with_options(options);
        self
    }

    /// Sets the observer of the fetches. Default: that of the context; with [`public`](Self::public) and
    /// [`public_at`](Self::public_at), none.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
        let parts = Arc::make_mut(&mut self.0);
        parts.context = parts.context.clone().with_observer(observer);
        self
    }

    /// Keeps about this many verified tokens; see [`Verifier::with_cache`](crate::Verifier::with_cache). Default: none. A token is
    /// verified again when keys were fetched.
    #[must_use]
    pub fn with_cache(mut self, tokens: usize) -> Self {
        Arc::make_mut(&mut self.0).checks.cache = Some(Arc::new(VerifiedCache::new(tokens)));
        self
    }

    /// Forgets the keys, so that the next token makes a fetch. Use it if a key was stolen and replaced.
    pub fn forget_keys(&self) {
        self.0.keys.forget();
    }

    pub(super) fn context(&self) -> &CallContext {
        &self.0.context
    }

    pub(super) fn source(&self) -> Source {
        self.0.source
    }

    pub(super) fn crypto(&self) -> &dyn Crypto {
        &*self.0.crypto
    }

    pub(crate) fn checks(&self) -> &Checks {
        &self.0.checks
    }

    /// Looks a key up in the keys so far.
    pub(super) fn find_key(&self, id: Option<&str>, now: Duration) -> Lookup {
        let longest = self.0.context.options().deadline.saturating_add(DRIVING);
        self.0.keys.find(id, now, &self.0.settings, longest)
    }

    /// The key with this id, if the keys are new enough.
    pub(super) fn fresh_key(&self, id: &str, now: Duration) -> Option<Found> {
        self.0.keys.fresh(id, now, &self.0.settings)
    }

    /// The number of the key set, if it is new enough.
    pub(crate) fn epoch(&self, now: Duration) -> Option<u64> {
        self.0.keys.epoch(now, &self.0.settings)
    }
}

/// The error of a base URL that the caller passed as the Frontend API.
fn of_frontend_api(error: Error) -> Error {
    match error {
        Error::Build(error) => Error::Build(BuildError::new("frontend_api", error.reason().to_owned())),
        other => other,
    }
}

impl fmt::Debug for JwksVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksVerifier")
            .field("source", &self.0.source)
            .field("api", self.0.context.api())
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
