//! Clients: the browsers that the Frontend API knows, and their sessions.

use std::collections::{HashMap, VecDeque};

use super::super::errors::{self, Problem};
use super::super::seed::SeedSession;
use super::super::state::State;
use super::super::tokens::seconds;
use super::browser::Browser;

/// The number of newest nonces that are kept.
const NONCES: usize = 10_000;

/// Everything that the Frontend API remembers.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    by_id: HashMap<String, Client>,
    /// The client of each development browser.
    dev_browsers: HashMap<String, String>,
    /// The directives of handshakes whose nonce has not been used.
    nonces: HashMap<String, Vec<String>>,
    /// The same nonces, oldest first, and used ones.
    nonce_order: VecDeque<String>,
}

/// A browser.
#[derive(Debug, Default)]
struct Client {
    /// The time of the last sign-in, in Unix seconds.
    uat: i64,
    /// The ids of its sessions, the newest last.
    sessions: Vec<String>,
    dev_browser: Option<String>,
}

impl State {
    /// Creates a client without a session, and returns its id.
    pub(super) fn new_client(&mut self) -> String {
        let id = self.new_id("client_");
        self.clients.by_id.insert(id.clone(), Client::default());
        id
    }

    /// The client of a browser, if it is known: a development instance knows it by its development browser first.
    pub(super) fn client_of(&self, browser: &Browser) -> Option<String> {
        let development = browser.dev_browser.as_ref().filter(|_| !self.seed.production);
        let by_dev_browser = development.and_then(|id| self.clients.dev_browsers.get(id));
        let by_cookie = browser.client.as_ref().filter(|id| self.clients.by_id.contains_key(*id));
        by_dev_browser.or(by_cookie).cloned()
    }

    /// The development browser of a client. The first call makes it.
    pub(super) fn dev_browser_of(&mut self, client: &str) -> String {
        let known = self.clients.by_id.get(client).and_then(|client| client.dev_browser.clone());
        known.unwrap_or_else(|| {
            let id = self.new_id("dvb_");
            self.clients.dev_browsers.insert(id.clone(), client.to_owned());
            self.clients.by_id.entry(client.to_owned()).or_default().dev_browser = Some(id.clone());
            id
        })
    }

    /// The id of the session in which a client is signed in, and the time of the sign-in in Unix seconds.
    pub(super) fn current_session(&self, client: &str, now: i64) -> Option<(String, i64)> {
        let client = self.clients.by_id.get(client)?;
        let is_live = |id: &&String| self.sessions.get(id).is_some_and(|session| session.is_live(now));
        client.sessions.iter().rev().find(is_live).map(|id| (id.clone(), client.uat))
    }

    /// The time of a client's last sign-in in Unix seconds, if the Frontend API knows the client.
    pub(crate) fn client_uat(&self, client: &str) -> Option<i64> {
        self.clients.by_id.get(client).map(|client| client.uat)
    }

    /// Signs a user in on a client, in a new session. It replaces other sessions of the client.
    pub(super) fn sign_in(&mut self, client: &str, user: &str, organization: Option<&str>, now: i64) {
        self.end_sessions(client, "replaced", now);
        let session = SeedSession {
            client_id: client.to_owned(),
            last_active_organization_id: organization.map(str::to_owned),
            ..SeedSession::new("", user)
        };
        let id = self.add_session(session, now);
        self.attach(client, id, now);
    }

    /// Signs a client in with a session that exists, and returns the client of the session.
    pub(super) fn sign_in_to(&mut self, session: &str, now: i64) -> Result<String, Problem> {
        let client = self.session(session)?.client_id.clone();
        self.attach(&client, session.to_owned(), now);
        Ok(client)
    }

    /// Signs a client out.
    pub(super) fn sign_out(&mut self, client: &str, now: i64) {
        self.end_sessions(client, "removed", now);
    }

    fn attach(&mut self, client: &str, session: String, now: i64) {
        let client = self.clients.by_id.entry(client.to_owned()).or_default();
        client.uat = seconds(now);
        client.sessions.retain(|id| *id != session);
        client.sessions.push(session);
    }

    fn end_sessions(&mut self, client: &str, status: &str, now: i64) {
        let Some(client) = self.clients.by_id.get_mut(client) else { return };
        for id in std::mem::take(&mut client.sessions) {
            if let Some(session) = self.sessions.get_mut(&id).filter(|session| session.is_live(now)) {
                session.end(status, now);
            }
        }
    }

    /// Keeps the directives of a handshake, and returns the nonce for which they are given out.
    pub(super) fn keep_directives(&mut self, directives: Vec<String>) -> String {
        let nonce = self.new_id("hsn_");
        self.clients.nonces.insert(nonce.clone(), directives);
        self.clients.nonce_order.push_back(nonce.clone());
        if self.clients.nonce_order.len() > NONCES {
            if let Some(oldest) = self.clients.nonce_order.pop_front() {
                self.clients.nonces.remove(&oldest);
            }
        }
        nonce
    }

    /// Gives out the directives of a nonce, once.
    pub(crate) fn redeem_nonce(&mut self, nonce: &str) -> Result<Vec<String>, Problem> {
        let unknown = || errors::RESOURCE_NOT_FOUND.because("The nonce is unknown, or has already been used.");
        self.clients.nonces.remove(nonce).ok_or_else(unknown)
    }
}
