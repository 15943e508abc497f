//! [`SessionStream`]: all sessions of a list as a `Stream`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::pages::AsyncPages;
use super::transport::AsyncTransport;
use crate::error::Error;
use crate::model::Session;

type Next<'a, T> = (AsyncPages<'a, T>, Option<Result<Session, Error>>);

/// All sessions of a list as a [`Stream`](https://docs.rs/futures-core/0.3/futures_core/stream/trait.Stream.html).
/// [`AsyncPages::into_stream`] returns it.
///
/// It allocates once per page. After an error it ends. It borrows the client. For a spawned task, move a clone of the client into
/// the task, and call [`pages`](crate::AsyncSessions::pages) there.
#[must_use = "a stream does nothing unless it is polled"]
pub struct SessionStream<'a, T> {
    state: State<'a, T>,
}

#[allow(clippy::large_enum_variant)] // There is one per stream. A box would cost an allocation for each session.
enum State<'a, T> {
    /// No request is running. `None` after the end of the stream.
    Idle(Option<AsyncPages<'a, T>>),
    /// A page was requested.
    Listing(Pin<Box<dyn Future<Output = Next<'a, T>> + Send + 'a>>),
}

impl<'a, T: AsyncTransport + Sync> AsyncPages<'a, T> {
    /// Converts these pages into a [`Stream`](https://docs.rs/futures-core/0.3/futures_core/stream/trait.Stream.html), for
    /// combinators such as those of the crate `futures-util`. Needs the feature `stream`.
    ///
    /// ```no_run
    /// # use clerk_sessions_core::{AsyncClient, Error, ListSessions, transport::AsyncTransport};
    /// # async fn example<T: AsyncTransport + Sync>(clerk: AsyncClient<T>) -> Result<(), Error> {
    /// use futures_util::TryStreamExt; // futures-util = "0.3"
    ///
    /// let mut stream = clerk.sessions().pages(ListSessions::new().user_id("user_123")).into_stream();
    /// while let Some(session) = stream.try_next().await? {
    ///     println!("{}", session.id);
    /// }
    ///
    /// let pages = clerk.sessions().pages(ListSessions::new().user_id("user_123"));
    /// let ids: Vec<_> = pages.into_stream().map_ok(|session| session.id).try_collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_stream(self) -> SessionStream<'a, T> {
        SessionStream { state: State::Idle(Some(self)) }
    }
}

impl<'a, T: AsyncTransport + Sync> Stream for SessionStream<'a, T> {
    type Item = Result<Session, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Idle(pages) => {
                    // `next` would allocate a future for each session.
                    if let Some(session) = pages.as_mut().and_then(|pages| pages.page.next()) {
                        return Poll::Ready(Some(Ok(session)));
                    }
                    let Some(mut pages) = pages.take() else { return Poll::Ready(None) };
                    self.state = State::Listing(Box::pin(async move {
                        let next = pages.next().await;
                        (pages, next)
                    }));
                }
                State::Listing(listing) => {
                    let (pages, next) = ready!(listing.as_mut().poll(context));
                    let ended = !matches!(next, Some(Ok(_)));
                    self.state = State::Idle((!ended).then_some(pages));
                    return Poll::Ready(next);
                }
            }
        }
    }
}

impl<T> fmt::Debug for SessionStream<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStream").finish_non_exhaustive()
    }
}
