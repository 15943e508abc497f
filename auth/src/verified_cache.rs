//! [`VerifiedCache`]: tokens that were verified before, so that the next request with the same token costs no signature check.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::claims::Claims;
use crate::time::UnixTime;

/// The longest token that is kept, in bytes. Browsers keep at most this much in a cookie.
const MAX_BYTES: usize = 4096;

/// How many tokens share a place. With fewer, more tokens would make room for others although the cache is not full.
const WAYS: usize = 8;

/// Verified tokens. Its size is fixed: a token takes the place of the one that expires first among those that share its place.
pub(crate) struct VerifiedCache {
    places: Box<[Mutex<[Option<Entry>; WAYS]>]>,
}

struct Entry {
    tag: u64,
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
        let tag = tag(token)?;
        let place = self.place(tag)?;
        // The tag first: tokens begin alike, so to compare them takes long.
        let is_it = |entry: &&Entry| entry.tag == tag && entry.epoch == epoch && *entry.token == *token;
        Some(place.iter().flatten().find(is_it)?.claims.clone())
    }

    /// Keeps a token that the keys of this epoch verified.
    pub(crate) fn put(&self, token: &str, claims: &Claims, epoch: u64) {
        let Some(expires_at) = claims.expiry().filter(|_| token.len() <= MAX_BYTES) else { return };
        let Some(tag) = tag(token) else { return };
        let Some(mut place) = self.place(tag) else { return };
        // An entry of the same token goes first: several calls may have verified it at the same time. Then comes a free one.
        let rank = |entry: &Option<Entry>| match entry {
            Some(entry) if entry.tag == tag && *entry.token == *token => (0, None),
            None => (1, None),
            Some(entry) => (2, Some((entry.epoch, entry.expires_at))),
        };
        if let Some(first) = place.iter_mut().min_by_key(|entry| rank(entry)) {
            *first = Some(Entry { tag, token: token.into(), claims: claims.clone(), epoch, expires_at });
        }
    }

    fn place(&self, tag: u64) -> Option<MutexGuard<'_, [Option<Entry>; WAYS]>> {
        // The product mixes the bits of all characters. Its upper half is mixed best.
        let hash = tag.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let place = self.places.get(usize::try_from(hash).ok()? & (self.places.len() - 1))?;
        Some(place.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The end of a token's signature, which is as good as random. The last character has only few values, so it is left out.
fn tag(token: &str) -> Option<u64> {
    let (_, tail) = token.as_bytes().split_last_chunk::<9>()?;
    Some(u64::from_le_bytes(*tail.first_chunk()?))
}

impl fmt::Debug for VerifiedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedCache").field("tokens", &(self.places.len() * WAYS)).finish_non_exhaustive()
    }
}
