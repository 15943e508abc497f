//! All sessions of a list, a call for each page.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::call::Call;
use crate::caller::Caller;
use crate::error::{BuildError, Error};
use crate::flows::Paging;
use crate::json;
use crate::model::SessionList;
use crate::operations::ListSessions;
use crate::registry;

/// All sessions of a list: a [`Call`] for each page, until there is [none](Self::next_page) left.
#[derive(Debug)]
pub struct Pages {
    walk: Result<(Caller, Arc<Mutex<Walk>>), Option<Error>>,
}

#[derive(Debug)]
struct Walk {
    paging: Paging,
    /// Whether the last page that was asked for has come.
    came: bool,
}

impl Pages {
    pub(super) fn new(of: Result<(Caller, ListSessions), Error>) -> Self {
        let walk = of.map(|(caller, list)| {
            let walk = Walk { paging: Paging::new(list), came: true };
            (caller, Arc::new(Mutex::new(walk)))
        });
        Self { walk: walk.map_err(Some) }
    }

    /// Pages whose first call comes to this error; as for [`Call::failed`].
    #[must_use]
    pub fn failed(error: Error) -> Self {
        Self { walk: Err(Some(error)) }
    }

    /// The call for the next page; `None` at the end, which is also where a page did not come.
    ///
    /// It comes to a JSON list: the sessions of the page that were in none before, as the server sent them. Finish it before
    /// asking for the next.
    #[inline]
    pub fn next_page(&mut self) -> Option<Call> {
        let (caller, walk) = match &mut self.walk {
            Ok(walk) => walk,
            Err(error) => return error.take().map(Call::failed),
        };
        let list = {
            let mut walk = walk.lock().unwrap_or_else(PoisonError::into_inner);
            if !std::mem::take(&mut walk.came) {
                return None;
            }
            walk.paging.next_page()?
        };
        let exchange = match serde_json::to_vec(&list) {
            Ok(parameters) => registry::exchange(caller, "GetSessionList", &parameters),
            Err(_) => Err(BuildError::new("parameters", "can't be written").into()),
        };
        let walk = Arc::clone(walk);
        Some(Call::of(exchange, move |answer| {
            let mut walk = walk.lock().unwrap_or_else(PoisonError::into_inner);
            let sessions = walk.new_of(answer.body())?;
            walk.came = true;
            Ok(sessions)
        }))
    }
}

impl Walk {
    #[inline]
    fn new_of(&mut self, body: &[u8]) -> Result<Vec<u8>, Error> {
        let unreadable = || BuildError::new("page", "can't be read");
        let list: SessionList = json::read(body).map_err(|_| unreadable())?;
        let raw = raw_sessions(body).map_err(|_| unreadable())?;
        let ids: Vec<_> = list.iter().map(|session| session.id.clone()).collect();
        let mut new: BTreeSet<_> = self.paging.on_page(list).into_iter().map(|session| session.id).collect();
        let sessions: Vec<_> = ids.iter().zip(&raw).filter(|(id, _)| new.remove(*id)).map(|(_, raw)| raw).collect();
        serde_json::to_vec(&sessions).map_err(|_| BuildError::new("page", "can't be written").into())
    }
}

/// The sessions of a list of either shape, as they came.
#[inline]
fn raw_sessions(body: &[u8]) -> serde_json::Result<Vec<Box<RawValue>>> {
    #[derive(Deserialize)]
    struct Page {
        data: Vec<Box<RawValue>>,
    }
    if body.trim_ascii_start().starts_with(b"[") {
        return serde_json::from_slice(body);
    }
    serde_json::from_slice::<Page>(body).map(|page| page.data)
}
