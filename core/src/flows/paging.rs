//! [`Paging`]: all sessions of a list, page by page.

use std::collections::BTreeSet;

use crate::model::{Session, SessionId, SessionList};
use crate::operations::ListSessions;

/// Goes through all sessions of a list, page by page.
///
/// [`Sessions::pages`](crate::Sessions::pages) uses it. Use it directly to list all sessions without a client: request
/// [`next_page`](Self::next_page), pass the result to [`on_page`](Self::on_page), and repeat until there is no next page. The
/// [module](crate::flows) has an example.
///
/// It returns each session once. The server may send a page in either shape, and fewer sessions than requested.
///
/// If the list changes meanwhile: new sessions move the others to later pages, and those that come twice are recognized.
/// Sessions that leave the list move the others to earlier pages, and those are missed. Where this matters, list again;
/// [`Revoking`](super::Revoking) does.
#[derive(Clone, Debug)]
pub struct Paging {
    list: ListSessions,
    seen: BTreeSet<SessionId>,
    /// The largest number of sessions on a page so far.
    largest: usize,
    /// The number of pages in a row with no new session.
    stale: u32,
    ended: bool,
}

impl Paging {
    const MAX_STALE: u32 = 3;

    /// Starts at the `offset` of this list (default 0), with pages of its `limit` (default 500).
    #[must_use]
    #[inline]
    pub fn new(mut list: ListSessions) -> Self {
        list.limit.get_or_insert(500);
        list.offset.get_or_insert(0);
        // With the total, a short page is known to be the last one or not.
        list.paginated.get_or_insert(true);
        Self { list, seen: BTreeSet::new(), largest: 0, stale: 0, ended: false }
    }

    /// The next page to request, or `None` at the end.
    #[must_use]
    #[inline]
    pub fn next_page(&self) -> Option<ListSessions> {
        (!self.ended).then(|| self.list.clone())
    }

    /// Takes the requested page, and returns its sessions that were on no page before.
    #[inline]
    pub fn on_page(&mut self, page: SessionList) -> Vec<Session> {
        self.on_page_of(page, |session| &session.id)
    }

    /// Same as [`on_page`](Self::on_page), for your own type of session. `id_of` returns the id of a session.
    #[inline]
    pub fn on_page_of<S>(&mut self, page: SessionList<S>, id_of: impl Fn(&S) -> &SessionId) -> Vec<S> {
        let SessionList { data: mut sessions, total_count } = page;
        let len = sessions.len();
        sessions.retain(|session| self.seen.insert(id_of(session).clone()));
        let offset = self.list.offset.unwrap_or(0).saturating_add(len as u64);
        self.list.offset = Some(offset);
        // A short first page may be everything, or the most that the server sends at once.
        let is_short = len < self.largest;
        self.largest = self.largest.max(len);
        self.stale = if sessions.is_empty() { self.stale + 1 } else { 0 };
        // A page with nothing new may be due to new sessions. But a server that ignores `offset` would repeat itself forever.
        let repeats_itself = self.stale > Self::MAX_STALE;
        // Another page may follow one that is as long as requested, whatever the total is.
        let is_cut = self.list.limit.is_some_and(|limit| len as u64 >= u64::from(limit));
        let is_last = total_count.map_or(is_short, |total| offset >= total && !is_cut);
        self.ended = len == 0 || repeats_itself || is_last;
        sessions
    }

