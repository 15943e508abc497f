//! [`VerifyToken`] and [`WarmUp`]: verification that fetches keys where they are missing, as flows without I/O.

use std::time::Duration;

use clerk_sessions_core::call::{Call, Flow, Step};
use clerk_sessions_core::http::Response;
use clerk_sessions_core::{BuildError, Error, TransportError};

use super::key_cache::{Fetched, Fetching, Found, Lookup};
use super::operation::{GetJwks, GetPublicJwks};
use super::verifier::{JwksVerifier, Source};
use crate::error::Rejected;
use crate::key_set::{KeyDocument, KeySet};
use crate::verifier::{Unsigned, Verified, unknown_key};

/// How long a call first waits for the keys that another call fetches. It doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(16);

/// A fetch of keys.
pub(super) enum Fetch {
    Backend(Call<GetJwks>),
    Frontend(Call<GetPublicJwks>),
}

impl Fetch {
    fn new(verifier: &JwksVerifier) -> Result<Self, Error> {
        let context = verifier.context();
        Ok(match verifier.source() {
            Source::Backend => Self::Backend(context.call(GetJwks)?),
            Source::Frontend => Self::Frontend(context.call(GetPublicJwks)?),
        })
    }

    fn step(&mut self, now: Duration) -> Step {
        match self {
            Self::Backend(call) => call.step(now),
            Self::Frontend(call) => call.step(now),
        }
    }

    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        match self {
            Self::Backend(call) => call.on_response(response, now),
            Self::Frontend(call) => call.on_response(response, now),
        }
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        match self {
            Self::Backend(call) => call.on_failure(error, now),
            Self::Frontend(call) => call.on_failure(error, now),
        }
    }

    fn finish(self) -> Result<KeyDocument, Error> {
        match self {
            Self::Backend(call) => call.finish(),
            Self::Frontend(call) => call.finish(),
        }
    }
}

/// Finds a key, and fetches the key set for it if that is allowed.
pub(crate) struct FindKey {
    wait: Duration,
    under_way: Option<Box<(Fetching, Fetch)>>,
    /// Whether a request is sent and not reported yet.
    is_sent: bool,
}

/// What [`FindKey`] needs next, or found.
#[allow(clippy::large_enum_variant)] // It is short-lived, on the stack.
pub(crate) enum Finding {
    Next(Step),
    Found(Found),
    Unknown,
    Unavailable(Error),
}

impl FindKey {
    pub(crate) fn new() -> Self {
        Self { wait: FIRST_WAIT, under_way: None, is_sent: false }
    }

    pub(crate) fn step(&mut self, verifier: &JwksVerifier, id: Option<&str>, now: Duration) -> Finding {
        if self.is_sent {
            return Finding::Next(Step::Done);
        }
        loop {
            let (fetching, mut fetch) = match self.under_way.take() {
                Some(under_way) => *under_way,
                None => match verifier.find_key(id, now) {
                    Lookup::Found(found) => return Finding::Found(found),
                    Lookup::Unknown => return Finding::Unknown,
                    Lookup::Unavailable(error) => return Finding::Unavailable(error),
                    Lookup::Wait => {
                        let wait = self.wait;
                        self.wait = (wait * 2).min(LONGEST_WAIT);
                        return Finding::Next(Step::Wait(wait));
                    }
                    Lookup::Fetch(fetching) => match Fetch::new(verifier) {
                        Ok(fetch) => (fetching, fetch),
                        Err(error) => return Finding::Unavailable(error),
                    },
                },
            };
            match fetch.step(now) {
                Step::Done => {}
                step => {
                    self.is_sent = matches!(step, Step::Send { .. });
                    self.under_way = Some(Box::new((fetching, fetch)));
                    return Finding::Next(step);
                }
            }
            match fetch.finish() {
                Ok(document) => {
                    let keys = KeySet::new(&document, verifier.crypto());
                    match fetching.succeeded(keys, id, now) {
                        Fetched::Found(found) => return Finding::Found(found),
                        Fetched::Unknown => return Finding::Unknown,
                        Fetched::Superseded => {}
                    }
                }
                Err(error) => {
                    fetching.failed(&error, now);
                    // Keys that are too old may be allowed now.
                    return match verifier.find_key(id, now) {
                        Lookup::Found(found) => Finding::Found(found),
                        _ => Finding::Unavailable(error),
                    };
                }
            }
        }
    }

    pub(crate) fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        self.is_sent = false;
        if let Some(under_way) = &mut self.under_way {
            under_way.1.on_response(response, now);
        }
    }

    pub(crate) fn on_failure(&mut self, error: TransportError, now: Duration) {
        self.is_sent = false;
        if let Some(under_way) = &mut self.under_way {
            under_way.1.on_failure(error, now);
        }
    }
}

/// Verifies one token, and fetches keys if they are missing or too old. [`JwksVerifier::verify`] creates it.
///
/// Its result is what the token says, or why it was rejected. Its error is an outage: the keys can't be fetched.
pub struct VerifyToken<'a> {
    verifier: JwksVerifier,
    token: &'a str,
    /// The time of day at the start of the flow.
    unix_time: Duration,
    /// The transport's time at the start of the flow.
    started: Option<Duration>,
    state: State,
}

