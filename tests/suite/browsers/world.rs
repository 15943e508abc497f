//! Browsers and their tabs in virtual time, and what must be true of each visit.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use clerk_sessions_auth::{Authentication, AuthorizedParties, Identity, RequestView, Rules};
use clerk_sessions_core::Api;
use clerk_sessions_core::call::CallContext;

use super::clerk::{Clerk, HANDSHAKE_LIFE, TOKEN_LIFE};
use super::jar::Jar;
use crate::requests::network::drive;
use crate::requests::tokens::HashCrypto;
use crate::simulation::random::Random;

/// How often a browser visits the app.
const VISITS_OF_BROWSER: u64 = 12;
const TABS: usize = 3;
/// How many handshakes in a row the guard allows.
const GUARD: u32 = 3;
/// How long the guard remembers a handshake, or a handshake stays in its cookie, and a little more. A handshake that can't be
/// redeemed means signed out, in Clerk's own libraries, too: as long as its cookie is there, the browser stays signed out.
const FORGETS: Duration = Duration::from_millis(1000 * HANDSHAKE_LIFE + 500);
const EPOCH: Duration = Duration::from_secs(1_700_000_000);
const ORIGIN: &str = "https://app.example.com";

/// An app, and how its clock differs from Clerk's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) is_production: bool,
    pub(super) clock: i64,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) signed_in: u64,
    pub(super) signed_out: u64,
    pub(super) handshakes: u64,
    pub(super) refreshes: u64,
    /// Visits that ended with a lost message.
    pub(super) lost: u64,
    /// Visits that ended signed out, although the session was good.
    pub(super) missed: u64,
    most_handshakes: u32,
}

/// What a tab does next.
enum Tab {
    Idle,
    /// The request is at the app, with the cookies of the time when it was sent.
    AtApp {
        url: String,
        cookies: String,
    },
    AtClerk {
        url: String,
    },
    /// The response is at the browser.
    Back {
        cookies: Vec<String>,
        next: Option<String>,
        reason: Option<String>,
    },
}

struct Visit {
    tab: Tab,
    started: Duration,
    handshakes: u32,
    /// Whether the page or Clerk lost a message in it.
    is_lossy: bool,
    /// Whether another tab visited the app meanwhile. The tabs share the cookie that counts handshakes, and a late response of one
    /// sets it back for the others.
    is_alone: bool,
}

#[derive(Default)]
struct Browser {
    jar: Jar,
    visits: Vec<Visit>,
    /// The end of the last visit that missed, if none succeeded since.
    missed_at: Option<Duration>,
    /// The last sign-in or sign-out.
    changed_at: Duration,
    /// Whether a response from before the last change came after it, and set the cookies back. No app can know that.
    is_set_back: bool,
    /// The last message that was lost.
    lost_at: Duration,
}

pub(super) fn run(place: Place, seed: u64, visits: u64) -> Tally {
    let key = if place.is_production {
        "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"
    } else {
        "pk_test_aGFwcHktaGlwcG8tMS5jbGVyay5hY2NvdW50cy5kZXYk"
    };
    let rules = Rules::new(AuthorizedParties::list([ORIGIN]).unwrap());
    let api = CallContext::new(Api::new("sk_test_1").unwrap());
    let app = Authentication::builder(key, rules).api(api).build(HashCrypto::new()).unwrap();
    let host = app.publishable_key().frontend_api().to_owned();
    let count = (visits / VISITS_OF_BROWSER).max(100) as usize;
    let clerk = Clerk::new(place.is_production, app.publishable_key().cookie_suffix(), host, count);
    let browsers = (0..count).map(|_| Browser::default()).collect();
    let mut world = World {
        place,
        app,
        clerk,
        browsers,
        random: Random::new(seed),
        events: BinaryHeap::new(),
        tally: Tally::default(),
    };
    world.run(visits);
    world.tally
}

struct World {
    place: Place,
    app: Authentication,
    clerk: Clerk,
    browsers: Vec<Browser>,
    random: Random,
    events: BinaryHeap<Reverse<(Duration, usize, usize)>>,
    tally: Tally,
}

