//! The simulated world: workers that make calls of one client one after the other, and events in virtual time.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use clerk_sessions_core::call::{CallContext, Step};
use clerk_sessions_core::{Api, Delivery, TransportErrorKind, registry};
use clerk_sessions_fake::DEFAULT_SECRET_KEY;
use http::{Request, StatusCode};

use super::call::{Call, Id, Note, Reason};
use super::model::{Budget, Check, FORGOTTEN, Pauses, ensure};
use super::network::{Fate, Letter, Network, Traffic, way_back};
use super::phase::Phase;
use super::queue::Queue;
use super::random::Random;
use super::response::Outcome;

enum Event {
    Starts(usize),
    Wakes(Id),
    Arrives(Box<Letter>),
    Lands(Id, Outcome),
    IsGivenUp(Id),
}

/// The state of a call after an event.
enum Turn {
    GoesOn,
    /// The call has ended. If it sent nothing, this is the minimum and maximum time that it would have had to wait in the queue.
    Ends {
        held_for: Option<(Duration, Duration)>,
    },
    IsGivenUp,
}

/// The outcome of an attempt whose time limit ran out after it was sent.
const TOO_LATE: Outcome = Outcome::Failure(TransportErrorKind::Timeout, Delivery::MaybeSent);

/// The time at the start in which requests are counted separately.
const WINDOW: Duration = Duration::from_secs(10);

/// The length of a run. After it, no call is started, and the current calls are finished.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    Steps(u64),
    Calls(u64),
}

/// The result of a phase.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) steps: u64,
    pub(super) calls: u64,
    pub(super) sends: u64,
    pub(super) waits: u64,
    pub(super) given_up: u64,
    pub(super) ended: BTreeMap<Reason, u64>,
    /// The time from the start to the end of the last call.
    pub(super) took: Duration,
    /// The number of calls of each worker that ended after the first ten seconds.
    pub(super) by_worker: Vec<u64>,
    pub(super) traffic: Traffic,
    /// The traffic of the first ten seconds.
    pub(super) first_window: Traffic,
    /// The hash of all events.
    pub(super) digest: u64,
}

struct World<'a> {
    phase: &'a Phase,
    size: Size,
    random: Random,
    now: Duration,
    began: Duration,
    first_arrival: Option<Duration>,
    queue: Queue<Event>,
    network: Network,
    callers: Vec<CallContext>,
    calls: Vec<Option<Call>>,
    /// The number of calls that each worker has started.
    started: Vec<usize>,
    /// The pauses of rejected operations.
    pauses: BTreeMap<&'static str, Pauses>,
    budget: Budget,
    digest: DefaultHasher,
    report: Report,
}

/// Runs a phase.
///
/// # Errors
/// The first violation, with the step and the trace of the call.
pub(super) fn run(phase: &Phase, seed: u64, size: Size) -> Result<Report, String> {
    let mut world = World::new(phase, seed, size);
    while let Some((at, event)) = world.queue.pop() {
        world.now = at;
        world.report.steps += 1;
        world.happens(event).map_err(|wrong| format!("step {} at {at:?}: {wrong}", world.report.steps))?;
    }
    let report = world.end()?;
    (phase.promises)(&report).map_err(|wrong| format!("at the end: {wrong}"))?;
    Ok(report)
}

impl<'a> World<'a> {
    fn new(phase: &'a Phase, seed: u64, size: Size) -> Self {
        let mut random = Random::new(seed);
        let api = Api::builder(DEFAULT_SECRET_KEY).base_url("http://localhost/v1").build().expect("the URL is valid");
        let caller = CallContext::new(api);
        let callers = phase.options.iter().map(|options| caller.clone().with_options(options())).collect();
        let began = random.within(&(Duration::ZERO..Duration::from_secs(3600)));
        let mut world = Self {
            phase,
            size,
            random,
            now: began,
            began,
            first_arrival: None,
            queue: Queue::new(),
            network: Network::new(phase.rate_limit, phase.rate_limit_scope),
            callers,
            calls: (0..phase.workers).map(|_| None).collect(),
            started: vec![0; phase.workers],
            pauses: BTreeMap::new(),
            budget: Budget::new(),
            digest: DefaultHasher::new(),
            report: Report { by_worker: vec![0; phase.workers], ..Report::default() },
        };
        (0..phase.workers).for_each(|worker| world.schedule(Duration::ZERO, Event::Starts(worker)));
        world
    }

