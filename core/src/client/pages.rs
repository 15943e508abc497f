//! `sessions().pages(…)`: all sessions of a list, page by page.

use std::vec;

use super::asynchronous::AsyncSessions;
use super::blocking::Sessions;
use super::transport::{AsyncTransport, Transport};
use crate::error::Error;
use crate::flows::Paging;
use crate::model::Session;
use crate::operations::ListSessions;

/// An iterator over all sessions of a list. [`Sessions::pages`] returns it.
///
/// It requests a page when the page before is used up. After an error it ends.
#[derive(Debug)]
#[must_use = "an iterator requests nothing until it is used"]
pub struct Pages<'a, T> {
    sessions: Sessions<'a, T>,
    paging: Paging,
    page: vec::IntoIter<Session>,
}

/// All sessions of a list, for async programs. [`AsyncSessions::pages`] returns it.
///
/// Await [`next`](Self::next) for each session. It requests a page when the page before is used up. After an error it ends.
///
#[cfg_attr(feature = "stream", doc = "[`into_stream`](Self::into_stream) makes it a `Stream`.")]
#[cfg_attr(not(feature = "stream"), doc = "With the feature `stream`, `into_stream` makes it a `Stream`.")]
///
/// It borrows the client. For a spawned task, move a clone of the client into the task, and call `pages` there.
#[derive(Debug)]
#[must_use = "nothing is requested until `next` is awaited"]
pub struct AsyncPages<'a, T> {
    sessions: AsyncSessions<'a, T>,
    paging: Paging,
    /// The rest of the current page.
    pub(super) page: vec::IntoIter<Session>,
}

impl<'a, T: Transport> Sessions<'a, T> {
    /// Returns all sessions of a list, newest first. Pages are requested one by one, as you go.
    ///
    /// Use it where [`list`](Self::list) could return fewer sessions than there are.
    ///
    /// `list` is a [`ListSessions`]. Its `limit` is the size of a page (default 500) and its `offset` the start (default 0).
    ///
    /// Each session is returned once. Sessions that appear meanwhile may be missing. If sessions leave the list meanwhile, others
    /// may be skipped: see [`Paging`].
    ///
    /// # Errors
    /// An item is any error of [`list`](Self::list), and then the iteration ends. Each page is a call with its own deadline and
    /// retries.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::ListSessions;
    ///
    /// for session in clerk.sessions().pages(ListSessions::new().user_id("user_123")) {
    ///     println!("{}", session?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages(self, list: impl Into<ListSessions>) -> Pages<'a, T> {
        Pages { sessions: self, paging: Paging::new(list.into()), page: Vec::new().into_iter() }
    }
}

impl<'a, T: AsyncTransport> AsyncSessions<'a, T> {
    /// Returns all sessions of a list, newest first. Pages are requested one by one, as you go.
    ///
    /// Use it where [`list`](Self::list) could return fewer sessions than there are.
    ///
    /// `list` is a [`ListSessions`]. Its `limit` is the size of a page (default 500) and its `offset` the start (default 0).
    ///
    /// Each session is returned once. Sessions that appear meanwhile may be missing. If sessions leave the list meanwhile, others
    /// may be skipped: see [`Paging`].
    ///
    /// # Errors
    /// [`next`](AsyncPages::next) returns any error of [`list`](Self::list), and then the iteration ends. Each page is a call with
    /// its own deadline and retries.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{AsyncClient, Error, transport::AsyncTransport};
    /// # async fn example<T: AsyncTransport>(clerk: AsyncClient<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::ListSessions;
    ///
    /// let mut pages = clerk.sessions().pages(ListSessions::new().user_id("user_123"));
    /// while let Some(session) = pages.next().await {
    ///     println!("{}", session?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages(self, list: impl Into<ListSessions>) -> AsyncPages<'a, T> {
        AsyncPages { sessions: self, paging: Paging::new(list.into()), page: Vec::new().into_iter() }
    }
}

/// The body of both `next` functions: the next session of the current page, or of the first later page that has one.
macro_rules! next {
    ($pages:ident, $list:ident => $response:expr) => {
        loop {
            if let Some(session) = $pages.page.next() {
                return Some(Ok(session));
            }
            let $list = $pages.paging.next_page()?;
            match $response {
                Ok(page) => $pages.page = $pages.paging.on_page(page).into_iter(),
                Err(error) => {
                    $pages.paging.stop();
                    return Some(Err(error));
                }
            }
        }
    };
}

impl<T: Transport> Iterator for Pages<'_, T> {
    type Item = Result<Session, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        next!(self, list => self.sessions.list(list))
    }
}

impl<T: AsyncTransport> AsyncPages<'_, T> {
    /// Returns the next session, or `None` at the end and after an error.
    ///
    /// It requests the next page if necessary. Dropping the future loses no session: the next call continues at the same place.
    pub async fn next(&mut self) -> Option<Result<Session, Error>> {
        next!(self, list => self.sessions.list(list).await)
    }
}
