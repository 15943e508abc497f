//! One call, step by step.

use std::time::Duration;

use clerk_sessions_core::call::{self, Flow};
use clerk_sessions_core::http::{self, HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use clerk_sessions_core::{BuildError, Delivery, Error, TransportError, TransportErrorKind};

/// What to do next.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums)] // Every host has to do all three.
pub enum Step {
    /// Send this request, and report with [`Call::on_response`] or [`Call::on_failure`].
    Send(Request),
    /// Sleep, then ask again.
    Wait {
        /// For how long, in milliseconds.
        ms: u64,
    },
    /// Nothing: call [`Call::finish`].
    Done,
}

/// A request, to be sent as it is, with no redirect followed.
#[non_exhaustive]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body; empty if there is none.
    pub body: Vec<u8>,
    /// How long it may take, from looking the name up to the last byte of the response, in milliseconds.
    pub timeout_ms: u64,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither headers nor body nor query: they hold the secret key, tokens and names.
        let url = self.url.split('?').next().unwrap_or_default();
        write!(f, "{} {url} within {} ms", self.method, self.timeout_ms)
    }
}

/// Why a request brought no complete response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Whether the server may have processed it. When in doubt, [`Delivery::MaybeSent`].
    pub delivery: Delivery,
    /// What went wrong, a word of [`TransportErrorKind::as_str`]; any other is taken as `other`.
    pub kind: String,
    /// What the HTTP client says, with no header, body or query in it. What looks like a key or a token is left out of it.
    pub message: String,
}

impl Failure {
    /// A failure; see the fields.
    #[must_use]
    pub fn new(delivery: Delivery, kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { delivery, kind: kind.into(), message: message.into() }
    }

    fn into_error(self) -> TransportError {
        let kind = TransportErrorKind::from_word(&self.kind).unwrap_or(TransportErrorKind::Other);
        let error = TransportError::new(kind, self.delivery);
        if self.message.is_empty() { error } else { error.with_message(&self.message) }
    }
}

/// One call: ask for a [`step`](Self::step), do it, report, and ask again until it is [`Step::Done`]; then
/// [`finish`](Self::finish). `now_ms` is the time since any fixed point in milliseconds, the same for all calls of a client.
///
/// What is called out of turn is an error, and changes nothing.
pub struct Call {
    machine: Option<Box<dyn Machine>>,
    turn: Turn,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Step,
    Report,
    Finish,
    Over,
}

