//! [`PublishableKey`]: the key of an instance that is no secret, and names its Frontend API.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clerk_sessions_core::{BuildError, Error};

/// Some keys have padding, some have none.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The publishable key of an instance, `pk_live_…` or `pk_test_…`. It is no secret: web pages have it.
///
/// ```
/// use clerk_sessions_auth::PublishableKey;
///
/// let key = PublishableKey::parse("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")?;
/// assert_eq!(key.frontend_api(), "clerk.example.com");
/// assert!(key.is_production());
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PublishableKey {
    text: String,
    frontend_api: String,
    is_production: bool,
}

impl PublishableKey {
    /// Parses a key.
    ///
    /// # Errors
    /// [`Error::Build`]: it is not a publishable key.
    pub fn parse(key: &str) -> Result<Self, Error> {
        Self::read(key).ok_or_else(|| {
            let reason = if key.starts_with("sk_") {
                "is a secret key (sk_…): use the publishable key (pk_…)"
            } else {
                "is not a publishable key: use the one that the Clerk Dashboard shows under API keys (pk_…)"
            };
            Error::Build(BuildError::new("publishable_key", reason))
        })
    }

    fn read(key: &str) -> Option<Self> {
        let (is_production, encoded) = match key.strip_prefix("pk_live_") {
            Some(encoded) => (true, encoded),
            None => (false, key.strip_prefix("pk_test_")?),
        };
        let decoded = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
        let host = decoded.strip_suffix('$')?;
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        let is_valid = host.contains('.') && !host.starts_with('.') && host.chars().all(is_host);
        is_valid.then(|| Self { text: key.to_owned(), frontend_api: host.to_owned(), is_production })
    }

    /// Returns the key for a satellite domain: an app on another domain that shares its users with the primary domain. In production,
    /// its Frontend API is at `clerk.<domain>`.
    #[must_use]
    pub fn for_satellite(mut self, domain: &str) -> Self {
        if self.is_production {
            self.frontend_api = format!("clerk.{domain}");
        }
        self
    }

    /// The host of the Frontend API, such as `clerk.example.com`.
    #[must_use]
    pub fn frontend_api(&self) -> &str {
        &self.frontend_api
    }

    /// Whether it belongs to a production instance (`pk_live_…`), and not to one for development (`pk_test_…`).
    #[must_use]
    pub fn is_production(&self) -> bool {
        self.is_production
    }

    /// The suffix of the cookies of this instance, 8 characters: `__session_<suffix>`. It keeps apps on one domain apart.
    #[must_use]
    pub fn cookie_suffix(&self) -> String {
        let hash = sha1_smol::Sha1::from(&self.text).digest().bytes();
        let mut suffix = BASE64_URL_SAFE_NO_PAD.encode(hash);
        suffix.truncate(8);
        suffix
    }

    /// The URL of the instance's account portal, with its sign-in page, such as `https://accounts.example.com`.
    #[must_use]
    pub fn accounts_portal(&self) -> String {
        let host = self.frontend_api.replacen("clerk.accountsstage.", "accountsstage.", 1);
        let host = match host.find("clerk.").map(|at| host.split_at(at)) {
            Some((before, after)) => {
                let after = after.strip_prefix("clerk.accounts.").or_else(|| after.strip_prefix("clerk."));
                format!("{before}accounts.{}", after.unwrap_or_default())
            }
            None => host,
        };
        format!("https://{host}")
    }
}

impl fmt::Debug for PublishableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishableKey").field("frontend_api", &self.frontend_api).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_frontend_api() {
        for (key, host, is_production) in [
            ("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "clerk.example.com", true),
            ("pk_live_Y2xlcmsuY2xlcmsuZGV2JA", "clerk.clerk.dev", true),
            ("pk_test_Y2xlcmsuY2xlcmsuZGV2JA==", "clerk.clerk.dev", false),
        ] {
            let parsed = PublishableKey::parse(key).unwrap();
            assert_eq!((parsed.frontend_api(), parsed.is_production()), (host, is_production));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for key in [
            "",
            "pk_live_",
            "pk_live_invalid!@#$",
            "PK_LIVE_Y2xlcmsuZXhhbXBsZS5jb20k",
            "pk_live_bG9jYWxob3N0JA",
            "sk_test_1",
        ] {
            assert!(PublishableKey::parse(key).unwrap_err().to_string().starts_with("publishable_key is"), "{key}");
        }
    }
}
