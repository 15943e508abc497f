//! Authenticates a request. The lines of the input are the entry and the instance, the method, the scheme, the target, the body of
//! all responses, and then one header on each line, such as `host: app.example.com`.
//!
//! - Nothing panics, and the flow ends.
//! - A browser is sent to the Frontend API, in development also back to where it came from or to a satellite that asked.
//! - No header has a control character, and nothing that is printed has a token.

#![no_main]

use std::time::Duration;

use clerk_sessions_auth::{Authentication, AuthorizedParties, AwsLcRs, RequestView, Rules};
use clerk_sessions_core::call::{CallContext, Flow, Step};
use clerk_sessions_core::{Api, http};
use clerk_sessions_fuzz::lines;
use libfuzzer_sys::fuzz_target;

/// Inputs may have it. It must not be printed.
const TOKEN: &str = "eyJsecretmarker";
const NOW: Duration = Duration::from_secs(1_700_000_000);
/// More steps than any flow takes.
const MOST_STEPS: u32 = 100;

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let ([kind, method, scheme, target, body], headers) = lines(text.as_bytes());
    let utf8 = |line| std::str::from_utf8(line).unwrap_or_default();
    let (is_api, is_production) = (kind.contains(&b'a'), kind.contains(&b'p'));
    let app = app(is_production);
    let mut request = RequestView::new(utf8(method), utf8(scheme), utf8(target));
    for header in utf8(headers).split('\n') {
        // A carriage return stands for a line end in the value.
        let (name, value) = header.split_once(':').unwrap_or((header, ""));
        request.add_header(name, value.replace('\r', "\n"));
    }
    let facts = app.facts(&request, NOW);
    assert!(
        !format!("{facts:?} {request:?}").contains(TOKEN)
            || utf8(target).contains(TOKEN)
            || utf8(method).contains(TOKEN)
            || facts.origin.contains(&TOKEN.to_lowercase())
    );
    let flow = if is_api { Ok(app.api_request(&request, NOW)) } else { app.browser(&request, NOW) };
    let outcome = match flow.and_then(|flow| drive(flow, body)) {
        Ok(outcome) => outcome,
        Err(error) => return assert!(!format!("{error} {error:?}").contains(TOKEN), "{error}"),
    };
    assert!(!format!("{outcome:?}").contains(TOKEN) && !outcome.message().unwrap_or_default().contains(TOKEN));
    for (name, value) in outcome.headers() {
        assert!(!value.contains(char::is_control), "{name}: {value:?}");
    }
    let Some(location) = outcome.redirect() else { return };
    let is_clerk = location.starts_with(&format!("{}/", facts.frontend_api));
    let is_back = location.starts_with(&format!("{}/", facts.origin));
    let is_of_satellite = outcome.reason() == Some("primary-responds-to-syncing");
    assert!(!is_api && (is_clerk || (!is_production && (is_back || is_of_satellite))), "{location}");
});

fn app(is_production: bool) -> Authentication {
    let key = if is_production {
        "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"
    } else {
        "pk_test_aGFwcHktaGlwcG8tMS5jbGVyay5hY2NvdW50cy5kZXYk"
    };
    let rules = Rules::new(AuthorizedParties::list(["https://app.example.com"]).unwrap());
    let api = CallContext::new(Api::new("sk_test_fuzz").unwrap());
    Authentication::builder(key, rules).api(api).build(AwsLcRs::new()).unwrap()
}

/// Drives a flow. Each request gets this body.
fn drive<F: Flow>(mut flow: F, body: &[u8]) -> Result<F::Output, clerk_sessions_core::Error> {
    let mut now = Duration::ZERO;
    for _ in 0..MOST_STEPS {
        match flow.step(now) {
            Step::Send { .. } => flow.on_response(http::Response::new(body.to_vec()), now),
            Step::Wait(wait) => now += wait,
            Step::Done => return flow.finish(),
        }
    }
    panic!("the flow does not end");
}
