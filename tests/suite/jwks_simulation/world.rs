//! The simulated world: tasks that verify one token after the other, and events in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use clerk_sessions_auth::{AwsLcRs, JwksVerifier, Reason, VerifyToken};
use clerk_sessions_core::call::{CallContext, Flow, Step};
use clerk_sessions_core::{Api, CallOptions, Delivery, RetryPolicy, TransportError, TransportErrorKind};
use http::Response;

use super::model::{LONGEST_FETCH, LONGEST_PAUSE, Model, Served};
use super::phase::Phase;
use super::server::{Mood, Server};
use super::tokens::{Kind, Tokens, UNIX_START};
use crate::signing::rules;
use crate::simulation::queue::Queue;
use crate::simulation::random::Random;

/// The longest time until a call that waits looks again.
const LONGEST_WAIT: Duration = Duration::from_millis(16);
/// Many tasks get a token at the same time, this often.
const BURST: Duration = Duration::from_secs(97);

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ended {
    Accepted,
    Expired,
    Signature,
    Unknown,
    Unavailable,
    Dropped,
}

#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) ended: BTreeMap<Ended, u64>,
    steps: u64,
    fetches: u64,
    requests: u64,
    failures: u64,
    /// Fetches whose call was dropped.
    dropped_fetches: u64,
    most_at_once: usize,
    rotations: u64,
    took: Duration,
}

enum Event {
    Starts(usize),
    Wakes(u64),
    Lands(u64, Result<Response<Vec<u8>>, TransportError>, Option<Served>),
    IsDropped(u64),
    Feels,
    Rotates,
}

/// A call: the verification of one token.
struct Call {
    task: usize,
    kind: Kind,
    /// Its text is kept for good, so that the flow can borrow it. A run has few of them.
    flow: VerifyToken<'static>,
}

struct World<'a> {
    phase: &'a Phase,
    tokens: &'a Tokens,
    verifier: JwksVerifier,
    random: Random,
    now: Duration,
    began: Duration,
    queue: Queue<Event>,
    server: Server,
    model: Model,
    calls: BTreeMap<u64, Call>,
    started: u64,
    size: u64,
    report: Report,
}

/// Runs a phase with this many tokens.
///
/// # Errors
/// The first violation.
pub(super) fn run(phase: &Phase, tokens: &Tokens, seed: u64, size: u64) -> Result<Report, String> {
    let mut world = World::new(phase, tokens, seed, size);
    while world.started < size || !world.calls.is_empty() {
        let (at, event) = world.queue.pop().ok_or("nothing is left to happen")?;
        world.now = at;
        world.report.steps += 1;
        world.happens(event).map_err(|wrong| format!("step {} at {at:?}: {wrong}", world.report.steps))?;
    }
    world.end()
}

impl<'a> World<'a> {
    fn new(phase: &'a Phase, tokens: &'a Tokens, seed: u64, size: u64) -> Self {
        let mut random = Random::new(seed);
        let began = random.within(&(Duration::ZERO..Duration::from_secs(3600)));
        let options = CallOptions::new();
        let options = if phase.retries { options } else { options.retry(RetryPolicy::none()) };
        let context = CallContext::new(Api::new("sk_test_1").unwrap()).with_options(options);
        let verifier = JwksVerifier::new(context, AwsLcRs::new(), rules()).unwrap();
        let verifier = verifier.with_key_settings(phase.settings());
        let verifier = if phase.cache > 0 { verifier.with_cache(phase.cache) } else { verifier };
        let mut world = Self {
            phase,
            tokens,
            verifier,
            random,
            now: began,
            began,
            queue: Queue::new(),
            server: Server::new(tokens.count(), began),
            model: Model::new(phase),
            calls: BTreeMap::new(),
            started: 0,
            size,
            report: Report::default(),
        };
        // All tasks start at once, without keys.
        (0..phase.tasks).for_each(|task| world.schedule(Duration::ZERO, Event::Starts(task)));
        world.schedule(Duration::ZERO, Event::Feels);
        let rotates = world.random.within(&phase.rotates);
        world.schedule(rotates, Event::Rotates);
        world
    }