impl Call {
    /// The call of a flow whose output `read` turns into JSON; or of an error.
    pub(super) fn of<F: Flow + Send + Sync + 'static>(
        flow: Result<F, Error>,
        read: impl FnOnce(F::Output) -> Result<Vec<u8>, Error> + Send + Sync + 'static,
    ) -> Self {
        match flow {
            Ok(flow) => Self { machine: Some(Box::new(Running { flow, read })), turn: Turn::Step },
            Err(error) => Self::failed(error),
        }
    }

    /// A call that has failed with this error, for what goes wrong before there is a client to ask for one.
    #[must_use]
    pub fn failed(error: Error) -> Self {
        Self { machine: Some(Box::new(Failed(error))), turn: Turn::Step }
    }

    /// What to do next.
    ///
    /// # Errors
    /// [`Error::Build`]: the request under way has yet to be reported, or the call is finished.
    pub fn step(&mut self, now_ms: u64) -> Result<Step, Error> {
        let Some(machine) = &mut self.machine else { return Err(out_of_turn("step", Turn::Over)) };
        match self.turn {
            Turn::Step => {}
            Turn::Finish => return Ok(Step::Done),
            turn => return Err(out_of_turn("step", turn)),
        }
        Ok(match machine.step(Duration::from_millis(now_ms)) {
            call::Step::Send { request, timeout } => {
                self.turn = Turn::Report;
                Step::Send(Request::new(request, timeout))
            }
            call::Step::Wait(wait) => Step::Wait { ms: ms_of(wait) },
            call::Step::Done => {
                self.turn = Turn::Finish;
                Step::Done
            }
        })
    }

    /// Reports the response to the request of the last step, its body decompressed. If the status is not valid in HTTP, this
    /// counts as a failure. A header that is not valid in HTTP is dropped.
    ///
    /// # Errors
    /// [`Error::Build`]: no request is under way.
    pub fn on_response<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        status: u16,
        headers: impl IntoIterator<Item = (N, V)>,
        body: Vec<u8>,
        now_ms: u64,
    ) -> Result<(), Error> {
        let Ok(status) = StatusCode::from_u16(status) else {
            let failure = Failure::new(Delivery::MaybeSent, "protocol", format!("the status {status}"));
            return self.on_failure(failure, now_ms);
        };
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_ref());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_ref())) {
                // Refuses more headers than a map can hold, instead of panicking.
                let _ = all.try_append(name, value);
            }
        }
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = all;
        self.reported("on_response")?.on_response(response, Duration::from_millis(now_ms));
        Ok(())
    }

    /// Reports that the request of the last step brought no complete response.
    ///
    /// # Errors
    /// [`Error::Build`]: no request is under way.
    pub fn on_failure(&mut self, failure: Failure, now_ms: u64) -> Result<(), Error> {
        self.reported("on_failure")?.on_failure(failure.into_error(), Duration::from_millis(now_ms));
        Ok(())
    }

    fn reported(&mut self, what: &'static str) -> Result<&mut dyn Machine, Error> {
        match (&mut self.machine, self.turn) {
            (Some(machine), Turn::Report) => {
                self.turn = Turn::Step;
                Ok(&mut **machine)
            }
            (_, turn) => Err(out_of_turn(what, turn)),
        }
    }

    #[cfg(test)]
    pub(super) fn awaits_report(&self) -> bool {
        self.turn == Turn::Report
    }

    /// The result of the call, JSON. It can be taken once.
    ///
    /// # Errors
    /// Why the call did not succeed. [`Error::Build`] if it is not done, or was finished before.
    pub fn finish(&mut self) -> Result<Vec<u8>, Error> {
        let turn = self.turn;
        let done = self.machine.take_if(|_| turn == Turn::Finish);
        let machine = done.ok_or_else(|| out_of_turn("finish", turn))?;
        self.turn = Turn::Over;
        machine.finish()
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("turn", &name(self.turn)).finish_non_exhaustive()
    }
}

fn name(turn: Turn) -> &'static str {
    match turn {
        Turn::Step => "step",
        Turn::Report => "on_response or on_failure",
        Turn::Finish => "finish",
        Turn::Over => "nothing, as it is finished",
    }
}

fn out_of_turn(what: &'static str, turn: Turn) -> Error {
    BuildError::new(what, format!("was called out of turn: next is {}", name(turn))).into()
}

/// Rounded up: a host that waits a little less would have to wait again.
fn ms_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

impl Request {
    fn new(request: http::Request<Vec<u8>>, timeout: Duration) -> Self {
        let (parts, body) = request.into_parts();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            method: parts.method.as_str().to_owned(),
            url: parts.uri.to_string(),
            headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
            body,
            timeout_ms: ms_of(timeout),
        }
    }
}

/// A [`Flow`] whose output is JSON, behind a pointer.
trait Machine: Send + Sync {
    fn step(&mut self, now: Duration) -> call::Step;
    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration);
    fn on_failure(&mut self, error: TransportError, now: Duration);
    fn finish(self: Box<Self>) -> Result<Vec<u8>, Error>;
}

struct Running<F, R> {
    flow: F,
    read: R,
}

impl<F: Flow + Send + Sync, R: FnOnce(F::Output) -> Result<Vec<u8>, Error> + Send + Sync> Machine for Running<F, R> {
    fn step(&mut self, now: Duration) -> call::Step {
        self.flow.step(now)
    }

    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        self.flow.on_response(response, now);
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        self.flow.on_failure(error, now);
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>, Error> {
        let Self { flow, read } = *self;
        flow.finish().and_then(read)
    }
}

/// A call that can't be made.
struct Failed(Error);

impl Machine for Failed {
    fn step(&mut self, _: Duration) -> call::Step {
        call::Step::Done
    }

    fn on_response(&mut self, _: Response<Vec<u8>>, _: Duration) {}

    fn on_failure(&mut self, _: TransportError, _: Duration) {}

    fn finish(self: Box<Self>) -> Result<Vec<u8>, Error> {
        Err(self.0)
    }
}
