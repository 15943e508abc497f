//! Random cases: a usual one, of which some parts are replaced. So every row is frequent, and so is each pair of rows that both fit.

use super::case::{App, AppSatellite, Case, HandshakeToken, Payload, Place, Refresh, Uat};
use super::facts::PATHS;
use super::kinds::{KINDS, Kind, kind};
use crate::simulation::random::Random;

const LIVE: App = App {
    publishable_key: "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k",
    is_production: true,
    suffix: "naoXFJnI",
    issuer: "clerk.example.com",
    base: "https://clerk.example.com",
    proxy: None,
    satellite: None,
};

const TEST: App = App {
    publishable_key: "pk_test_aGFwcHktaGlwcG8tMS5jbGVyay5hY2NvdW50cy5kZXYk",
    is_production: false,
    suffix: "MWTw9P_R",
    issuer: "happy-hippo-1.clerk.accounts.dev",
    base: "https://happy-hippo-1.clerk.accounts.dev",
    proxy: None,
    satellite: None,
};

const SIGN_IN: Option<&str> = Some("https://primary.example.org/sign-in");
const LIVE_SATELLITE: App = App { issuer: "clerk.satellite.example", base: "https://clerk.satellite.example", ..LIVE };

pub(super) static APPS: [App; 8] = [
    LIVE,
    App { proxy: Some("https://proxy.example.org/clerk/"), base: "https://proxy.example.org/clerk", ..LIVE },
    App { proxy: Some("/__clerk"), base: "https://app.example.com/__clerk", ..LIVE },
    App { satellite: Some(AppSatellite { sign_in_url: None, syncs_always: false }), ..LIVE_SATELLITE },
    App { satellite: Some(AppSatellite { sign_in_url: SIGN_IN, syncs_always: true }), ..LIVE_SATELLITE },
    TEST,
    App { satellite: Some(AppSatellite { sign_in_url: SIGN_IN, syncs_always: false }), ..TEST },
    App { satellite: Some(AppSatellite { sign_in_url: SIGN_IN, syncs_always: true }), ..TEST },
];

/// The domain of the satellites.
pub(super) const SATELLITE: &str = "satellite.example";

fn any_kind(random: &mut Random) -> &'static Kind {
    // Good and expired ones more often, because most rows need one.
    match random.below(10) {
        0..4 => &KINDS[random.below(5) as usize],
        4..6 => kind("expired"),
        _ => &KINDS[random.below(KINDS.len() as u64) as usize],
    }
}

pub(super) fn case(random: &mut Random) -> Case {
    let mut case = usual(random);
    for _ in 0..random.below(5) {
        change(&mut case, random);
    }
    // Where no suffixed time, or a suffixed 0, is present, the cookies without suffix count.
    case.is_suffixed &= !matches!(case.uat, Uat::Absent | Uat::Zero);
    case
}

/// A page that a signed-in user opens, or one of its usual relatives.
fn usual(random: &mut Random) -> Case {
    let app = &APPS[random.below(APPS.len() as u64) as usize];
    let mut case = Case {
        app,
        is_api: random.per_mille(80),
        method: "GET",
        fetch_dest: Some("document"),
        accept: Some("text/html,*/*"),
        has_host: true,
        path: "/",
        synced: None,
        back: None,
        browser_in_query: None,
        browser_in_cookie: true,
        nonce: None,
        handshake: None,
        payload: payload(random),
        bearer: None,
        session: Some(kind("good")),
        uat: Uat::Before,
        is_suffixed: random.per_mille(400),
        referrer: None,
        origin: None,
        redirects: None,
        has_refresh_token: false,
        refresh: refresh(random),
        has_keys: true,
    };
    match random.below(10) {
        0 => {
            let expired =
                [kind("expired"), kind("expired"), kind("expired, but new"), kind("expired, without a session")];
            case.session = Some(random.pick(&expired));
            case.has_refresh_token = random.per_mille(800);
        }
        1 => (case.session, case.uat) = (None, Uat::Absent),
        2 => case.nonce = Some(Place::Query),
        3 => case.handshake = handshake(random),
        4 => {
            // The refresh is for the session token, whatever it is.
            case.bearer = Some(("Bearer ", kind("expired")));
            let any = any_kind(random);
            case.session = random.pick(&[None, Some(kind("unreadable")), Some(any)]);
            case.has_refresh_token = random.per_mille(800);
        }
        5 => {
            case.back = Some("https://back.example/p?x=1");
            case.browser_in_query = random.pick(&[None, Some("dvb_query"), Some("")]);
        }
        6 => {
            case.referrer = Some(referrer(case.app, random));
            case.path = PATHS[random.below(PATHS.len() as u64) as usize].0;
        }
        7 => {
            case.session = Some(any_kind(random));
            case.uat = random.pick(&[Uat::Before, Uat::After]);
        }
        _ => {}
    }
    case
}

