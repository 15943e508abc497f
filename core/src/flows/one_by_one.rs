//! [`Revoking`] as one flow: each list and each revoke in turn.

use std::time::Duration;

use http::Response;

use super::revoking::{RevokeAll, RevokeReport, Revoking, Work};
use crate::caller::Caller;
use crate::error::{Error, TransportError};
use crate::exchange::{Exchange, Flow, Step};
use crate::model::SessionId;
use crate::operations::{ListSessions, RevokeSession};

/// Revokes all active sessions of a user or a client, one by one. What fails later than the first list is in the report.
#[derive(Debug)]
pub struct RevokingOneByOne {
    caller: Caller,
    revoking: Revoking,
    /// What was handed out to be revoked, the next one last.
    waiting: Vec<SessionId>,
    call: Call,
    awaiting: bool,
}

#[derive(Debug)]
enum Call {
    None,
    List(Exchange<ListSessions>),
    Revoke(SessionId, Exchange<RevokeSession>),
}

impl RevokingOneByOne {
    /// Starts.
    #[must_use]
    pub fn new(caller: Caller, all: RevokeAll) -> Self {
        Self { caller, revoking: Revoking::new(all), waiting: Vec::new(), call: Call::None, awaiting: false }
    }

    /// Begins the next call, if there is one.
    #[inline]
    fn begin(&mut self) -> bool {
        loop {
            if let Some(id) = self.waiting.pop() {
                match self.caller.exchange(&RevokeSession::new(&id)) {
                    Ok(call) => self.call = Call::Revoke(id, call),
                    Err(error) => {
                        self.revoking.on_revoke(id, Err(error));
                        continue;
                    }
                }
                return true;
            }
            match self.revoking.work() {
                Work::List(list) => match self.caller.exchange(&list) {
                    Ok(call) => {
                        self.call = Call::List(call);
                        return true;
                    }
                    Err(error) => self.revoking.on_list(Err(error)),
                },
                Work::Revoke(mut ids) => {
                    ids.reverse();
                    self.waiting = ids;
                }
                Work::Done => return false,
            }
        }
    }
}

impl Flow for RevokingOneByOne {
    type Output = RevokeReport;

    #[inline]
    fn step(&mut self, now: Duration) -> Step {
        if self.awaiting {
            return Step::Done;
        }
        loop {
            let step = match &mut self.call {
                Call::None => Step::Done,
                Call::List(call) => call.step(now),
                Call::Revoke(_, call) => call.step(now),
            };
            self.awaiting = matches!(step, Step::Send { .. });
            if !matches!(step, Step::Done) {
                return step;
            }
            match std::mem::replace(&mut self.call, Call::None) {
                Call::None => {}
                Call::List(call) => self.revoking.on_list(call.finish()),
                Call::Revoke(id, call) => self.revoking.on_revoke(id, call.finish()),
            }
            if !self.begin() {
                return Step::Done;
            }
        }
    }

    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        self.awaiting = false;
        match &mut self.call {
            Call::None => {}
            Call::List(call) => call.on_response(response, now),
            Call::Revoke(_, call) => call.on_response(response, now),
        }
    }

    fn on_failure(&mut self, error: TransportError, now: Duration) {
        self.awaiting = false;
        match &mut self.call {
            Call::None => {}
            Call::List(call) => call.on_failure(error, now),
            Call::Revoke(_, call) => call.on_failure(error, now),
        }
    }

    fn finish(self) -> Result<RevokeReport, Error> {
        self.revoking.finish()
    }
}
