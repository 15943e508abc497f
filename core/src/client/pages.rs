//! `sessions().pages(…)`: all sessions of a list.

use std::vec;

use super::asynchronous::AsyncSessions;
use super::blocking::Sessions;
use super::transport::{AsyncTransport, Transport};
use crate::error::Error;
use crate::flows::Paging;
use crate::model::Session;
use crate::operations::ListSessions;

/// All sessions of a list, page by page as they are asked for; see
/// [`Paging`](crate::flows::Paging).
#[derive(Debug)]
#[must_use = "nothing is asked for before it is iterated over"]
pub struct Pages<'a, T> {
    sessions: Sessions<'a, T>,
    paging: Paging,
    page: vec::IntoIter<Session>,
}

/// All sessions of a list, page by page as they are asked for; see
/// [`Paging`](crate::flows::Paging).
#[derive(Debug)]
#[must_use = "nothing is asked for before `next` is awaited"]
pub struct AsyncPages<'a, T> {
    sessions: AsyncSessions<'a, T>,
    paging: Paging,
    /// What is left of the page at hand.
    pub(super) page: vec::IntoIter<Session>,
}

impl<'a, T: Transport> Sessions<'a, T> {
    /// Goes through all sessions of a list, in pages of its `limit` (500 where it has none). After an error it ends.
    ///
    /// ```no_run
    /// # fn run<T: clerk_sessions_core::transport::Transport>(clerk: clerk_sessions_core::Client<T>) -> Result<(), clerk_sessions_core::Error> {
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
    /// Goes through all sessions of a list, in pages of its `limit` (500 where it has none). After an error it ends.
    ///
    /// ```no_run
    /// # async fn run<T: clerk_sessions_core::transport::AsyncTransport>(clerk: clerk_sessions_core::AsyncClient<T>) -> Result<(), clerk_sessions_core::Error> {
    /// use clerk_sessions_core::ListSessions;
    ///
    /// let mut sessions = clerk.sessions().pages(ListSessions::new().user_id("user_123"));
    /// while let Some(session) = sessions.next().await {
    ///     println!("{}", session?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages(self, list: impl Into<ListSessions>) -> AsyncPages<'a, T> {
        AsyncPages { sessions: self, paging: Paging::new(list.into()), page: Vec::new().into_iter() }
    }
}

/// The body of both `next`s: the next session of the page at hand, or of the first page after it that brings one.
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
    /// The next session, or `None` at the end.
    ///
    /// Dropping the future loses no session: the next one goes on where it was.
    pub async fn next(&mut self) -> Option<Result<Session, Error>> {
        next!(self, list => self.sessions.list(list).await)
    }
}