    /// Ends the paging: there is no next page.
    #[inline]
    pub fn stop(&mut self) {
        self.ended = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::tests::with_id;

    /// The response of a server with this many sessions, with this page limit, and with or without the total.
    fn response(count: u64, list: &ListSessions, clamp: u64, with_total: bool) -> SessionList {
        let (limit, offset) = (u64::from(list.limit.unwrap()).min(clamp), list.offset.unwrap());
        let sessions: Vec<_> =
            (offset..count.min(offset + limit)).map(|number| with_id(&format!("sess_{number}"))).collect();
        let json = if with_total { json!({ "data": sessions, "total_count": count }) } else { json!(sessions) };
        serde_json::from_value(json).unwrap()
    }

    /// Goes through the list of a server. Returns the number of sessions and of requests.
    fn walk(list: ListSessions, mut server: impl FnMut(&ListSessions) -> SessionList) -> (usize, usize) {
        let (mut paging, mut sessions, mut requests) = (Paging::new(list), Vec::new(), 0);
        while let Some(list) = paging.next_page() {
            requests += 1;
            assert!(requests < 500, "it does not end");
            sessions.extend(paging.on_page(server(&list)).into_iter().map(|session| session.id));
        }
        let count = sessions.len();
        sessions.sort();
        sessions.dedup();
        assert_eq!(sessions.len(), count, "each is passed on once");
        (count, requests)
    }

    #[test]
    fn a_server_that_clamps_the_limit_skips_nothing() {
        let of = |count, clamp, with_total| walk(ListSessions::new(), |list| response(count, list, clamp, with_total));
        assert_eq!(of(1203, 100, true), (1203, 13));
        assert_eq!(of(1203, 100, false), (1203, 13));
        assert_eq!(of(1203, 500, true), (1203, 3));
        assert_eq!(of(1203, 500, false), (1203, 3));
    }

    #[test]
    fn the_end_is_an_empty_or_short_page_or_the_total() {
        let of = |count, with_total| walk(ListSessions::new(), |list| response(count, list, 500, with_total));
        assert_eq!(of(0, true), (0, 1));
        assert_eq!(of(0, false), (0, 1));
        assert_eq!(of(3, true), (3, 1));
        assert_eq!(of(3, false), (3, 2), "a short first page may be a clamped one");
        assert_eq!(of(500, true), (500, 2), "a full page may be followed by another");
        assert_eq!(of(500, false), (500, 2));
        assert_eq!(of(501, false), (501, 2));
    }

    #[test]
    fn a_total_that_is_the_length_of_the_page_is_not_the_end() {
        let server = |list: &ListSessions| {
            let mut page = response(1200, list, 500, true);
            page.total_count = Some(page.data.len() as u64);
            page
        };
        assert_eq!(walk(ListSessions::new(), server), (1200, 3));
    }

    #[test]
    fn a_server_that_ignores_the_offset_does_not_make_it_loop() {
        let repeat = |list: &ListSessions, with_total| response(7, &list.clone().offset(0), 5, with_total);
        assert_eq!(walk(ListSessions::new(), |list| repeat(list, false)), (5, 5));
        assert_eq!(walk(ListSessions::new(), |list| repeat(list, true)), (5, 2), "the total is reached");
    }

    #[test]
    fn new_sessions_do_not_make_others_appear_twice() {
        let mut count = 20;
        // Newest first: two more at each request move all others by two.
        let server = |list: &ListSessions| {
            count += 2;
            let mut page = response(count, list, 5, true);
            for session in &mut page.data {
                let number: u64 = session.id.as_str()[5..].parse().unwrap();
                session.id = format!("sess_{}", count - number).into();
            }
            page
        };
        let (passed_on, _) = walk(ListSessions::new().limit(5), server);
        assert!(passed_on >= 22, "{passed_on}");
    }

    #[test]
    fn a_page_without_new_sessions_is_not_the_end() {
        let (mut count, mut requests) = (6, 0);
        // As many sessions come as a page holds, once: the second page is the first again.
        let server = |list: &ListSessions| {
            requests += 1;
            if requests == 2 {
                count += 2;
            }
            let mut page = response(count, list, 2, true);
            for session in &mut page.data {
                let number: u64 = session.id.as_str()[5..].parse().unwrap();
                session.id = format!("sess_{}", count - number).into();
            }
            page
        };
        assert_eq!(walk(ListSessions::new().limit(2), server).0, 6);
    }

    #[test]
    fn stopped_paging_has_no_next_page() {
        let mut paging = Paging::new(ListSessions::new());
        assert!(paging.next_page().is_some());
        paging.stop();
        assert_eq!(paging.next_page(), None);
    }

    #[test]
    fn the_limit_and_the_offset_given_are_kept() {
        let paging = Paging::new(ListSessions::new().user_id("user_1").limit(7).offset(3).paginated(false));
        let expected = ListSessions::new().user_id("user_1").limit(7).offset(3).paginated(false);
        assert_eq!(paging.next_page(), Some(expected));
        assert_eq!(walk(ListSessions::new().offset(10), |list| response(13, list, 500, true)), (3, 1));
    }

    proptest! {
        #[test]
        fn every_session_once_whatever_the_sizes(count in 0..400_u64, clamp in 1..120_u64, limit in 1..=500_u32, with_total: bool) {
            let list = ListSessions::new().limit(limit);
            let (passed_on, requests) = walk(list, |list| response(count, list, clamp, with_total));
            prop_assert_eq!(passed_on as u64, count);
            let page = clamp.min(u64::from(limit));
            prop_assert!(requests as u64 <= count / page + 2);
        }
    }
}
