//! Authenticates a request, the same one each time. Variants:
//!
//! - `verify`: only the token of the request, by the plain function.
//! - `browser`: the whole request of a browser that is signed in, for a page.
//! - `anonymous`, `undecodable`, `unknown-kid`, `bad-signature`: the same with other cookies. Nobody is signed in then.
//! - `axum`: the same route of an axum app with `ClerkLayer::required`, and a bearer token. `axum-by-hand`: with a check by
//!   jsonwebtoken. No socket is involved, as it would cost both the same.
//!
//! The keys were fetched before. A variant fails if anything is fetched while it is measured.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clerk_sessions_auth::{
    AsyncRequestAuthenticator, Authentication, AuthorizedParties, AwsLcRs, RequestAuthenticator, RequestView, Rules,
    Verifier,
};
use clerk_sessions_core::Api;
use clerk_sessions_core::call::CallContext;
use clerk_sessions_subjects::in_process::InProcess;
use clerk_sessions_subjects::job::{Job, SECRET_KEY};
use clerk_sessions_subjects::tokens::{KEY_ID, PARTY, Signer, unix_time};
use clerk_sessions_tower::{ClerkLayer, SignedIn};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use tower::ServiceExt as _;

/// Of clerk.example.com, which has issued the tokens.
const PUBLISHABLE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_args()?;
    let signer = Signer::new();
    let token = signer.token(0);
    let rules = Rules::new(AuthorizedParties::list([PARTY])?);
    let clerk = InProcess::new(signer.public_key().jwks());
    let api = CallContext::new(Api::new(SECRET_KEY)?);
    let authentication = Authentication::builder(PUBLISHABLE_KEY, rules.clone()).api(api).build(AwsLcRs::new())?;
    RequestAuthenticator::new(authentication.clone(), clerk.clone()).warm_up()?;
    match &*job.variant {
        "verify" => {
            let verifier = Verifier::jwks(&signer.public_key().jwks(), AwsLcRs::new(), rules)?;
            job.run(|| drop(black_box(verifier.verify(black_box(&token), unix_time()).unwrap())));
        }
        "axum" => {
            let layer = ClerkLayer::required(AsyncRequestAuthenticator::new(authentication, clerk.clone()));
            let me = |SignedIn(claims): SignedIn| async move { claims.user_id().to_owned() };
            serve(&job, Router::new().route("/me", get(me)).layer(layer), &token);
        }
        "axum-by-hand" => {
            let key = signer.public_key();
            let mut rules = Validation::new(Algorithm::RS256);
            rules.validate_nbf = true;
            let key = Key { key: DecodingKey::from_rsa_components(&key.modulus, &key.exponent)?, rules };
            let me = |Bearer(claims): Bearer| async move { claims.sub };
            serve(&job, Router::new().route("/me", get(me)).with_state(Arc::new(key)), &token);
        }
        variant => {
            let cookies = cookies(variant, &token)?;
            let clerk = RequestAuthenticator::new(authentication, clerk.clone());
            let is_signed_in = variant == "browser";
            job.run(|| {
                let outcome = clerk.browser(&page(&cookies)).unwrap();
                assert_eq!(black_box(&outcome).signed_in().is_some(), is_signed_in);
            });
        }
    }
    // One for the keys, one more for the key that they lack.
    let expected = if job.variant == "unknown-kid" { 2 } else { 1 };
    if clerk.requests() != expected {
        return Err(format!("{} requests to Clerk, expected {expected}", clerk.requests()).into());
    }
    Ok(())
}

/// The cookies of a browser.
fn cookies(variant: &str, token: &str) -> Result<String, String> {
    let (signed, signature) = token.rsplit_once('.').ok_or("no token")?;
    let session = match variant {
        "browser" => token.to_owned(),
        "anonymous" => return Ok("theme=dark; _ga=GA1.1.1234567890.1763880000".to_owned()),
        "undecodable" => "x.y.z".to_owned(),
        "unknown-kid" => other_key(token),
        // Another character in its middle.
        "bad-signature" => {
            let (before, after) = signature.split_at(signature.len() / 2);
            let other = if after.starts_with('A') { 'B' } else { 'A' };
            format!("{signed}.{before}{other}{}", &after[1..])
        }
        other => return Err(format!("no variant {other}")),
    };
    Ok(format!("theme=dark; _ga=GA1.1.1234567890.1763880000; __client_uat=1763879000; __session={session}"))
}

/// The token with the id of a key that does not exist.
fn other_key(token: &str) -> String {
    let (header, rest) = token.split_once('.').unwrap_or_default();
    let header = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(header).unwrap_or_default()).unwrap_or_default();
    format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(header.replace(KEY_ID, "ins_2bbbbbbbbbbbbbbbbbbbbbbbbbb")))
}

/// The request of a browser for a page, with the headers that Chromium sends.
fn page(cookies: &str) -> RequestView<'_> {
    RequestView::new("GET", "https", "/invoices?year=2026")
        .header("host", "app.example.com")
        .header("connection", "keep-alive")
        .header("cache-control", "max-age=0")
        .header("sec-ch-ua", r#""Chromium";v="142", "Not_A Brand";v="99""#)
        .header("sec-ch-ua-mobile", "?0")
        .header("sec-ch-ua-platform", r#""Linux""#)
        .header("upgrade-insecure-requests", "1")
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        )
        .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8")
        .header("sec-fetch-site", "same-origin")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document")
        .header("referer", "https://app.example.com/")
        .header("accept-encoding", "gzip, deflate, br, zstd")
        .header("accept-language", "en-US,en;q=0.9")
        .header("cookie", cookies)
}

/// Sends the same request to an app, again and again.
fn serve(job: &Job, app: Router, token: &str) {
    let header = format!("Bearer {token}");
    job.run_async(move |calls| {
        let (app, header) = (app.clone(), header.clone());
        async move {
            for _ in 0..calls {
                let request = Request::get("/me").header("host", "app.example.com").header(AUTHORIZATION, &*header);
                let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
                assert_eq!(black_box(response).status(), StatusCode::OK);
            }
        }
    });
}

/// The check by hand: what a program needs to know of the user.
struct Key {
    key: DecodingKey,
    rules: Validation,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    azp: Option<String>,
}

struct Bearer(Claims);

impl FromRequestParts<Arc<Key>> for Bearer {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, key: &Arc<Key>) -> Result<Self, StatusCode> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
        let decoded = jsonwebtoken::decode::<Claims>(token, &key.key, &key.rules);
        let claims = decoded.map_err(|_| StatusCode::UNAUTHORIZED)?.claims;
        if claims.azp.as_deref().is_some_and(|party| party != PARTY) {
            return Err(StatusCode::UNAUTHORIZED);
        }
        Ok(Self(claims))
    }
}
