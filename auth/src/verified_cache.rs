//! [`VerifiedCache`]: tokens that were verified before, so that the next request with the same token costs no signature check.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::claims::Claims;
use crate::time::UnixTime;

/// The longest token that is kept, in bytes. Browsers keep at most this much in a cookie.
const MAX_BYTES: usize = 4096;

/// How many tokens share a place.
const WAYS: usize = 4;

/// Verified tokens. Its size is fixed: a token takes the place of the one that expires first among those that share its place.
pub(crate) struct VerifiedCache {
    places: Box<[Mutex<[Option<Entry>; WAYS]>]>,
}

struct Entry {
    token: Box<str>,
    claims: Claims,
    /// The number of the key set that verified it.
    epoch: u64,
    expires_at: UnixTime,
}

impl VerifiedCache {
    /// Creates a cache for about this many tokens.
    pub(crate) fn new(tokens: usize) -> Self {
        let places = tokens.div_ceil(WAYS).max(1).next_power_of_two();
        Self { places: (0..places).map(|_| Mutex::default()).collect() }
    }

    /// Returns the claims of a token that the keys of this epoch verified.
    pub(crate) fn get(&self, token: &str, epoch: u64) -> Option<Claims> {
        let place = self.place(token)?;
        let entry = place.iter().flatten().find(|entry| entry.epoch == epoch && *entry.token == *token)?;
        Some(entry.claims.clone())
    }

    /// Keeps a token that the keys of this epoch verified.
    pub(crate) fn put(&self, token: &str, claims: &Claims, epoch: u64) {
        let Some(expires_at) = claims.expiry().filter(|_| token.len() <= MAX_BYTES) else { return };
        let Some(mut place) = self.place(token) else { return };
        // An entry of the same token goes first: several calls may have verified it at the same time. Then comes a free one.
        let rank = |entry: &Option<Entry>| match entry {
            Some(entry) if *entry.token == *token => (0, None),
            None => (1, None),
            Some(entry) => (2, Some((entry.epoch, entry.expires_at))),
        };
        if let Some(first) = place.iter_mut().min_by_key(|entry| rank(entry)) {
            *first = Some(Entry { token: token.into(), claims: claims.clone(), epoch, expires_at });
        }
    }

    /// The place of a token, by the end of its signature, which is as good as random.
    fn place(&self, token: &str) -> Option<MutexGuard<'_, [Option<Entry>; WAYS]>> {
        // The last character of a signature has only few values.
        let end = token.len().checked_sub(1)?;
        let tail = token.as_bytes().get(end.checked_sub(8)?..end)?;
        let hash = tail.iter().fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        let place = self.places.get(hash & (self.places.len() - 1))?;
        Some(place.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for VerifiedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedCache").field("tokens", &(self.places.len() * WAYS)).finish_non_exhaustive()
    }
}
