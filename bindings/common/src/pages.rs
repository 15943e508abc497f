//! All sessions of a list, a call for each page.

use std::sync::{Arc, Mutex, PoisonError};

use clerk_sessions_core::call::CallContext;
use clerk_sessions_core::flows::Paging;
use clerk_sessions_core::operation::{Metadata, Operation, RequestWriter};
use clerk_sessions_core::{BuildError, Error, ListSessions, Mismatch, Session, SessionId, SessionList, registry};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::call::Call;

/// All sessions of a list: a [`Call`] for each page, until there is [none](Self::next_page) left.
#[derive(Debug)]
pub struct Pages {
    walk: Result<(CallContext, Arc<Mutex<Walk>>), Option<Error>>,
}

#[derive(Debug)]
struct Walk {
    paging: Paging,
    /// Whether the last page that was asked for has come.
    came: bool,
}

impl Pages {
    pub(super) fn new(of: Result<(CallContext, ListSessions), Error>) -> Self {
        let walk = of.map(|(context, list)| {
            let walk = Walk { paging: Paging::new(list), came: true };
            (context, Arc::new(Mutex::new(walk)))
        });
        Self { walk: walk.map_err(Some) }
    }

    /// Pages whose first call fails with this error; as for [`Call::failed`].
    #[must_use]
    pub fn failed(error: Error) -> Self {
        Self { walk: Err(Some(error)) }
    }

    /// The call for the next page. `None` after the last page, and after a call that failed or was not finished.
    ///
    /// Its result is a JSON list: the sessions of the page that were in none before, as the server sent them. Finish it
    /// before asking for the next.
    pub fn next_page(&mut self) -> Option<Call> {
        let (context, walk) = match &mut self.walk {
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
        let walk = Arc::clone(walk);
        Some(Call::of(context.call(ListRaw(list)), move |page| {
            let mut walk = walk.lock().unwrap_or_else(PoisonError::into_inner);
            walk.came = true;
            let new = walk.paging.on_page_of(page, Listed::id);
            let raw: Vec<_> = new.into_iter().map(|listed| listed.raw).collect();
            serde_json::to_vec(&raw).map_err(|_| BuildError::new("page", "can't be written").into())
        }))
    }
}

/// [`ListSessions`], with each session as the server sent it.
struct ListRaw(ListSessions);

impl Operation for ListRaw {
    type Output = SessionList<Listed>;
    const METADATA: &'static Metadata = ListSessions::METADATA;

    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        self.0.write(request)
    }

    fn check(&self, page: &SessionList<Listed>) -> Result<(), Mismatch> {
        let Some(index) = page.iter().position(|listed| listed.session.is_err()) else {
            return self.0.check_sessions(page.iter().filter_map(|listed| listed.session.as_ref().ok()));
        };
        // Read once more, to find the place of the fault.
        let raw = page.data.get(index).map_or("", |listed| listed.raw.get());
        match registry::read_object::<Session>("session", raw.as_bytes()) {
            Ok(_) => Ok(()),
            Err(fault) => Err(Mismatch::new(format!("[{index}].{}", fault.field()), fault.reason().to_owned())),
        }
    }
}

/// A session as the server sent it, with what is needed of it here.
struct Listed {
    /// An empty id where it is no session that can be read.
    session: Result<Session, SessionId>,
    raw: Box<RawValue>,
}

impl Listed {
    fn id(&self) -> &SessionId {
        match &self.session {
            Ok(session) => &session.id,
            Err(none) => none,
        }
    }
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        // Not an error here: `check` reports it, with its place.
        let session = serde_json::from_str(raw.get()).map_err(|_| "".into());
        Ok(Self { session, raw })
    }
}