impl World {
    fn run(&mut self, visits: u64) {
        for number in 0..self.browsers.len() {
            self.clerk.change(number, false, EPOCH);
            for tab in 0..TABS {
                let visit =
                    Visit { tab: Tab::Idle, started: Duration::ZERO, handshakes: 0, is_lossy: false, is_alone: true };
                self.browsers[number].visits.push(visit);
                let at = EPOCH + self.within(0..20_000);
                self.events.push(Reverse((at, number, tab)));
            }
        }
        while self.tally.signed_in + self.tally.signed_out + self.tally.lost < visits {
            let Reverse((now, number, tab)) = self.events.pop().expect("each tab has an event");
            let pause = self.step(number, tab, now);
            self.events.push(Reverse((now + pause, number, tab)));
        }
    }

    fn within(&mut self, millis: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(millis.start + self.random.below(millis.end - millis.start))
    }

    /// The time between two visits of a tab: some begin at once, others when the token has expired.
    fn pause(&mut self) -> Duration {
        if self.random.per_mille(400) { self.within(1..4_000) } else { self.within(30_000..150_000) }
    }

    /// Makes the next step of a tab. Returns the time until the one after.
    fn step(&mut self, number: usize, tab: usize, now: Duration) -> Duration {
        let next = match std::mem::replace(&mut self.browsers[number].visits[tab].tab, Tab::Idle) {
            Tab::Idle => {
                if self.random.per_mille(100) {
                    self.change(number, now);
                }
                let visit = &mut self.browsers[number].visits[tab];
                *visit = Visit { tab: Tab::Idle, started: now, handshakes: 0, is_lossy: false, is_alone: true };
                self.send(number, format!("{ORIGIN}/page?tab={tab}"), now)
            }
            step @ (Tab::AtApp { .. } | Tab::AtClerk { .. }) if self.random.per_mille(15) => {
                drop(step);
                self.lose(number, now);
                return self.pause();
            }
            Tab::AtApp { url, cookies } => self.at_app(number, tab, &url, cookies, now),
            Tab::AtClerk { url } => {
                let by_nonce = self.random.per_mille(500);
                let (cookies, back) = self.clerk.handshake(&url, number, by_nonce, now);
                Tab::Back { cookies, next: Some(back), reason: None }
            }
            Tab::Back { cookies, next, reason } => {
                let browser = &mut self.browsers[number];
                browser.is_set_back |= browser.visits[tab].started < browser.changed_at && !cookies.is_empty();
                cookies.iter().for_each(|cookie| browser.jar.set(cookie, now));
                match next {
                    Some(url) if url.starts_with(ORIGIN) => self.send(number, url, now),
                    Some(url) => Tab::AtClerk { url },
                    None => {
                        self.ends(number, tab, reason.as_deref(), now);
                        return self.pause();
                    }
                }
            }
        };
        self.browsers[number].visits[tab].tab = next;
        self.within(5..60)
    }

    /// Somebody signs in as somebody new, or out.
    fn change(&mut self, number: usize, now: Duration) {
        let signs_in = self.random.per_mille(700);
        let cookies = self.clerk.change(number, signs_in, now);
        let browser = &mut self.browsers[number];
        (browser.changed_at, browser.is_set_back) = (now, false);
        cookies.iter().for_each(|cookie| browser.jar.set(cookie, now));
    }

    fn send(&self, number: usize, url: String, now: Duration) -> Tab {
        Tab::AtApp { url, cookies: self.browsers[number].jar.header(now) }
    }

    fn lose(&mut self, number: usize, now: Duration) {
        self.tally.lost += 1;
        self.browsers[number].lost_at = now;
    }

