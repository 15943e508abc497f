//! `sessions().revoke_all(…)`: signs a user out everywhere.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use super::asynchronous::AsyncSessions;
use super::blocking::Sessions;
use super::transport::{AsyncTransport, Transport, drive};
use crate::error::Error;
use crate::flows::revoke_all::{RevokeAll, RevokeReport};
use crate::flows::{Revoking, RevokingOneByOne, Work};

impl<T: Transport> Sessions<'_, T> {
    /// Signs a user out everywhere: revokes all sessions of a user, or on a client, that have not ended.
    ///
    /// Lists the sessions, revokes them one by one, and lists again until a full list shows that none is left. If the revoke of
    /// one session fails, it continues with the others.
    ///
    /// `all` is a [`RevokeAll`]: whose sessions, and which to keep.
    ///
    /// Returns a [`RevokeReport`]. Check [`RevokeReport::is_complete`]: only then is it certain that no session is left.
    ///
    /// Each list and each revoke is a call with its own deadline and retries, as with [`list`](Self::list) and
    /// [`revoke`](Self::revoke).
    ///
    /// # Errors
    /// - [`Error::Build`]: an id is empty. Nothing was sent.
    /// - Any error of [`list`](Self::list), if listing failed before the first revoke. Later errors are in the report.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::RevokeAll;
    ///
    /// let report = clerk.sessions().revoke_all(RevokeAll::of_user("user_123").except("sess_here"))?;
    /// for (session_id, error) in &report.failed {
    ///     println!("{session_id} may still be signed in: {error}");
    /// }
    /// println!("{} revoked, all signed out: {}", report.revoked.len(), report.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    pub fn revoke_all(self, all: RevokeAll) -> Result<RevokeReport, Error> {
        drive(self.transport(), RevokingOneByOne::new(self.context(), all))
    }
}

impl<T: AsyncTransport> AsyncSessions<'_, T> {
    /// Signs a user out everywhere: revokes all sessions of a user, or on a client, that have not ended.
    ///
    /// Lists the sessions, revokes them several at a time ([`RevokeAll::concurrency`], default 4), and lists again until a full
    /// list shows that none is left. If the revoke of one session fails, it continues with the others.
    ///
    /// `all` is a [`RevokeAll`]: whose sessions, and which to keep.
    ///
    /// Returns a [`RevokeReport`]. Check [`RevokeReport::is_complete`]: only then is it certain that no session is left.
    ///
    /// Each list and each revoke is a call with its own deadline and retries, as with [`list`](Self::list) and
    /// [`revoke`](Self::revoke).
    ///
    /// # Errors
    /// - [`Error::Build`]: an id is empty. Nothing was sent.
    /// - Any error of [`list`](Self::list), if listing failed before the first revoke. Later errors are in the report.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{AsyncClient, Error, transport::AsyncTransport};
    /// # async fn example<T: AsyncTransport>(clerk: AsyncClient<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::RevokeAll;
    ///
    /// let report = clerk.sessions().revoke_all(RevokeAll::of_user("user_123").except("sess_here")).await?;
    /// for (session_id, error) in &report.failed {
    ///     println!("{session_id} may still be signed in: {error}");
    /// }
    /// println!("{} revoked, all signed out: {}", report.revoked.len(), report.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn revoke_all(self, all: RevokeAll) -> Result<RevokeReport, Error> {
        let mut revoking = Revoking::new(all);
        loop {
            match revoking.work() {
                Work::List(list) => revoking.on_list(self.list(list).await),
                Work::Revoke(ids) => {
                    let revokes = ids.into_iter().map(|id| async {
                        let outcome = self.revoke(&id).await;
                        (id, outcome)
                    });
                    for (id, outcome) in all_of(revokes, revoking.concurrency()).await {
                        revoking.on_revoke(id, outcome);
                    }
                }
                Work::Done => return revoking.finish(),
            }
        }
    }
}

/// Runs all futures to completion, at most `most` at a time.
async fn all_of<F: Future>(futures: impl Iterator<Item = F>, most: usize) -> Vec<F::Output> {
    let mut waiting = futures.fuse();
    let mut running: Vec<Pin<Box<F>>> = Vec::with_capacity(most.min(waiting.size_hint().0));
    let mut done = Vec::new();
    poll_fn(move |context| {
        loop {
            let free = most.saturating_sub(running.len());
            running.extend(waiting.by_ref().take(free).map(Box::pin));
            if running.is_empty() {
                return Poll::Ready(std::mem::take(&mut done));
            }
            let before = running.len();
            running.retain_mut(|future| match future.as_mut().poll(context) {
                Poll::Ready(output) => {
                    done.push(output);
                    false
                }
                Poll::Pending => true,
            });
            // A future that completed makes room for one that was not polled yet.
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn at_most_the_given_number_of_futures_runs_at_a_time() {
        for (count, most) in [(0, 4), (1, 4), (4, 4), (25, 4), (25, 1), (3, 100)] {
            let (running, peak) = (Cell::new(0_usize), Cell::new(0));
            let futures = (0..count).map(|number| {
                let (running, peak, mut polls) = (&running, &peak, 0);
                poll_fn(move |_| {
                    polls += 1;
                    if polls == 1 {
                        running.set(running.get() + 1);
                        peak.set(peak.get().max(running.get()));
                    }
                    if polls <= number % 3 {
                        return Poll::Pending;
                    }
                    running.set(running.get() - 1);
                    Poll::Ready(number)
                })
            });
            let mut all = pin!(all_of(futures, most));
            let mut context = Context::from_waker(Waker::noop());
            let mut outputs = loop {
                if let Poll::Ready(outputs) = all.as_mut().poll(&mut context) {
                    break outputs;
                }
            };
            outputs.sort_unstable();
            assert_eq!(outputs, (0..count).collect::<Vec<_>>());
            assert!(peak.get() <= most, "{} of {most}", peak.get());
        }
    }
}
