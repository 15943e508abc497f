//! [`Authentication`]: the settings of authenticating requests, checked once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::{BuildError, Error};

use super::budget::FailureBudget;
use super::organization::OrganizationPatterns;
use super::public_url::Origin;
use crate::claims::Claims;
use crate::crypto::Crypto;
use crate::jwks::{JwksVerifier, KeySettings, WarmUp};
use crate::publishable_key::PublishableKey;
use crate::rules::Rules;
use crate::verifier::{Checks, Verifier};

/// The settings of authenticating requests. It is checked when it is built, and cheap to clone: clones share keys.
///
/// ```no_run
/// # fn example(crypto: impl clerk_sessions_auth::Crypto + 'static, context: clerk_sessions_core::call::CallContext) -> Result<(), clerk_sessions_core::Error> {
/// use clerk_sessions_auth::{Authentication, AuthorizedParties, Rules};
///
/// let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"])?);
/// let authentication = Authentication::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", rules).api(context).build(crypto)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Authentication(Arc<Settings>);

pub(super) struct Settings {
    pub(super) key: PublishableKey,
    /// How the names of the cookies of this instance end: an underscore and its suffix.
    pub(super) cookie_end: String,
    pub(super) keys: KeySource,
    /// The checks that forgive a day of clock skew, for development instances.
    pub(super) lenient: Checks,
    pub(super) api: Option<CallContext>,
    /// The Frontend API, or the path of the app that it is behind.
    pub(super) frontend: Result<Arc<FrontendApi>, String>,
    pub(super) satellite: Option<Satellite>,
    pub(super) patterns: OrganizationPatterns,
    pub(super) trusts_forwarded: bool,
    pub(super) budget: FailureBudget,
}

/// Where the keys are.
pub(super) enum KeySource {
    Known(Verifier),
    Fetched(Box<JwksVerifier>),
}

impl KeySource {
    pub(super) fn checks(&self) -> &Checks {
        match self {
            Self::Known(verifier) => verifier.checks(),
            Self::Fetched(verifier) => verifier.checks(),
        }
    }

    /// The claims of a token that was verified before, with the keys of now.
    pub(super) fn cached(&self, token: &str, now: Duration, unix_time: Duration) -> Option<Claims> {
        let checks = self.checks();
        checks.cache.as_ref()?;
        let epoch = match self {
            Self::Known(_) => 0,
            Self::Fetched(verifier) => verifier.epoch(now)?,
        };
        checks.cached(token, epoch, unix_time)
    }
}

impl Authentication {
    /// Returns a builder. `publishable_key` is the key of the instance, `pk_live_…` or `pk_test_…`.
    #[must_use]
    pub fn builder(publishable_key: &str, rules: Rules) -> AuthenticationBuilder {
        AuthenticationBuilder {
            publishable_key: publishable_key.to_owned(),
            rules,
            api: None,
            pem: None,
            proxy: None,
            satellite: None,
            patterns: OrganizationPatterns::default(),
            trusts_forwarded: false,
            key_settings: KeySettings::new(),
            cache: None,
        }
    }

    /// Whether pages for browsers can be authenticated: there is an [API](AuthenticationBuilder::api) with a secret key.
    #[must_use]
    pub fn has_api(&self) -> bool {
        self.0.api.is_some()
    }

    /// The publishable key.
    #[must_use]
    pub fn publishable_key(&self) -> &PublishableKey {
        &self.0.key
    }

    /// Whether one is a clone of the other, so that both find the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Begins to fetch the keys, unless there are new ones or they are known. Drive it as a
    /// [`Flow`](clerk_sessions_core::call::Flow) before the first request.
    #[must_use]
    pub fn warm_up(&self) -> Option<WarmUp> {
        match &self.0.keys {
            KeySource::Known(_) => None,
            KeySource::Fetched(verifier) => Some(verifier.warm_up()),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication").field("publishable_key", &self.0.key).finish_non_exhaustive()
    }
}

/// Builds an [`Authentication`]. [`Authentication::builder`] returns one.
#[derive(Clone)]
pub struct AuthenticationBuilder {
    publishable_key: String,
    rules: Rules,
    api: Option<CallContext>,
    pem: Option<String>,
    proxy: Option<String>,
    satellite: Option<Satellite>,
    patterns: OrganizationPatterns,
    trusts_forwarded: bool,
    key_settings: KeySettings,
    cache: Option<usize>,
}

impl AuthenticationBuilder {
    /// Sets the Backend API, with the secret key: [`Client::context`](clerk_sessions_core::Client::context). It is needed for pages
    /// that a browser opens, where it completes handshakes and refreshes sessions. Default: none.
    #[must_use]
    pub fn api(mut self, context: CallContext) -> Self {
        self.api = Some(context);
        self
    }

