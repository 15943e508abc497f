//! The decision table of authenticating requests, written a second time, against random requests.
//!
//! | file | content |
//! |---|---|
//! | `case` | a request as parts, and how it is written as a request |
//! | `kinds` | the kinds of tokens, and what is true of each |
//! | `clerk` | what Clerk sends back |
//! | `generator` | random cases |
//! | `table` | the table |
//! | `facts`, `expected` | what its conditions ask, and its results |
//!
//! `SIMULATION_SEED` replaces the usual seed by this one, and `SIMULATION_STEPS` is the number of requests:
//!
//! ```text
//! SIMULATION_SEED=7 SIMULATION_STEPS=1000000 cargo test -p clerk-sessions-tests --test suite decision_table -- --nocapture
//! ```

mod case;
mod clerk;
mod expected;
mod facts;
mod generator;
mod kinds;
mod table;

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use clerk_sessions_auth::{
    Authentication, AuthorizedParties, KeySettings, OrganizationPatterns, Outcome, Rules, Satellite,
};
use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::{Api, CallOptions, Error, RetryPolicy};

use self::case::{App, Case};
use self::clerk::Asked;
use self::expected::Expected;
use self::generator::{APPS, SATELLITE};
use self::kinds::NOW;
use self::table::{Row, TABLE, Then};
use crate::requests::network::drive;
use crate::requests::tokens::HashCrypto;
use crate::simulation::random::Random;

const SEED: u64 = 1;
/// The default number of requests. An unoptimized build makes them in some seconds.
const REQUESTS: u64 = 6_000;

#[test]
fn random_requests_give_what_the_table_says() {
    let setting =
        |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap_or_else(|_| panic!("{name}: {text}")));
    let seed = setting("SIMULATION_SEED").unwrap_or(SEED);
    let requests = setting("SIMULATION_STEPS").unwrap_or(REQUESTS).max(REQUESTS);
    println!("SIMULATION_SEED={seed} SIMULATION_STEPS={requests}");
    let apps: Vec<Authentication> = APPS.iter().map(authentication).collect();
    let mut hits = BTreeMap::new();
    names(TABLE, &mut hits);
    let mut random = Random::new(seed);
    for number in 0..requests {
        let case = generator::case(&mut random);
        let expected = look_up(TABLE, &case, &mut hits).expect("the last row fits every case");
        // A minute lies between two requests, so that no failure of one has an effect on the next.
        let start = Duration::from_secs(60 * (number + 1));
        let app = APPS.iter().position(|app| std::ptr::eq(app, case.app)).expect("it is one of them");
        let mut asked = Asked::default();
        let actual = Expected::actual(run(&apps[app], &case, start, &mut asked));
        assert_eq!(actual, expected, "SIMULATION_SEED={seed}, request {number}: {case:#?}");
        assert!(asked.nonces <= 1 && asked.refreshes <= 1, "request {number}: {asked:?} {case:#?}");
        // A strange nonce costs nothing, where nobody could be redirected.
        assert!(case.is_eligible() || asked.nonces == 0, "request {number}: {asked:?} {case:#?}");
        assert!(!case.is_api || asked.refreshes == 0, "request {number}: {asked:?} {case:#?}");
    }
    for (row, times) in &hits {
        println!("{times:>8} times: {row}");
    }
    let rare: Vec<_> = hits.iter().filter(|(_, times)| **times < requests / 3000).collect();
    assert!(rare.is_empty(), "the generator has to reach these rows more often: {rare:?}");
}

/// The names of all rows, with the count 0.
fn names(table: &[Row], hits: &mut BTreeMap<&'static str, u64>) {
    for row in table {
        hits.insert(row.name, 0);
        if let Then::Rows(rows) = row.then {
            names(rows, hits);
        }
    }
}

/// The result of the first row that fits; `None` if none does.
fn look_up(table: &[Row], case: &Case, hits: &mut BTreeMap<&'static str, u64>) -> Option<Expected> {
    for row in table.iter().filter(|row| (row.when)(case)) {
        *hits.entry(row.name).or_default() += 1;
        match row.then {
            Then::Is(result) => return Some(result(case)),
            Then::Rows(rows) => match look_up(rows, case, hits) {
                Some(result) => return Some(result),
                None => continue,
            },
            Then::Next => {}
        }
    }
    None
}

fn authentication(app: &App) -> Authentication {
    let rules = Rules::new(AuthorizedParties::list([case::ORIGIN]).unwrap());
    let once = CallOptions::new().retry(RetryPolicy::none());
    let context = CallContext::new(Api::new("sk_test_1").unwrap()).with_options(once);
    let personal = ["/me"];
    let patterns = OrganizationPatterns::new(["/orgs/:id", "/orgs/:id/(.*)", "/teams/:slug"], personal).unwrap();
    // Keys that are fetched for each token: so their absence is a part of a case.
    let mut builder = Authentication::builder(app.publishable_key, rules)
        .api(context)
        .organization_patterns(patterns)
        .key_settings(KeySettings::new().max_age(Duration::ZERO));
    if let Some(proxy) = app.proxy {
        builder = builder.proxy_url(proxy);
    }
    if let Some(own) = &app.satellite {
        let mut satellite = Satellite::at(SATELLITE);
        if let Some(url) = own.sign_in_url {
            satellite = satellite.sign_in_url(url);
        }
        builder = builder.satellite(if own.syncs_always { satellite.sync_always() } else { satellite });
    }
    builder.build(HashCrypto::new()).unwrap()
}

fn run(app: &Authentication, case: &Case, mut now: Duration, asked: &mut Asked) -> Result<Outcome, Error> {
    let target = case.target();
    let request = case.request(&target);
    let unix_time = Duration::from_secs(NOW.unsigned_abs());
    let flow = if case.is_api { app.api_request(&request, unix_time) } else { app.browser(&request, unix_time)? };
    drive(flow, &mut now, |request, _| case.respond(request, asked))
}