    fn end(mut self) -> Result<Report, String> {
        if let Some(call) = self.calls.iter().flatten().next() {
            return Err(format!("nothing is left to happen, but a call has not ended: {}", call.trace));
        }
        self.report.traffic = self.network.traffic;
        self.report.digest = self.digest.finish();
        Ok(self.report)
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        let tie = self.random.next();
        self.queue.push(self.now + after, tie, event);
    }

    fn happens(&mut self, event: Event) -> Check {
        match event {
            Event::Starts(worker) => self.start(worker),
            Event::Wakes(id) => self.with_call(id, |world, call| world.turn(id.0, call)),
            Event::Arrives(letter) => self.arrive(*letter),
            Event::Lands(id, outcome) => self.with_call(id, |world, call| world.land(id.0, call, outcome)),
            Event::IsGivenUp(id) => self.with_call(id, |world, call| Ok(world.give_up(call))),
        }
    }

    /// Passes an event to a call, if the call has not ended.
    fn with_call(
        &mut self,
        (worker, number): Id,
        happens: impl FnOnce(&mut Self, &mut Call) -> Result<Turn, String>,
    ) -> Check {
        let Some(mut call) = self.calls[worker].take_if(|call| call.number == number) else { return Ok(()) };
        let turn = happens(self, &mut call).map_err(|wrong| format!("{wrong}\n{}", call.trace))?;
        if let Turn::GoesOn = turn {
            self.calls[worker] = Some(call);
            return Ok(());
        }
        self.report.took = self.now - self.began;
        if self.first_arrival.is_some_and(|first| self.now >= first + WINDOW) {
            self.report.by_worker[worker] += 1;
        }
        let pause = self.random.within(&self.phase.think);
        self.schedule(pause, Event::Starts(worker));
        match turn {
            Turn::Ends { held_for } => call.finish(held_for),
            _ => Ok(()),
        }
    }

    fn start(&mut self, worker: usize) -> Check {
        let (done, size) = match self.size {
            Size::Steps(steps) => (self.report.steps, steps),
            Size::Calls(calls) => (self.report.calls, calls),
        };
        if done >= size {
            return Ok(());
        }
        self.report.calls += 1;
        let id = (worker, self.report.calls);
        let mut call = self.new_call(worker, id.1);
        let starts = Note::Starts(call.metadata().id);
        self.note(&mut call, starts);
        if self.random.per_mille(self.phase.given_up_per_mille) {
            let after = self.random.within(&(Duration::ZERO..Duration::from_secs(2)));
            self.schedule(after, Event::IsGivenUp(id));
        }
        self.calls[worker] = Some(call);
        self.with_call(id, |world, call| world.turn(worker, call))
    }

    fn new_call(&mut self, worker: usize, number: u64) -> Call {
        let at = self.random.below(self.callers.len() as u64) as usize;
        let operation = match self.phase.in_turns {
            true => self.phase.operations[(worker + self.started[worker]) % self.phase.operations.len()],
            false => self.random.pick(self.phase.operations),
        };
        self.started[worker] += 1;
        let parameters = self.network.parameters(operation, self.now, &mut self.random).to_string();
        let call = registry::call(&self.callers[at], operation, parameters.as_bytes());
        Call::new(number, call.expect("the parameters are good"), *self.callers[at].options(), self.now)
    }

    fn note(&mut self, call: &mut Call, note: Note) {
        (self.now, call.number, note).hash(&mut self.digest);
        call.note(self.now, note);
    }

    /// Gets the next step of a call, and performs it.
    fn turn(&mut self, worker: usize, call: &mut Call) -> Result<Turn, String> {
        let now = self.now;
        match call.step(self.now, self.phase.oversleep)? {
            Step::Send { request, timeout } => {
                self.note(call, Note::Sends { timeout });
                call.sends(&request, timeout, self.now)?;
                let pause = self.pauses.get(call.metadata().id).map(|pauses| pauses.hold(now).0);
                ensure!(
                    pause.is_none_or(|pause| pause.is_zero()),
                    "a request is sent {pause:?} before the end of the pause"
                );
                call.reserved = false;
                self.report.sends += 1;
                self.send(worker, call, request, timeout);
            }
            Step::Wait(wait) => {
                self.note(call, Note::Waits(wait));
                call.waits(wait, self.hold(call), now)?;
                self.report.waits += 1;
                let late = self.random.within(&(Duration::ZERO..self.phase.oversleep));
                self.schedule(wait + late, Event::Wakes((worker, call.number)));
            }
            Step::Done => {
                let hold = self.hold(call);
                let reason = call.ends(hold, now)?;
                self.note(call, Note::Ends(reason));
                *self.report.ended.entry(reason).or_default() += 1;
                self.refund(call);
                return Ok(Turn::Ends { held_for: (!call.left(now).is_zero()).then_some(hold.unwrap_or_default()) });
            }
        }
        Ok(Turn::GoesOn)
    }