    /// Sets the public key of the instance in PEM, in any form that [`Verifier::pem`] reads. Then no keys are fetched. Default: none; keys are fetched from the Backend API, or
    /// without it from the Frontend API.
    #[must_use]
    pub fn pem(mut self, pem: impl Into<String>) -> Self {
        self.pem = Some(pem.into());
        self
    }

    /// Sets the URL of a proxy in front of the Frontend API: absolute, or a path of the app such as `/__clerk`. Default: none.
    #[must_use]
    pub fn proxy_url(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into()).filter(|url| !url.is_empty());
        self
    }

    /// Makes the app a satellite of another domain. Default: it is not one.
    #[must_use]
    pub fn satellite(mut self, satellite: Satellite) -> Self {
        self.satellite = Some(satellite);
        self
    }

    /// Sets the paths that belong to an organization or the personal account. Default: none.
    #[must_use]
    pub fn organization_patterns(mut self, patterns: OrganizationPatterns) -> Self {
        self.patterns = patterns;
        self
    }

    /// Takes host and scheme from `X-Forwarded-Host` and `X-Forwarded-Proto`. Set it only behind a proxy that sets or removes both:
    /// otherwise anybody can choose where a browser is redirected to. Default: they are ignored.
    #[must_use]
    pub fn trust_forwarded_headers(mut self) -> Self {
        self.trusts_forwarded = true;
        self
    }

    /// Sets how long fetched keys are used. Default: [`KeySettings::new`].
    #[must_use]
    pub fn key_settings(mut self, settings: KeySettings) -> Self {
        self.key_settings = settings;
        self
    }

