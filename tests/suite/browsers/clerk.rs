//! A small model of Clerk: clients, their sessions, handshakes and refreshes.

use std::collections::HashMap;
use std::time::Duration;

use http::{Request, Response};
use serde_json::json;

use crate::requests::network;
use crate::requests::tokens::{header, key_set, signed};

/// How long a token lives, in seconds.
pub(super) const TOKEN_LIFE: u64 = 60;

/// How long the cookie of a handshake lives, in seconds.
pub(super) const HANDSHAKE_LIFE: u64 = 10;

/// A client of Clerk is a browser. Its number is that of the browser.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    /// The user, if somebody is signed in.
    pub(super) user: Option<String>,
    pub(super) session: String,
    /// The second of the last change.
    pub(super) changed_at: u64,
    changes: u32,
}

pub(super) struct Clerk {
    pub(super) is_production: bool,
    suffix: String,
    issuer: String,
    pub(super) clients: Vec<Client>,
    /// Handshakes that were not redeemed yet, and the client of each.
    nonces: HashMap<String, usize>,
    refresh_tokens: HashMap<String, usize>,
    issued: u64,
}

impl Clerk {
    pub(super) fn new(is_production: bool, suffix: String, issuer: String, clients: usize) -> Self {
        let clients = vec![Client::default(); clients];
        Self {
            is_production,
            suffix,
            issuer,
            clients,
            nonces: HashMap::new(),
            refresh_tokens: HashMap::new(),
            issued: 0,
        }
    }

    fn id(&mut self, prefix: &str) -> String {
        self.issued += 1;
        format!("{prefix}_{}", self.issued)
    }

    /// Somebody signs in, or out. Returns the cookies that Clerk's script sets in the page.
    pub(super) fn change(&mut self, client: usize, signs_in: bool, now: Duration) -> Vec<String> {
        let own = &mut self.clients[client];
        own.changes += 1;
        own.changed_at = now.as_secs();
        own.user = signs_in.then(|| format!("user_{client}_{}", own.changes));
        own.session = format!("sess_{client}_{}", own.changes);
        let uat = if signs_in { now.as_secs() } else { 0 };
        ["__client_uat".to_owned(), format!("__client_uat_{}", self.suffix)]
            .map(|name| format!("{name}={uat}"))
            .to_vec()
    }

    fn token(&self, client: &Client, user: &str, now: Duration) -> String {
        let now = now.as_secs();
        let claims = json!({
            "azp": "https://app.example.com", "exp": now + TOKEN_LIFE, "iat": now, "iss": format!("https://{}", self.issuer),
            "nbf": now - 10, "sid": client.session, "sts": "active", "sub": user, "v": 2,
        });
        signed(&header(), &claims)
    }

    /// What a handshake or a refresh sets.
    fn directives(&mut self, number: usize, now: Duration) -> Vec<String> {
        let client = self.clients[number].clone();
        let suffix = self.suffix.clone();
        let uat = if client.user.is_some() { client.changed_at } else { 0 };
        let session = client.user.as_ref().map(|user| self.token(&client, user, now));
        let mut all = Vec::new();
        for end in [String::new(), format!("_{suffix}")] {
            all.push(format!("__client_uat{end}={uat}; Path=/; Domain=app.example.com; Max-Age=315360000"));
            all.push(match &session {
                Some(token) => format!("__session{end}={token}; Path=/; SameSite=Lax"),
                None => format!("__session{end}=; Path=/; Max-Age=0"),
            });
            if !self.is_production {
                all.push(format!("__clerk_db_jwt{end}=dvb_{number}; Path=/"));
            }
        }
        all.push(match session {
            Some(_) => {
                let token = self.id("refresh");
                self.refresh_tokens.insert(token.clone(), number);
                format!("__refresh_{suffix}={token}; Path=/; HttpOnly")
            }
            None => format!("__refresh_{suffix}=; Path=/; Max-Age=0"),
        });
        if self.is_production {
            all.push("__clerk_handshake=; Path=/; Max-Age=0".to_owned());
            all.push("__clerk_handshake_nonce=; Path=/; Max-Age=0".to_owned());
        }
        // The session of the browser is the last directive with that name.
        all.sort_by_key(|directive| directive.starts_with("__session"));
        all
    }

    /// The handshake endpoint. Returns the cookies for the app's domain, and where the browser goes.
    pub(super) fn handshake(
        &mut self,
        url: &str,
        client: usize,
        by_nonce: bool,
        now: Duration,
    ) -> (Vec<String>, String) {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let back = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "redirect_url");
        let back = back.expect("a handshake has a URL to come back to").1.into_owned();
        let (name, value) = if by_nonce {
            let nonce = self.id("nonce");
            self.nonces.insert(nonce.clone(), client);
            ("__clerk_handshake_nonce", nonce)
        } else {
            let directives = self.directives(client, now);
            ("__clerk_handshake", signed(&header(), &json!({ "handshake": directives })))
        };
        if self.is_production {
            return (vec![format!("{name}={value}; Path=/; Domain=app.example.com; Max-Age={HANDSHAKE_LIFE}")], back);
        }
        let joint = if back.contains('?') { '&' } else { '?' };
        (Vec::new(), format!("{back}{joint}{name}={value}"))
    }

    /// The Backend API.
    pub(super) fn respond(&mut self, request: &Request<Vec<u8>>, now: Duration) -> Response<Vec<u8>> {
        let refused = |status, code: &str| network::json(status, json!({ "errors": [{ "code": code }] }).to_string());
        match request.uri().path() {
            "/v1/jwks" => network::json(200, key_set()),
            "/v1/clients/handshake_payload" => {
                let nonce = request.uri().query().and_then(|query| query.strip_prefix("nonce=")).unwrap_or_default();
                match self.nonces.remove(nonce) {
                    Some(client) => {
                        network::json(200, json!({ "directives": self.directives(client, now) }).to_string())
                    }
                    None => refused(404, "resource_not_found"),
                }
            }
            path => {
                let session = path.split('/').nth(3).unwrap_or_default();
                let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
                // A refresh token works once.
                match body["refresh_token"].as_str().and_then(|token| self.refresh_tokens.remove(token)) {
                    Some(client) if self.clients[client].user.is_some() && self.clients[client].session == session => {
                        network::json(200, json!({ "cookies": self.directives(client, now) }).to_string())
                    }
                    Some(_) => refused(404, "session_not_found"),
                    None => refused(401, "refresh_token_used"),
                }
            }
        }
    }
}
