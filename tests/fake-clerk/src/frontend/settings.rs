//! How the Frontend API behaves.

#![allow(clippy::exhaustive_structs, reason = "tests write these as literals")]

use serde::{Deserialize, Serialize};

/// How the Frontend API of a fake behaves.
///
/// Write it as `SeedFrontend { …, ..SeedFrontend::default() }`, because new versions may add fields. In JSON, every field is optional,
/// and unknown fields are refused.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedFrontend {
    /// The domain of the app; default `app.localhost`, which browsers resolve to this machine. The Frontend API is at `clerk.` and this
    /// domain. It serves other domains, too: every host that begins with `clerk.`.
    pub domain: String,
    /// How a handshake passes its cookies to the app; default [`HandshakeFormat::Nonce`].
    pub handshake: HandshakeFormat,
    /// The lifetime of the session tokens in cookies, in seconds; default 60.
    pub token_life_s: u32,
    /// Whether browsers get a refresh token, with which the app can refresh the session; default yes.
    pub refresh_cookie: bool,
    /// Whether the cookies of handshakes and refreshes have `SameSite=None` and no `Secure`; default no. The real API sends such cookies
    /// to some browsers, and Chromium refuses them.
    pub same_site_none: bool,
}

/// How a handshake passes its cookies to the app.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HandshakeFormat {
    /// As a nonce, for which the Backend API gives out the cookies once.
    #[default]
    Nonce,
    /// As a signed token that contains the cookies.
    Token,
}

impl Default for SeedFrontend {
    fn default() -> SeedFrontend {
        SeedFrontend {
            domain: "app.localhost".to_owned(),
            handshake: HandshakeFormat::default(),
            token_life_s: 60,
            refresh_cookie: true,
            same_site_none: false,
        }
    }
}