fn payload(random: &mut Random) -> Payload {
    match random.below(8) {
        0 => Payload::Nothing,
        1 => Payload::SignedOut,
        2..4 => Payload::Session(&KINDS[0]),
        _ => Payload::Session(any_kind(random)),
    }
}

fn refresh(random: &mut Random) -> Refresh {
    match random.below(12) {
        0 => Refresh::Lost,
        1 => Refresh::Refused,
        2 => Refresh::Unexpected,
        3 => Refresh::BrokenJson,
        4 => Refresh::NoCookies,
        5 => Refresh::NoSession,
        6 => Refresh::Session(random.pick(&[kind("of a template"), kind("of another user"), kind("forged")])),
        7 => Refresh::Session(any_kind(random)),
        _ => Refresh::Session(&KINDS[random.below(5) as usize]),
    }
}

fn handshake(random: &mut Random) -> Option<(Place, HandshakeToken)> {
    let place = random.pick(&[Place::Query, Place::Cookie]);
    let quality = random.weighted(&[
        (6, HandshakeToken::Good),
        (1, HandshakeToken::Unreadable),
        (1, HandshakeToken::Forged),
        (1, HandshakeToken::OfUnknownKey),
        (1, HandshakeToken::OfTemplate),
    ]);
    Some((place, quality))
}

/// Replaces one part.
fn change(case: &mut Case, random: &mut Random) {
    match random.below(22) {
        0 => case.method = random.pick(&["POST", "HEAD", "get"]),
        1 => case.fetch_dest = random.pick(&[None, Some("iframe"), Some("empty"), Some("image")]),
        2 => {
            case.fetch_dest = None;
            case.accept = random.pick(&[None, Some("application/json"), Some("*/*, text/html")]);
        }
        3 => case.has_host = random.per_mille(700),
        4 | 5 => case.path = PATHS[random.below(PATHS.len() as u64) as usize].0,
        6 => case.synced = random.pick(&[Some("true"), Some("false"), Some("")]),
        7 => case.back = random.pick(&[Some("https://back.example/p?x=1"), Some(""), Some("nowhere")]),
        8 => {
            case.browser_in_query = random.pick(&[Some("dvb_query"), Some("")]);
            case.browser_in_cookie &= random.per_mille(500);
        }
        9 => case.browser_in_cookie = false,
        10 => case.nonce = random.pick(&[Some(Place::Query), Some(Place::Cookie)]),
        11 => case.handshake = handshake(random),
        12 => {
            let scheme = random.pick(&["Bearer ", "bearer ", ""]);
            case.bearer = Some((scheme, any_kind(random)));
        }
        13 | 14 => case.session = if random.per_mille(200) { None } else { Some(any_kind(random)) },
        15 | 16 => case.uat = random.pick(&[Uat::Absent, Uat::Zero, Uat::Junk, Uat::Before, Uat::After]),
        17 => case.referrer = Some(referrer(case.app, random)),
        18 => case.origin = random.pick(&[Some("https://app.example.com"), Some("https://primary.example.org")]),
        19 => {
            let texts = [("1", 1), ("2", 2), ("3", 3), ("7", 7), ("junk", 0), ("-1", -1), ("2x", 2), ("0", 0)];
            case.redirects = Some(random.pick(&texts));
        }
        20 => case.has_refresh_token = true,
        _ => case.has_keys = random.per_mille(300),
    }
}

/// A `Referer`, and whether it is of another site.
fn referrer(app: &App, random: &mut Random) -> (&'static str, bool) {
    let portals: &[(&str, bool)] = match (app.proxy, app.is_production) {
        // The portal is not known.
        (Some(_), _) => &[("https://accounts.example.com/", true), ("https://accounts.x.lcl.dev/", true)],
        (None, true) if app.satellite.is_some() => &[("https://accounts.satellite.example/user", false)],
        (None, true) => &[("https://accounts.example.com/user", false), ("https://happy-hippo-1.accounts.dev/", true)],
        (None, false) => &[
            ("https://happy-hippo-1.accounts.dev/sign-in", false),
            ("https://accounts.x.lcl.dev/", false),
            ("https://other.clerk.accounts.dev/", true),
        ],
    };
    let all = [
        ("https://app.example.com/before", false),
        ("https://shop.example/", true),
        // A host is of Clerk, whatever its scheme, if Clerk's proxy is there.
        ("http://app.example.com/", !app.base.starts_with("https://app.example.com/")),
        ("android-app://com.example", true),
        ("not a url", false),
        (app.base, false),
        random.pick(portals),
    ];
    random.pick(&all)
}
