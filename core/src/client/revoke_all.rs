//! `sessions().revoke_all(…)`: sign out everywhere.

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
    /// Revokes all sessions of a user or a client that are signed in: "sign out everywhere".
    ///
    /// It lists the sessions, revokes them one by one, goes on after single failures, and lists again until a full list shows
    /// none left: see [`RevokeReport::is_complete`]. Each list and each revoke is retried as the calls of
    /// [`list`](Self::list) and [`revoke`](Self::revoke) are.
    ///
    /// ```no_run
    /// # fn run<T: clerk_sessions_core::transport::Transport>(clerk: clerk_sessions_core::Client<T>) -> Result<(), clerk_sessions_core::Error> {
    /// use clerk_sessions_core::RevokeAll;
    ///
    /// let report = clerk.sessions().revoke_all(RevokeAll::of_user("user_123").except("sess_123"))?;
    /// println!("{} revoked, all signed out: {}", report.revoked.len(), report.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`Error::Build`]: an id is empty. Nothing was sent.
    /// - Any error of [`list`](Self::list), if the sessions could not be listed. What fails later is in the report.
    pub fn revoke_all(self, all: RevokeAll) -> Result<RevokeReport, Error> {
        drive(self.transport(), RevokingOneByOne::new(self.context(), all))
    }
}

impl<T: AsyncTransport> AsyncSessions<'_, T> {
    /// Revokes all sessions of a user or a client that are signed in: "sign out everywhere".
    ///
    /// It lists the sessions, revokes them, several at a time ([`RevokeAll::concurrency`]), goes on after single failures, and
    /// lists again until a full list shows none left: see [`RevokeReport::is_complete`]. Each list and each revoke is retried
    /// as the calls of [`list`](Self::list) and [`revoke`](Self::revoke) are.
    ///
    /// ```no_run
    /// # async fn run<T: clerk_sessions_core::transport::AsyncTransport>(clerk: clerk_sessions_core::AsyncClient<T>) -> Result<(), clerk_sessions_core::Error> {
    /// use clerk_sessions_core::RevokeAll;
    ///
    /// let report = clerk.sessions().revoke_all(RevokeAll::of_user("user_123").except("sess_123")).await?;
    /// println!("{} revoked, all signed out: {}", report.revoked.len(), report.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`Error::Build`]: an id is empty. Nothing was sent.
    /// - Any error of [`list`](Self::list), if the sessions could not be listed. What fails later is in the report.
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

/// Runs futures to their ends, at most so many at a time.
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
            // Each that ended makes room for one that has yet to be polled.
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
    fn at_most_so_many_futures_run_at_a_time() {
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