    fn at_app(&mut self, number: usize, tab: usize, url: &str, cookies: String, now: Duration) -> Tab {
        let target = url.strip_prefix(ORIGIN).expect("it is a URL of the app");
        let request = RequestView::new("GET", "https", target)
            .header("host", "app.example.com")
            .header("sec-fetch-dest", "document")
            .header("cookie", cookies);
        let unix_time = now.shifted(self.place.clock);
        let flow = self.app.browser(&request, unix_time).unwrap();
        let (clerk, random) = (&mut self.clerk, &mut self.random);
        let (mut is_lossy, mut refreshes) = (false, 0);
        let mut transport_now = now - EPOCH;
        let outcome = drive(flow, &mut transport_now, |request, _| {
            let is_of_keys = request.uri().path().ends_with("/jwks");
            refreshes += u64::from(request.uri().path().ends_with("/refresh"));
            // The request or its response may be lost.
            let (loses_request, loses_response) = (random.per_mille(20), random.per_mille(20));
            let response = (!loses_request || is_of_keys).then(|| clerk.respond(request, now));
            is_lossy |= !is_of_keys && (loses_request || loses_response);
            response.filter(|_| !loses_response || is_of_keys)
        });
        let outcome = outcome.unwrap_or_else(|error| panic!("{:?}: {error}", self.place));
        self.tally.refreshes += refreshes;
        let visits = &mut self.browsers[number].visits;
        let others =
            visits.iter().enumerate().filter(|(other, visit)| *other != tab && !matches!(visit.tab, Tab::Idle));
        let is_alone = others.count() == 0;
        let visit = &mut visits[tab];
        visit.is_lossy |= is_lossy;
        visit.is_alone &= is_alone;
        let most = if visit.is_alone { GUARD } else { GUARD * TABS as u32 };
        if matches!(outcome.identity(), Identity::Handshake) {
            visit.handshakes += 1;
            self.tally.handshakes += 1;
            self.tally.most_handshakes = self.tally.most_handshakes.max(visit.handshakes);
            assert!(
                visit.handshakes <= most,
                "{:?}: browser {number} is redirected in circles: {outcome:?}",
                self.place
            );
        }
        if let Some(claims) = outcome.signed_in() {
            self.check_user(number, claims.user_id(), now);
        }
        Tab::Back {
            cookies: outcome.cookies().to_vec(),
            next: outcome.redirect().map(str::to_owned),
            reason: outcome.reason().map(str::to_owned),
        }
    }

    /// Nobody is signed in as another, or for long after they signed out.
    fn check_user(&self, number: usize, user: &str, now: Duration) {
        assert!(user.starts_with(&format!("user_{number}_")), "{:?}: browser {number} is {user}", self.place);
        let is_current = self.clerk.clients[number].user.as_deref() == Some(user);
        let since_change = now - self.browsers[number].changed_at;
        // A day is forgiven only for a token that comes from Clerk in the same visit.
        let longest = Duration::from_secs(TOKEN_LIFE + 5 + self.place.clock.min(0).unsigned_abs()) + FORGETS;
        assert!(is_current || since_change < longest, "{:?}: browser {number} is still {user}", self.place);
    }

    /// A browser whose session is good is signed in, at the latest when the guard has forgotten its last handshakes.
    fn ends(&mut self, number: usize, tab: usize, reason: Option<&str>, now: Duration) {
        let browser = &mut self.browsers[number];
        let visit = &browser.visits[tab];
        let Some(reason) = reason else {
            self.tally.signed_in += 1;
            browser.missed_at = None;
            return;
        };
        self.tally.signed_out += 1;
        let is_disturbed = visit.is_lossy
            || browser.is_set_back
            || visit.started < browser.changed_at
            || visit.started <= browser.lost_at;
        if self.clerk.clients[number].user.is_none() || is_disturbed || self.place.clock.abs() > 5 {
            return;
        }
        self.tally.missed += 1;
        let since = browser.missed_at.map(|missed| visit.started.saturating_sub(missed));
        assert!(
            since.is_none_or(|since| since < FORGETS),
            "{:?}: browser {number} has a good session, and is signed out again: {reason} {:?} {:?}",
            self.place,
            browser.jar,
            self.clerk.clients[number]
        );
        browser.missed_at = Some(now);
    }
}

trait Shift {
    fn shifted(self, seconds: i64) -> Duration;
}

impl Shift for Duration {
    /// This time, by a clock that is fast by these seconds, or slow if they are negative.
    fn shifted(self, seconds: i64) -> Duration {
        let size = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { self - size } else { self + size }
    }
}
