//! [`RevokingOneByOne`]: [`Revoking`] as one flow, one call after the other.

use std::time::Duration;

use http::Response;

use super::revoke_all::{RevokeAll, RevokeReport};
use super::revoking::{Revoking, Work};
use crate::call::{Call, CallContext, Flow, Step};
use crate::error::{Error, TransportError};
use crate::model::SessionId;
use crate::operations::{ListSessions, RevokeSession};

/// Revokes all sessions of a user, or on a client, one by one: "sign out everywhere" as a single [`Flow`].
///
/// [`Sessions::revoke_all`](crate::Sessions::revoke_all) runs it. Use it directly to drive calls without a client, in one thread.
///
/// [`finish`](Flow::finish) returns a [`RevokeReport`]. It returns an error if an id is empty, or if listing failed before the
/// first revoke. Later errors are in the report.
///
/// You can finish it early. Then the report has the revokes that completed before its last step, but none that is in flight or
/// has not begun. Its `incomplete` is `None` and its [`is_complete`](RevokeReport::is_complete) is `false`.
///
/// ```
/// use clerk_sessions_core::flows::RevokingOneByOne;
/// use clerk_sessions_core::transport::{Transport, drive};
/// use clerk_sessions_core::{Client, Error, RevokeAll, RevokeReport};
///
/// fn sign_out<T: Transport>(clerk: &Client<T>) -> Result<RevokeReport, Error> {
///     let revoking = RevokingOneByOne::new(clerk.context().clone(), RevokeAll::of_user("user_123"));
///     drive(clerk.transport(), revoking)
/// }
/// ```
#[derive(Debug)]
pub struct RevokingOneByOne {
    context: CallContext,
    revoking: Revoking,
    /// The sessions to revoke, in reverse order.
    waiting: Vec<SessionId>,
    current: Current,
    awaiting: bool,
}

#[derive(Debug)]
enum Current {
    None,
    List(Call<ListSessions>),
    Revoke(SessionId, Call<RevokeSession>),
}

impl Current {
    #[inline]
    fn step(&mut self, now: Duration) -> Step {
        match self {
            Self::None => Step::Done,
            Self::List(call) => call.step(now),
            Self::Revoke(_, call) => call.step(now),
        }
    }
}

impl RevokingOneByOne {
    /// Creates the flow. It sends nothing yet.
    #[must_use]
    #[inline]
    pub fn new(context: CallContext, all: RevokeAll) -> Self {
        Self { context, revoking: Revoking::new(all), waiting: Vec::new(), current: Current::None, awaiting: false }
    }

    /// Begins the next call, if there is one.
    #[inline]
    fn begin(&mut self) -> bool {
        loop {
            if let Some(id) = self.waiting.pop() {
                match self.context.call(RevokeSession::new(&id)) {
                    Ok(call) => self.current = Current::Revoke(id, call),
                    Err(error) => {
                        self.revoking.on_revoke(id, Err(error));
                        continue;
                    }
                }
                return true;
            }
            match self.revoking.work() {
                Work::List(list) => match self.context.call(list) {
                    Ok(call) => {
                        self.current = Current::List(call);
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
            let step = self.current.step(now);
            self.awaiting = matches!(step, Step::Send { .. });
            if !matches!(step, Step::Done) {
                return step;
            }
            match std::mem::replace(&mut self.current, Current::None) {
                Current::None => {}
                Current::List(call) => self.revoking.on_list(call.finish()),
                Current::Revoke(id, call) => self.revoking.on_revoke(id, call.finish()),
            }
            if !self.begin() {
                return Step::Done;
            }
        }
    }

    #[inline]
    fn on_response(&mut self, response: Response<Vec<u8>>, now: Duration) {
        self.awaiting = false;
        match &mut self.current {
            Current::None => {}
            Current::List(call) => call.on_response(response, now),
            Current::Revoke(_, call) => call.on_response(response, now),
        }
    }

    #[inline]
    fn on_failure(&mut self, error: TransportError, now: Duration) {
        self.awaiting = false;
        match &mut self.current {
            Current::None => {}
            Current::List(call) => call.on_failure(error, now),
            Current::Revoke(_, call) => call.on_failure(error, now),
        }
    }

    #[inline]
    fn finish(self) -> Result<RevokeReport, Error> {
        self.revoking.finish()
    }
}

#[cfg(test)]
mod tests;