    /// Keeps about this many verified tokens; see [`Verifier::with_cache`]. Default: none.
    #[must_use]
    pub fn cache(mut self, tokens: usize) -> Self {
        self.cache = Some(tokens);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Build`]: the publishable key, the PEM, the proxy URL or a setting of the satellite is invalid, or `crypto` does not
    /// work.
    pub fn build(self, crypto: impl Crypto + 'static) -> Result<Authentication, Error> {
        let mut key = PublishableKey::parse(&self.publishable_key)?;
        let cookie_end = format!("_{}", key.cookie_suffix());
        if let Some(proxy) = self.proxy.as_ref().filter(|proxy| !proxy.starts_with('/')) {
            if Origin::of_url(proxy).is_none() {
                let reason = "is not a URL: use an absolute one, or a path that begins with a slash";
                return Err(Error::Build(BuildError::new("proxy_url", reason)));
            }
        }
        if let Some(satellite) = &self.satellite {
            satellite.check(key.is_production(), self.proxy.is_some())?;
            if let Some(domain) = &satellite.domain {
                key = key.for_satellite(domain);
            }
        }
        let lenient = self.rules.clone().clock_skew(Duration::from_secs(24 * 60 * 60));
        let keys = self.keys(&key, crypto)?;
        let frontend = match self.proxy {
            Some(path) if path.starts_with('/') => Err(path),
            Some(url) => Ok(Arc::new(FrontendApi::at(url, None, &key))),
            None => {
                let url = format!("https://{}", key.frontend_api());
                Ok(Arc::new(FrontendApi::at(url, Some(key.accounts_portal()), &key)))
            }
        };
        Ok(Authentication(Arc::new(Settings {
            key,
            cookie_end,
            keys,
            lenient: Checks::new(lenient),
            api: self.api,
            frontend,
            satellite: self.satellite,
            patterns: self.patterns,
            trusts_forwarded: self.trusts_forwarded,
            budget: FailureBudget::default(),
        })))
    }

    fn keys(&self, key: &PublishableKey, crypto: impl Crypto + 'static) -> Result<KeySource, Error> {
        let rules = self.rules.clone();
        if let Some(pem) = &self.pem {
            let verifier = Verifier::pem(pem, crypto, rules)?;
            return Ok(KeySource::Known(self.cache.into_iter().fold(verifier, Verifier::with_cache)));
        }
        let verifier = match &self.api {
            Some(context) => JwksVerifier::new(context.clone(), crypto, rules)?,
            None => JwksVerifier::public_at(&format!("https://{}", key.frontend_api()), crypto, rules)?,
        };
        let verifier = verifier.with_key_settings(self.key_settings);
        Ok(KeySource::Fetched(Box::new(self.cache.into_iter().fold(verifier, JwksVerifier::with_cache))))
    }
}

impl fmt::Debug for AuthenticationBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticationBuilder").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// An app on another domain than the primary app of the instance, which shares its users.
///
/// Source: [Clerk on satellite domains](https://clerk.com/docs/guides/dashboard/dns-domains/satellite-domains).
#[derive(Clone, Debug, Default)]
pub struct Satellite {
    pub(super) domain: Option<String>,
    pub(super) sign_in_url: Option<String>,
    pub(super) syncs_always: bool,
}

impl Satellite {
    /// A satellite at this domain, such as `satellite.example`.
    #[must_use]
    pub fn at(domain: impl Into<String>) -> Self {
        Self { domain: Some(domain.into()).filter(|domain| !domain.is_empty()), ..Self::default() }
    }

    /// A satellite whose Frontend API is behind the [proxy](AuthenticationBuilder::proxy_url).
    #[must_use]
    pub fn behind_proxy() -> Self {
        Self::default()
    }

    /// Sets the URL of the sign-in page of the primary app. Development instances need it.
    #[must_use]
    pub fn sign_in_url(mut self, url: impl Into<String>) -> Self {
        self.sign_in_url = Some(url.into()).filter(|url| !url.is_empty());
        self
    }

    /// Asks the primary app about every browser that is not signed in here. Default: only after the sign-in page was visited.
    #[must_use]
    pub fn sync_always(mut self) -> Self {
        self.syncs_always = true;
        self
    }

    fn check(&self, is_production: bool, has_proxy: bool) -> Result<(), Error> {
        let bad = |field: &'static str, reason: &'static str| Err(Error::Build(BuildError::new(field, reason)));
        if self.domain.is_none() && !has_proxy {
            return bad("satellite", "has neither a domain nor a proxy URL: set one");
        }
        match &self.sign_in_url {
            None if !is_production => bad("sign_in_url", "is missing: a satellite of a development instance needs it"),
            Some(url) if !is_production && Origin::of_url(url).is_none() => {
                bad("sign_in_url", "is not an absolute URL")
            }
            _ => Ok(()),
        }
    }
}

/// The Frontend API as a request sees it.
pub(crate) struct FrontendApi {
    /// Without a slash at the end.
    pub(crate) base: String,
    host: String,
    accounts_portal: Option<String>,
    is_production: bool,
}

impl FrontendApi {
    /// The Frontend API for a request to this origin. Only one behind a path of the app depends on it.
    pub(super) fn of(settings: &Settings, own: &Origin) -> Arc<Self> {
        match &settings.frontend {
            Ok(frontend) => Arc::clone(frontend),
            Err(path) => Arc::new(Self::at(format!("{}{path}", own.as_str()), None, &settings.key)),
        }
    }

    fn at(base: String, accounts_portal: Option<String>, key: &PublishableKey) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        let host = Origin::of_url(&base).map_or_else(String::new, |origin| origin.host().to_owned());
        Self { base, host, accounts_portal, is_production: key.is_production() }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn accounts_portal(&self) -> Option<&str> {
        self.accounts_portal.as_deref()
    }

    pub(super) fn is_production(&self) -> bool {
        self.is_production
    }
}
