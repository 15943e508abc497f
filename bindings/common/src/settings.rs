//! What a host language sets, as JSON objects.

use std::collections::BTreeMap;
use std::time::Duration;

use clerk_sessions_core::{Api, ApiBuilder, BuildError, CallOptions, Error, RevokeAll, registry};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The settings of a [`Client`](super::Client).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    secret_key: Option<String>,
    base_url: Option<String>,
    /// As `CLERK_API_URL`: without the version.
    api_url: Option<String>,
    api_version: Option<String>,
    user_agent_suffix: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    allow_insecure_http: Option<bool>,
    options: Option<Options>,
}

impl Settings {
    pub(super) fn api(&self) -> Result<Api, Error> {
        let Some(secret_key) = &self.secret_key else {
            return Err(BuildError::new("secret_key", "is missing").into());
        };
        let mut builder = ApiBuilder::from_vars(|name| match name {
            "CLERK_SECRET_KEY" => Some(secret_key.clone()),
            _ => self.api_url.clone(),
        })?;
        if let Some(url) = &self.base_url {
            builder = builder.base_url(url);
        }
        if let Some(version) = &self.api_version {
            builder = builder.api_version(version);
        }
        if let Some(suffix) = &self.user_agent_suffix {
            builder = builder.user_agent_suffix(suffix);
        }
        for (name, value) in self.headers.iter().flatten() {
            builder = builder.header(name, value);
        }
        builder.allow_insecure_http(self.allow_insecure_http.unwrap_or(false)).build()
    }

    pub(super) fn call_options(&self) -> CallOptions {
        self.options.as_ref().map_or_else(CallOptions::default, |options| options.over(CallOptions::default()))
    }
}

/// Those of the [`CallOptions`] that are to differ.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    attempt_timeout_ms: Option<u64>,
    deadline_ms: Option<u64>,
    max_attempts: Option<u32>,
    backoff_base_ms: Option<u64>,
    backoff_factor: Option<u32>,
    backoff_cap_ms: Option<u64>,
    max_retry_after_ms: Option<u64>,
    max_total_wait_ms: Option<u64>,
    seed: Option<u64>,
    retry_non_idempotent: Option<bool>,
}

impl Options {
    /// These options, and those of `under` where these say nothing.
    pub(super) fn over(&self, under: CallOptions) -> CallOptions {
        fn set<T>(value: &mut T, to: Option<T>) {
            if let Some(to) = to {
                *value = to;
            }
        }
        let ms = |ms: Option<u64>| ms.map(Duration::from_millis);
        let mut options = under;
        set(&mut options.attempt_timeout, ms(self.attempt_timeout_ms));
        set(&mut options.deadline, ms(self.deadline_ms));
        let retry = &mut options.retry;
        set(&mut retry.max_attempts, self.max_attempts);
        set(&mut retry.base, ms(self.backoff_base_ms));
        set(&mut retry.factor, self.backoff_factor);
        set(&mut retry.cap, ms(self.backoff_cap_ms));
        set(&mut retry.max_retry_after, ms(self.max_retry_after_ms));
        set(&mut retry.max_total_wait, ms(self.max_total_wait_ms));
        set(&mut retry.seed, self.seed);
        set(&mut retry.retry_non_idempotent, self.retry_non_idempotent);
        options
    }
}

/// The parameters of `revoke_all`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeAllParameters {
    user_id: Option<String>,
    client_id: Option<String>,
    except: Option<Vec<String>>,
}

impl RevokeAllParameters {
    pub(super) fn into_flow(self) -> Result<RevokeAll, Error> {
        let all = match (self.user_id, self.client_id) {
            (Some(user_id), None) => RevokeAll::of_user(user_id),
            (None, Some(client_id)) => RevokeAll::of_client(client_id),
            (None, None) => return Err(BuildError::new("user_id", "or client_id is missing").into()),
            (Some(_), Some(_)) => return Err(BuildError::new("user_id", "and client_id exclude each other").into()),
        };
        Ok(self.except.into_iter().flatten().fold(all, RevokeAll::except))
    }
}

/// Reads a JSON object. Where there is no text at all, it is an empty object.
pub(super) fn read<T: DeserializeOwned>(what: &'static str, text: &[u8]) -> Result<T, Error> {
    registry::read_object(what, if text.is_empty() { b"{}" } else { text }).map_err(Error::Build)
}