    fn send(&mut self, worker: usize, call: &Call, request: Request<Vec<u8>>, timeout: Duration) {
        let id = (worker, call.number);
        let fate = self.random.weighted(self.phase.fates);
        let there = self.random.within(&self.phase.latency) / 2;
        if let Fate::Unsent = fate {
            let (after, kind) = match self.random.below(3) {
                0 => (there.min(timeout), TransportErrorKind::Connect),
                1 => (there.min(timeout), TransportErrorKind::Tls),
                _ => (timeout, TransportErrorKind::Timeout),
            };
            return self.schedule(after, Event::Lands(id, Outcome::Failure(kind, Delivery::NotSent)));
        }
        if there >= timeout {
            // The request still arrives, but the client does not wait for the response.
            self.schedule(timeout, Event::Lands(id, TOO_LATE));
        }
        let letter = Letter {
            id,
            request,
            once: call.once(),
            fate,
            arrives: self.now + there,
            back: way_back(fate, &self.phase.latency, &mut self.random),
            due: self.now + timeout,
        };
        self.schedule(there, Event::Arrives(Box::new(letter)));
    }

    fn arrive(&mut self, letter: Letter) -> Check {
        let (id, back, left) = (letter.id, letter.back, letter.due.saturating_sub(self.now));
        let outcome = self.network.deliver(letter, &mut self.random).map_err(|wrong| match &self.calls[id.0] {
            Some(call) if call.number == id.1 => format!("{wrong}\n{}", call.trace),
            _ => wrong,
        })?;
        if self.now < *self.first_arrival.get_or_insert(self.now) + WINDOW {
            self.report.first_window = self.network.traffic;
        }
        if back <= left {
            self.schedule(back, Event::Lands(id, outcome));
        } else if !left.is_zero() {
            self.schedule(left, Event::Lands(id, TOO_LATE));
        }
        Ok(())
    }

    fn land(&mut self, worker: usize, call: &mut Call, outcome: Outcome) -> Result<Turn, String> {
        let status = outcome.status();
        let rejected = status == Some(StatusCode::TOO_MANY_REQUESTS);
        let granted = status.is_some() && !rejected;
        self.note(call, Note::of(&outcome));
        if rejected {
            let (now, workers) = (self.now, self.phase.workers);
            let pauses = self.pauses.entry(call.metadata().id).or_insert_with(|| Pauses::new(workers));
            pauses.rejects(now, outcome.asked());
        }
        let on_budget = call.hears(outcome, &self.budget, self.now);
        let turn = self.turn(worker, call)?;
        if on_budget && matches!(turn, Turn::GoesOn) {
            self.budget.pays();
            call.reserved = true;
        }
        if granted {
            self.budget.earns();
        }
        Ok(turn)
    }

    fn give_up(&mut self, call: &mut Call) -> Turn {
        self.note(call, Note::IsGivenUp);
        self.refund(call);
        self.report.given_up += 1;
        Turn::IsGivenUp
    }

    /// Returns a planned retry that is not made to the budget.
    fn refund(&mut self, call: &mut Call) {
        if std::mem::take(&mut call.reserved) {
            self.budget.refunds();
        }
    }

    /// The minimum and maximum wait that a call may get; `None` if it has to be sent, because its operation was never rejected, or the
    /// last rejection is too long ago.
    fn hold(&mut self, call: &Call) -> Option<(Duration, Duration)> {
        let now = self.now;
        let (least, most) = self.pauses.get(call.metadata().id)?.hold(now);
        let last_pause = self.pauses.values().map(Pauses::pause_ends).max();
        if last_pause.is_some_and(|end| now >= end + FORGOTTEN) {
            return None;
        }
        // Rejected operations may share a limit, and then wait for each other.
        let others = self.pauses.values().map(|pauses| pauses.hold(now).1);
        Some((least, others.fold(most, Duration::max)))
    }
}
