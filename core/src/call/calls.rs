//! [`RawCall`] and [`Call`]: one call of an operation, without and with decoding of the response.

use std::time::Duration;
use std::{fmt, mem};

use http::{Request, Response};

use super::context::CallContext;
use super::machine::{Machine, Source};
use super::step::{Flow, Step};
use crate::api::Api;
use crate::error::{Error, TransportError};
use crate::json::Fault;
use crate::metadata::Metadata;
use crate::operation::Operation;
use crate::response;

impl<O: Operation> Source for O {
    fn request(&self, api: &Api) -> Result<Request<Vec<u8>>, Error> {
        api.request(self)
    }
}

/// The operation of a [`RawCall`].
trait Checked: Send + Sync {
    fn source(&self) -> &dyn Source;

    /// Decodes and checks a 2xx body.
    fn check(&self, body: &[u8]) -> Result<(), Fault>;
}

impl<O: Operation + Send + Sync> Checked for O {
    fn source(&self) -> &dyn Source {
        self
    }

    fn check(&self, body: &[u8]) -> Result<(), Fault> {
        response::decode(self, body).map(drop)
    }
}

/// One call of any operation, with its retries. Its result is the undecoded 2xx response.
///
/// Use it to pass the server's JSON on, as bindings do: [`registry::call`](crate::registry::call) returns one. In Rust programs,
/// [`Call`] is the better choice, as it decodes the response.
pub struct RawCall {
    machine: Box<Machine>,
    operation: Box<dyn Checked>,
}

impl RawCall {
    /// A call that fails if `operation` can't decode the 2xx response, or if the response is for something else.
    pub(crate) fn checked<O>(context: &CallContext, operation: O) -> Result<Self, Error>
    where
        O: Operation + Send + Sync + 'static,
    {
        let machine = Machine::new(context.clone(), O::METADATA, &operation)?;
        Ok(Self { machine, operation: Box::new(operation) })
    }

    /// The operation of this call.
    #[must_use]
    pub fn metadata(&self) -> &'static Metadata {
        self.machine.metadata()
    }

    /// The number of attempts so far, including one in progress.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.machine.attempts()
    }
}

impl Flow for RawCall {
    type Output = Response<Vec<u8>>;

    fn step(&mut self, now: Duration) -> Step {
        self.machine.step(self.operation.source(), now)
    }

    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        self.machine.on_response(self.operation.source(), response, now);
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        self.machine.on_failure(self.operation.source(), error, now);
    }

    fn finish(mut self) -> Result<Response<Vec<u8>>, Error> {
        let response = mem::take(self.machine.response()?);
        match self.operation.check(response.body()) {
            Ok(()) => Ok(response),
            Err(fault) => Err(self.machine.unreadable(self.operation.source(), response, fault)),
        }
    }
}

impl fmt::Debug for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.machine.fmt(f)
    }
}

/// One call of the operation `O`, with its retries. Its result is the decoded response.
///
/// [`CallContext::call`] creates one. Drive it as a [`Flow`].
pub struct Call<O> {
    machine: Box<Machine>,
    operation: O,
}

impl CallContext {
    /// Creates a call of this operation, by value or by reference. It sends nothing; drive it as a [`Flow`].
    ///
    /// # Errors
    /// [`Error::Build`]: a parameter is invalid.
    pub fn call<O: Operation>(&self, operation: O) -> Result<Call<O>, Error> {
        self.clone().into_call(operation)
    }

    /// Same as [`call`](Self::call), but consumes the context.
    pub(crate) fn into_call<O: Operation>(self, operation: O) -> Result<Call<O>, Error> {
        Ok(Call { machine: Machine::new(self, O::METADATA, &operation)?, operation })
    }
}

impl<O: Operation> Flow for Call<O> {
    type Output = O::Output;

    fn step(&mut self, now: Duration) -> Step {
        self.machine.step(&self.operation, now)
    }

    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        self.machine.on_response(&self.operation, response, now);
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        self.machine.on_failure(&self.operation, error, now);
    }

    fn finish(mut self) -> Result<O::Output, Error> {
        let response = self.machine.response()?;
        match response::decode(&self.operation, response.body()) {
            Ok(output) => Ok(output),
            Err(fault) => {
                let response = mem::take(response);
                Err(self.machine.unreadable(&self.operation, response, fault))
            }
        }
    }
}

impl<O> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.machine.fmt(f)
    }
}