    fn end(mut self) -> Result<Report, String> {
        self.report.took = self.now - self.began;
        let report = &self.report;
        let times = |each: Duration| u64::try_from(report.took.as_millis() / each.as_millis()).unwrap() + 1;
        let most = times(self.phase.max_age) + times(self.phase.cooldown) + report.failures + report.dropped_fetches;
        if report.fetches > most {
            return Err(format!("{} fetches are more than {most}: {report:?}", report.fetches));
        }
        Ok(self.report)
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        let tie = self.random.next();
        self.queue.push(self.now + after, tie, event);
    }

    fn happens(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Starts(task) => return self.start(task),
            Event::Wakes(id) => return self.turn(id, None),
            Event::Lands(id, result, keys) => {
                let now = self.now;
                let Some(call) = self.calls.get_mut(&id) else { return Ok(()) };
                match result {
                    Ok(response) => call.flow.on_response(response, now),
                    Err(error) => call.flow.on_failure(error, now),
                }
                return self.turn(id, keys);
            }
            Event::IsDropped(id) => {
                if let Some(call) = self.calls.remove(&id) {
                    if self.model.is_fetched_by(id) {
                        self.model.is_dropped();
                        self.report.dropped_fetches += 1;
                    }
                    self.ends(call.task, Ended::Dropped);
                }
            }
            Event::Feels => {
                let mood = self.random.weighted(self.phase.moods);
                self.server.feel(mood, self.now);
                let lasts = self.random.within(&self.phase.mood_lasts);
                self.schedule(lasts, Event::Feels);
            }
            Event::Rotates => {
                self.server.rotate(&mut self.random, self.now);
                self.report.rotations += 1;
                let next = self.random.within(&self.phase.rotates);
                self.schedule(next, Event::Rotates);
            }
        }
        Ok(())
    }

    fn start(&mut self, task: usize) -> Result<(), String> {
        if self.started >= self.size {
            return Ok(());
        }
        self.started += 1;
        let id = self.started;
        let kind = self.kind();
        let token: &'static str = self.tokens.token(kind, &mut self.random).leak();
        let unix_time = UNIX_START + (self.now - self.began);
        let flow = self.verifier.verify(token, unix_time);
        self.calls.insert(id, Call { task, kind, flow });
        self.report.most_at_once = self.report.most_at_once.max(self.calls.len());
        if self.random.per_mille(self.phase.dropped_per_mille) {
            let after = self.random.within(&(Duration::ZERO..Duration::from_secs(3)));
            self.schedule(after, Event::IsDropped(id));
        }
        self.turn(id, None)
    }

    fn kind(&mut self) -> Kind {
        if self.random.per_mille(self.phase.forged_per_mille) {
            return Kind::Unknown;
        }
        // Any key that has signed so far, most often the current one.
        let current = self.server.current();
        let any = self.random.below(current as u64 + 1) as usize;
        match self.random.below(10) {
            0 => Kind::Expired(current),
            1 => Kind::Forged(current),
            2 | 3 => Kind::Good(any),
            _ => Kind::Good(current),
        }
    }

    /// Gets the next step of a call, whose last response had these keys.
    fn turn(&mut self, id: u64, keys: Option<Served>) -> Result<(), String> {
        let now = self.now;
        let Some(mut call) = self.calls.remove(&id) else { return Ok(()) };
        match call.flow.step(now) {
            Step::Send { timeout, .. } => {
                if !self.model.is_fetched_by(id) {
                    self.model.begins(id, call.kind, now)?;
                    self.report.fetches += 1;
                }
                self.report.requests += 1;
                self.send(id, timeout);
            }
            Step::Wait(wait) => {
                if !self.model.is_fetching() {
                    return Err(format!("{:?} waits, but nobody fetches", call.kind));
                }
                if wait > LONGEST_WAIT && !self.model.is_fetched_by(id) {
                    return Err(format!("{:?} waits {wait:?} for another call", call.kind));
                }
                self.schedule(wait, Event::Wakes(id));
            }
            Step::Done => return self.finish(id, call, keys),
        }
        self.calls.insert(id, call);
        Ok(())
    }

    fn send(&mut self, id: u64, timeout: Duration) {
        let keys = self.keys();
        match self.server.respond(self.tokens, &mut self.random, self.now) {
            Some((after, result)) if after < timeout => self.schedule(after, Event::Lands(id, result, keys)),
            _ => {
                let error = TransportError::new(TransportErrorKind::Timeout, Delivery::MaybeSent);
                self.schedule(timeout, Event::Lands(id, Err(error), None));
            }
        }
    }

    /// The keys that the server responds with now, if it is a key set.
    fn keys(&self) -> Option<Served> {
        let served = |is_right| Some(self.server.served.iter().map(|key| (*key, is_right)).collect());
        match self.server.mood {
            Mood::Honest | Mood::Slow => served(true),
            Mood::WrongIds => served(false),
            Mood::OtherKeys => Some(Served::new()),
            Mood::Down | Mood::Silent | Mood::Broken | Mood::Empty => None,
        }
    }

    fn finish(&mut self, id: u64, call: Call, keys: Option<Served>) -> Result<(), String> {
        let (now, kind) = (self.now, call.kind);
        let has_fetched = self.model.is_fetched_by(id) && keys.is_some();
        if self.model.is_fetched_by(id) {
            self.report.failures += u64::from(keys.is_none());
            self.model.ends(keys, now);
        }
        let ended = match call.flow.finish() {
            Ok(Ok(_)) => Ended::Accepted,
            Ok(Err(rejected)) => match rejected.reason() {
                Reason::TokenExpired => Ended::Expired,
                Reason::TokenInvalidSignature => Ended::Signature,
                Reason::JwkKidMismatch => Ended::Unknown,
                other => return Err(format!("{kind:?} ended with {other}")),
            },
            Err(_) => Ended::Unavailable,
        };
        let expected = self.model.expected(kind, has_fetched, now);
        if ended != expected {
            return Err(format!("{kind:?} is {ended:?}, expected {expected:?}"));
        }
        self.is_right(kind, ended)?;
        self.ends(call.task, ended);
        Ok(())
    }

    /// Checks an end against what only the server knows.
    fn is_right(&self, kind: Kind, ended: Ended) -> Result<(), String> {
        let (now, phase, server) = (self.now, self.phase, &self.server);
        let age = |since: Duration| now - since;
        let since_lie = server.lied_at.map(age);
        let lied_within = |time: Duration| since_lie.is_some_and(|since| since < time);
        let usable = phase.max_age.max(LONGEST_FETCH) + phase.stale_for;
        match (kind, ended) {
            (Kind::Good(key), Ended::Accepted) => {
                let withdrawn = server.withdrawn[key].map(age);
                if let Some(since) = withdrawn.filter(|since| *since >= usable) {
                    return Err(format!("key {key} was withdrawn {since:?} ago, and its token is accepted"));
                }
            }
            (Kind::Good(_), Ended::Signature) | (Kind::Forged(_), Ended::Accepted) if !lied_within(usable) => {
                return Err(format!("{kind:?} is {ended:?}, but the server did not lie"));
            }
            (Kind::Good(key), Ended::Unknown) if key == server.current() => {
                let soon = phase.cooldown + LONGEST_FETCH;
                if age(server.rotated_at) >= soon && !lied_within(soon) {
                    return Err(format!("key {key} is unknown {:?} after it came", age(server.rotated_at)));
                }
            }
            (_, Ended::Unavailable) => {
                // A fetch that began before may fail, and the pause after it is the longest one.
                let soon = LONGEST_FETCH + LONGEST_PAUSE;
                if let Some(since) = server.honest_since.map(age).filter(|since| *since >= soon) {
                    return Err(format!("no keys, though the server is well since {since:?}"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn ends(&mut self, task: usize, ended: Ended) {
        *self.report.ended.entry(ended).or_default() += 1;
        let mut pause = self.random.within(&self.phase.think);
        if self.random.below(10) < 4 {
            // Until the end of this or a later interval, at the same time as others.
            let at = (self.now + pause).as_nanos().div_ceil(BURST.as_nanos()) as u32 * BURST;
            pause = at - self.now;
        }
        self.schedule(pause, Event::Starts(task));
    }
}
