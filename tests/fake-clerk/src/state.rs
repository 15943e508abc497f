//! The state that changes while a fake runs.

use std::collections::{HashMap, HashSet, VecDeque};

use super::clock::Clock;
use super::errors::{self, Problem};
use super::frontend::Clients;
use super::jwt::Signer;
use super::keys::KeyRing;
use super::limit::Windows;
use super::publishable_key;
use super::seed::{Seed, SeedSession};
use super::session::Session;
use super::store::Store;

/// The digits of an id.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The number of characters of an id after its prefix.
const ID_LENGTH: usize = 27;
/// The number of newest refresh tokens that are kept.
const REFRESH_TOKENS: usize = 10_000;

/// The state of a fake between requests.
#[derive(Debug)]
pub(super) struct State {
    /// The settings. Its sessions are moved to the store at the first request, because their times are relative to that request.
    pub(super) seed: Seed,
    pub(super) sessions: Store,
    pub(super) windows: Windows,
    pub(super) clock: Clock,
    pub(super) keys: KeyRing,
    pub(super) clients: Clients,
    /// The number of requests for the key set.
    pub(super) jwks_requests: u64,
    users: HashSet<String>,
    refresh_tokens: HashMap<String, RefreshToken>,
    /// The same tokens, oldest first.
    refresh_token_order: VecDeque<String>,
    ids: u64,
    tokens: u64,
    traces: u64,
}

/// A refresh token that was issued.
#[derive(Debug)]
struct RefreshToken {
    session_id: String,
    used: bool,
}

/// The result of using a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redeemed {
    /// The token was valid, and is now used.
    Now,
    /// The token had been used before.
    Before,
    /// The token was never issued for this session, or so long ago that it was dropped.
    Never,
}

impl State {
    /// The state before the first request.
    pub(super) fn new(seed: Seed) -> State {
        State {
            users: seed.users.iter().cloned().collect(),
            clock: Clock::new(seed.now),
            keys: KeyRing::of(publishable_key::host(&seed)),
            clients: Clients::default(),
            jwks_requests: 0,
            seed,
            sessions: Store::default(),
            windows: Windows::default(),
            refresh_tokens: HashMap::new(),
            refresh_token_order: VecDeque::new(),
            ids: 0,
            tokens: 0,
            traces: 0,
        }
    }

    /// Moves the sessions of the seed to the store, if that has not been done yet, and returns the time of the fake.
    pub(super) fn settle(&mut self, now_ms: i64) -> i64 {
        let now = self.clock.read(now_ms);
        for session in std::mem::take(&mut self.seed.sessions) {
            self.add_session(session, now);
        }
        now
    }

    /// Stores a session, with generated values for its missing fields, and returns its id.
    pub(super) fn add_session(&mut self, mut seed: SeedSession, now: i64) -> String {
        while seed.id.is_empty() {
            let id = self.new_id("sess_");
            // The seed may already contain a generated id.
            if self.sessions.get(&id).is_none() {
                seed.id = id;
            }
        }
        if seed.client_id.is_empty() {
            seed.client_id = self.new_id("client_");
        }
        if seed.user_id.is_empty() {
            seed.user_id = self.seed.users.first().cloned().unwrap_or_default();
        }
        let id = seed.id.clone();
        self.sessions.insert(Session::new(seed, now));
        id
    }

    /// The session with that id, or a 'not found' error.
    pub(super) fn session(&self, id: &str) -> Result<&Session, Problem> {
        self.sessions.get(id).ok_or_else(no_session)
    }

    /// The session with that id, mutable, or a 'not found' error.
    pub(super) fn session_mut(&mut self, id: &str) -> Result<&mut Session, Problem> {
        self.sessions.get_mut(id).ok_or_else(no_session)
    }

    /// Signs tokens with the current key, as the seed says.
    pub(super) fn signer(&self) -> Signer {
        Signer { keys: self.keys, signature: self.seed.signature }
    }

    /// Whether the user exists.
    pub(super) fn has_user(&self, id: &str) -> bool {
        self.users.contains(id)
    }

    /// Whether the organization exists.
    pub(super) fn has_organization(&self, id: &str) -> bool {
        self.seed.organizations.iter().any(|organization| organization.id == id)
    }

    /// Creates a refresh token for a session.
    pub(super) fn issue_refresh_token(&mut self, session_id: &str) -> String {
        let token = self.new_id("rt_");
        let session_id = session_id.to_owned();
        let used = false;
        self.refresh_tokens.insert(token.clone(), RefreshToken { session_id, used });
        self.refresh_token_order.push_back(token.clone());
        if self.refresh_token_order.len() > REFRESH_TOKENS {
            if let Some(oldest) = self.refresh_token_order.pop_front() {
                self.refresh_tokens.remove(&oldest);
            }
        }
        token
    }

    /// Uses a refresh token.
    pub(super) fn redeem(&mut self, token: &str, session_id: &str) -> Redeemed {
        match self.refresh_tokens.get_mut(token) {
            Some(issued) if issued.session_id == session_id => {
                if std::mem::replace(&mut issued.used, true) {
                    Redeemed::Before
                } else {
                    Redeemed::Now
                }
            }
            _ => Redeemed::Never,
        }
    }

    /// The id of the next token, its `jti`.
    pub(super) fn new_token_id(&mut self) -> String {
        self.tokens += 1;
        format!("{:020x}", self.tokens)
    }

    /// The id of the next response.
    pub(super) fn new_trace_id(&mut self) -> String {
        self.traces += 1;
        format!("{:032x}", self.traces)
    }

    /// A new id with that prefix.
    pub(super) fn new_id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        let mut rest = self.ids;
        let mut digits = [BASE62[0]; ID_LENGTH];
        for digit in digits.iter_mut().rev() {
            *digit = BASE62[(rest % 62) as usize];
            rest /= 62;
        }
        let digits = digits.iter().copied().map(char::from);
        prefix.chars().chain(digits).collect()
    }
}

fn no_session() -> Problem {
    errors::RESOURCE_NOT_FOUND.because("No session was found with that id.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_refresh_tokens_are_remembered() {
        let mut state = State::new(Seed::default());
        let tokens: Vec<_> = (0..REFRESH_TOKENS + 1).map(|_| state.issue_refresh_token("sess_1")).collect();
        assert_eq!(state.refresh_tokens.len(), REFRESH_TOKENS);
        assert_eq!(state.redeem(&tokens[0], "sess_1"), Redeemed::Never);
        assert_eq!(state.redeem(&tokens[1], "sess_1"), Redeemed::Now);
        assert_eq!(state.redeem(&tokens[1], "sess_1"), Redeemed::Before);
    }
}
