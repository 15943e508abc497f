//! Rows C to J: a request with cookies, or with nothing.

use clerk_sessions_core::{BuildError, Error};

use super::handshake::MOST_REDIRECTS;
use super::organization::OrganizationTarget as Target;
use super::outcome::Outcome;
use super::public_url::{Origin, with_parameters};
use super::stage::{AuthenticateRequest, Carrier, Stage, message, signed_out};
use super::token_check::TokenCheck;
use crate::claims::Claims;
use crate::verifier::Verified;

impl AuthenticateRequest {
    /// Rows C to G, up to the verification.
    pub(super) fn rows_c_to_g(&self) -> Stage {
        let context = &self.context;
        let settings = self.settings();
        let (session, uat) = (context.session(), context.cookies.client_uat);
        let is_production = self.is_production();
        // Row C.
        if let Some(satellite) = settings.satellite.as_ref().filter(|_| context.is_get && context.is_document) {
            let synced = context.url.parameter("__clerk_synced");
            let synced = synced.as_deref();
            let is_empty = session.is_none() && uat == 0;
            if synced != Some("true") {
                // Row C1.
                if !satellite.syncs_always && is_empty && synced != Some("false") {
                    return signed_out("session-token-and-uat-missing");
                }
                // Row C2.
                if is_empty || synced == Some("false") {
                    let location = satellite.sign_in_url.as_ref().filter(|_| !is_production);
                    let location =
                        location.map(|url| with_parameters(url, &[("__clerk_redirect_url", &context.url.to_string())]));
                    return self.handshake("satellite-needs-syncing", None, location);
                }
            }
        }
        if !is_production {
            // Row D.
            let back = context.url.parameter("__clerk_redirect_url").filter(|url| !url.is_empty());
            if let Some(back) = back.filter(|_| settings.satellite.is_none()) {
                let mut parameters = vec![("__clerk_synced", "true")];
                parameters.splice(0..0, context.dev_browser.as_deref().map(|token| ("__clerk_db_jwt", token)));
                return match Origin::of_url(&back) {
                    Some(_) => {
                        let location = with_parameters(&back, &parameters);
                        self.handshake("primary-responds-to-syncing", None, Some(location))
                    }
                    None => Stage::Done(Err(Error::Build(BuildError::new(
                        "__clerk_redirect_url",
                        "is not an absolute URL of http or https",
                    )))),
                };
            }
            // Row E1.
            if context.url.parameter("__clerk_db_jwt").is_some() {
                return self.handshake("dev-browser-sync", None, None);
            }
            // Row E2.
            if context.dev_browser.is_none() {
                return self.handshake("dev-browser-missing", None, None);
            }
        }
        let token = match (session, uat) {
            // Row F1.
            (None, 0) => return signed_out("session-token-and-uat-missing"),
            // Row F2.
            (Some(_), 0) => return self.handshake("session-token-but-no-client-uat", None, None),
            // Row F3.
            (None, _) => return self.handshake("client-uat-but-no-session-token", None, None),
            (Some(token), _) => token,
        };
        match token.unsigned() {
            // Row G1.
            Err(rejected) => {
                let message = message(&rejected, Carrier::Cookie);
                Stage::Done(Ok(Outcome::signed_out(rejected.reason().as_str(), Some(message))))
            }
            // Row G2.
            Ok(unsigned) if !unsigned.is_of_session() => signed_out("token-type-mismatch"),
            // Row G3.
            Ok(unsigned) if is_older(unsigned.claims(), uat) => {
                self.handshake("session-token-iat-before-client-uat", None, None)
            }
            // Row G4.
            Ok(_) => Stage::Session(TokenCheck::new(token.clone()), Carrier::Cookie),
        }
    }

    /// Rows H to J, for a session token of a cookie that was verified.
    pub(super) fn rows_h_to_j(&self, verified: Verified, token: String) -> Stage {
        let context = &self.context;
        let is_primary = self.settings().satellite.is_none();
        // Row H.
        let is_visit = is_primary && context.is_get && context.is_document && context.redirects == 0;
        if is_visit && context.is_from_foreign_site {
            return self.handshake("primary-domain-cross-origin-sync", None, None);
        }
        // Row I.
        if let (Verified::SignedIn(claims), Some(target)) = (&verified, &context.target) {
            let may_redirect = context.is_eligible && context.redirects < MOST_REDIRECTS;
            if may_redirect && !is_active(claims, target) {
                return self.handshake("active-organization-mismatch", None, None);
            }
        }
        // Row J.
        Stage::Done(Ok(Outcome::verified(verified, token)))
    }
}

/// Whether the token was made before the last change of the client, in seconds.
fn is_older(claims: &Claims, uat: i64) -> bool {
    claims.issued_at().is_some_and(|time| i128::from(time.as_millis()) < i128::from(uat) * 1000)
}

/// Whether the organization that a path asks for is the active one.
fn is_active(claims: &Claims, target: &Target) -> bool {
    let organization = claims.organization();
    match (target, &organization) {
        (Target::Personal, organization) => organization.is_none(),
        (_, None) => false,
        (Target::Id(id), Some(organization)) => organization.id == *id,
        (Target::Slug(slug), Some(organization)) => organization.slug.as_deref() == Some(slug),
    }
}