enum State {
    Start,
    Finding(Box<Unsigned<'static>>, FindKey),
    Done(Result<Result<Verified, Rejected>, Error>),
}

impl JwksVerifier {
    /// Begins to verify a token. `unix_time` is the time since 1970-01-01 00:00:00 UTC. Drive it as a
    /// [`Flow`](clerk_sessions_core::call::Flow).
    #[must_use]
    pub fn verify<'a>(&self, token: &'a str, unix_time: Duration) -> VerifyToken<'a> {
        VerifyToken::new(self.clone(), token, unix_time)
    }

    /// Begins to fetch the keys, unless there are new ones. Drive it as a [`Flow`](clerk_sessions_core::call::Flow) before the first
    /// request, so that no request has to wait for it.
    #[must_use]
    pub fn warm_up(&self) -> WarmUp {
        WarmUp::new(self.clone())
    }
}

impl<'a> VerifyToken<'a> {
    pub(super) fn new(verifier: JwksVerifier, token: &'a str, unix_time: Duration) -> Self {
        Self { verifier, token, unix_time, started: None, state: State::Start }
    }

    /// Makes the checks that need no key. Returns the state after them.
    fn start(&self, now: Duration) -> State {
        let checks = self.verifier.checks();
        if checks.cache.is_some() {
            let epoch = self.verifier.epoch(now);
            if let Some(claims) = epoch.and_then(|epoch| checks.cached(self.token, epoch, self.unix_time)) {
                return State::Done(Ok(Ok(Verified::new(claims))));
            }
        }
        let done = |result| State::Done(Ok(result));
        let token = match checks.unsigned(self.token) {
            Ok(token) => token,
            Err(rejected) => return done(Err(rejected)),
        };
        if let Err(rejected) = checks.rules.check_header(&token.header) {
            return done(Err(rejected));
        }
        let Some(id) = token.header.key_id.as_deref() else { return done(Err(unknown_key())) };
        // Nearly always there is the key, and the flow needs no more steps.
        match self.verifier.fresh_key(id, now) {
            Some(Found { key, epoch }) => done(checks.signed(self.token, &token, &key, epoch, self.unix_time)),
            None => State::Finding(Box::new(token.into_owned()), FindKey::new()),
        }
    }
}

impl Flow for VerifyToken<'_> {
    type Output = Result<Verified, Rejected>;

    fn step(&mut self, now: Duration) -> Step {
        let started = *self.started.get_or_insert(now);
        if let State::Start = self.state {
            self.state = self.start(now);
        }
        let State::Finding(token, find) = &mut self.state else { return Step::Done };
        let result = match find.step(&self.verifier, token.header.key_id.as_deref(), now) {
            Finding::Next(step) => return step,
            Finding::Unknown => Ok(Err(unknown_key())),
            Finding::Unavailable(error) => Err(error),
            Finding::Found(Found { key, epoch }) => {
                let unix_time = self.unix_time.saturating_add(now.saturating_sub(started));
                Ok(self.verifier.checks().signed(self.token, token, &key, epoch, unix_time))
            }
        };
        self.state = State::Done(result);
        Step::Done
    }

    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        if let State::Finding(_, find) = &mut self.state {
            find.on_response(response, now);
        }
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        if let State::Finding(_, find) = &mut self.state {
            find.on_failure(error, now);
        }
    }

    fn finish(self) -> Result<Self::Output, Error> {
        match self.state {
            State::Done(result) => result,
            State::Start | State::Finding(..) => Err(early()),
        }
    }
}

/// Fetches the keys if there are none, or if they are too old. [`JwksVerifier::warm_up`] creates it.
pub struct WarmUp {
    verifier: JwksVerifier,
    find: FindKey,
    result: Option<Result<(), Error>>,
}

impl WarmUp {
    pub(super) fn new(verifier: JwksVerifier) -> Self {
        Self { verifier, find: FindKey::new(), result: None }
    }
}

impl Flow for WarmUp {
    type Output = ();

    fn step(&mut self, now: Duration) -> Step {
        if self.result.is_some() {
            return Step::Done;
        }
        self.result = Some(match self.find.step(&self.verifier, None, now) {
            Finding::Next(step) => return step,
            Finding::Found(_) | Finding::Unknown => Ok(()),
            Finding::Unavailable(error) => Err(error),
        });
        Step::Done
    }

    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        self.find.on_response(response, now);
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        self.find.on_failure(error, now);
    }

    fn finish(self) -> Result<(), Error> {
        self.result.unwrap_or_else(|| Err(early()))
    }
}

/// The error of a flow that is finished too early.
fn early() -> Error {
    Error::Build(BuildError::new("finish", "was called before the flow was done"))
}

impl std::fmt::Debug for VerifyToken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifyToken").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WarmUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WarmUp").finish_non_exhaustive()
    }
}
