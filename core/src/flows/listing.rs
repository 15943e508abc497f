//! [`Listing`]: lists all sessions once, and detects whether it may have missed any.

use std::collections::BTreeSet;

use crate::model::{Session, SessionId, SessionList};
use crate::operations::ListSessions;

/// Lists all sessions once, page by page.
///
/// Each page begins with the last session of the page before. If that session is missing, the list has changed in between, and
/// a session may have moved from a later page to an earlier one. Then the listing is not full. It is not full either if its
/// pages have different totals, or if the total is not the number of its sessions.
#[derive(Debug)]
pub(super) struct Listing {
    list: ListSessions,
    seen: BTreeSet<SessionId>,
    last: Option<SessionId>,
    total: Option<u64>,
    /// The largest number of sessions on a page so far.
    largest: usize,
    /// Whether the next page should begin with the last session of the page before.
    overlaps: bool,
    /// Whether there was nothing after the last session, if pages hold one session.
    is_alone: bool,
    is_full: bool,
    is_over: bool,
}

impl Listing {
    const LIMIT: u32 = 500;

    /// Lists the sessions that match `list`.
    #[inline]
    pub(super) fn new(list: ListSessions) -> Self {
        Self {
            list: list.paginated(true).limit(Self::LIMIT),
            seen: BTreeSet::new(),
            last: None,
            total: None,
            largest: 0,
            overlaps: true,
            is_alone: false,
            is_full: true,
            is_over: false,
        }
    }

    /// The next page to request, or `None` at the end.
    #[inline]
    pub(super) fn next_page(&self) -> Option<ListSessions> {
        let offset = self.seen.len().saturating_sub(usize::from(self.overlaps));
        (!self.is_over).then(|| self.list.clone().offset(offset as u64))
    }

    /// Takes a page, and returns the sessions that were on no page before.
    #[inline]
    pub(super) fn on_page(&mut self, page: SessionList) -> Vec<Session> {
        let (len, total) = (page.len(), page.total_count);
        let is_first = self.last.is_none();
        let repeated = usize::from(self.overlaps && !is_first);
        let first = page.data.first().map(|session| &session.id);
        let begins_right = repeated == 0 || first == self.last.as_ref();
        let has_same_total = is_first || self.total == total;
        let new: Vec<_> = page.into_iter().filter(|session| self.seen.insert(session.id.clone())).collect();
        self.is_full &= begins_right && has_same_total && new.len() + repeated == len;
        self.total = total;
        self.largest = self.largest.max(len);
        match new.last() {
            Some(session) => {
                // Without an overlap, the page can't show that the list is unchanged.
                self.is_full &= self.overlaps;
                self.last = Some(session.id.clone());
            }
            // A server that returns one session at a time would always repeat it. So first request the page after it, and then
            // whether it is still there.
            None if self.overlaps && self.largest == 1 && !self.is_alone => self.overlaps = false,
            None if !self.overlaps => (self.overlaps, self.is_alone) = (true, true),
            None => {
                self.is_over = true;
                self.is_full &= total.is_none_or(|total| total == self.seen.len() as u64);
            }
        }
        new
    }

    /// Whether the listing is over and contains every session that existed when it began.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.is_over && self.is_full
    }

    /// Whether there are probably no more pages. Only the end of the listing is certain.
    #[inline]
    pub(super) fn seems_over(&self) -> bool {
        self.is_over || self.total.is_some_and(|total| self.seen.len() as u64 >= total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::with_id;

    fn session(id: &str) -> Session {
        serde_json::from_value(with_id(id)).unwrap()
    }

    /// Lists these sessions in pages of at most `clamp`. `change` changes the list before each page except the first.
    fn list(
        ids: &str,
        clamp: usize,
        total: impl Fn(usize) -> Option<u64>,
        mut change: impl FnMut(&mut Vec<String>),
    ) -> (String, bool) {
        let mut all: Vec<String> = ids.split_whitespace().map(str::to_owned).collect();
        let (mut listing, mut seen, mut pages) = (Listing::new(ListSessions::new()), Vec::new(), 0);
        while let Some(page) = listing.next_page() {
            pages += 1;
            assert!(pages < 100, "it does not end");
            if pages > 1 {
                change(&mut all);
            }
            let offset = usize::try_from(page.offset.unwrap()).unwrap();
            let data = all.iter().skip(offset).take(clamp).map(|id| session(id)).collect();
            let new = listing.on_page(SessionList { data, total_count: total(all.len()) });
            seen.extend(new.into_iter().map(|session| session.id.into_string()));
        }
        (seen.join(" "), listing.is_full())
    }

    #[test]
    fn an_unchanged_list_is_full_for_every_page_size() {
        for clamp in [2, 3, 4, 5, 500] {
            for total in [|_| None, |len| Some(len as u64)] {
                assert_eq!(list("a b c d e", clamp, total, |_| {}), ("a b c d e".to_owned(), true), "{clamp}");
            }
        }
        assert_eq!(list("", 5, |_| Some(0), |_| {}), (String::new(), true));
        assert_eq!(list("a", 5, |_| None, |_| {}), ("a".to_owned(), true));
    }

    #[test]
    fn a_list_that_moves_between_two_pages_is_not_full() {
        for total in [|_| None, |len| Some(len as u64)] {
            // "a" ends, and "d" moves to an earlier page.
            let (seen, is_full) = list("a b c d", 3, total, |all| all.retain(|id| id != "a"));
            assert!(!is_full, "{seen}");
            let (seen, is_full) = list("a b c d", 3, total, |all| all.insert(0, format!("new{}", all.len())));
            assert!(!is_full, "{seen}");
        }
    }

    #[test]
    fn a_list_with_a_wrong_or_changing_total_is_not_full() {
        for total in [0, 2, 4, 1000] {
            assert!(!list("a b c", 2, |_| Some(total), |_| {}).1, "{total}");
        }
        let mut told = 3;
        let (_, is_full) = list(
            "a b c",
            2,
            |len| Some(len as u64),
            |all| {
                told += 1;
                all.push(format!("new{told}"));
                all.truncate(6);
            },
        );
        assert!(!is_full);
    }

    #[test]
    fn a_server_that_clamps_to_one_or_ignores_the_offset_is_not_full() {
        assert_eq!(list("a b c", 1, |_| None, |_| {}), ("a b c".to_owned(), false));
        assert_eq!(list("a b c", 1, |len| Some(len as u64), |_| {}), ("a b c".to_owned(), false));
        let mut pages = 0;
        let end_second = |all: &mut Vec<String>| {
            pages += 1;
            all.retain(|id| id != "a" || pages != 2);
        };
        assert!(!list("a b", 1, |_| None, end_second).1, "\"a\" ends before the page beyond it is asked for");
        let mut listing = Listing::new(ListSessions::new());
        let mut pages = 0;
        while listing.next_page().is_some() {
            pages += 1;
            assert!(pages < 100, "it does not end");
            let data = vec![session("a"), session("b")];
            listing.on_page(SessionList { data, total_count: None });
        }
        assert!(!listing.is_full());
    }
}
