//! Redirects to Clerk.

use std::borrow::Cow;

use super::organization::OrganizationTarget as Target;
use super::outcome::Outcome;
use super::stage::{AuthenticateRequest, Stage};

/// The handshake after this many redirects in a row is not made.
pub(super) const MOST_REDIRECTS: i64 = 3;

impl AuthenticateRequest {
    /// A redirect to Clerk, if this request may be redirected. `location` is the place, if it is not the handshake endpoint.
    pub(super) fn handshake(
        &self,
        reason: impl Into<Cow<'static, str>>,
        told: Option<String>,
        location: Option<String>,
    ) -> Stage {
        let (context, reason) = (&self.context, reason.into());
        if !context.is_eligible || context.redirects >= MOST_REDIRECTS {
            return Stage::Done(Ok(Outcome::signed_out(reason, told)));
        }
        let location = location.unwrap_or_else(|| self.handshake_url(&reason));
        let count =
            format!("__clerk_redirect_count={}; SameSite=Lax; HttpOnly; Max-Age=2", context.redirects.max(0) + 1);
        Stage::Done(Ok(Outcome::handshake(reason, told, location).with_cookies([count])))
    }

    /// The handshake endpoint with everything that Clerk needs to know.
    pub(super) fn handshake_url(&self, reason: &str) -> String {
        let context = &self.context;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("redirect_url", &context.url.without(&["__clerk_db_jwt", "__dev_session"]));
        query.append_pair("__clerk_api_version", clerk_sessions_core::Api::DEFAULT_VERSION);
        query.append_pair("suffixed_cookies", if context.cookies.uses_suffix { "true" } else { "false" });
        query.append_pair("__clerk_hs_reason", reason);
        query.append_pair("format", "nonce");
        if let Some(token) = self.expired_token() {
            query.append_pair("__session", &token.text);
        }
        if let Some(token) = context.dev_browser.as_deref().filter(|_| !self.is_production()) {
            query.append_pair("__clerk_db_jwt", token);
        }
        match &context.target {
            Some(Target::Id(organization) | Target::Slug(organization)) => {
                query.append_pair("organization_id", organization);
            }
            Some(Target::Personal) => {
                query.append_pair("organization_id", "");
            }
            None => {}
        }
        format!("{}/v1/client/handshake?{}", context.frontend.base, query.finish())
    }
}
