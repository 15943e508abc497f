//! What Clerk sends back in a case.

use http::{Request, Response};
use serde_json::{Value, json};

use super::case::{Case, HandshakeToken, Payload, Refresh};
use crate::requests::network;
use crate::requests::tokens::{forged, header, key_set, signed};

/// What a flow asked Clerk for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) keys: u32,
    pub(super) nonces: u32,
    pub(super) refreshes: u32,
}

impl Case {
    /// The directives of a handshake, if there are any.
    pub(super) fn directives(&self) -> Vec<String> {
        let uat = |value: &str| format!("__client_uat={value}; Path=/; Domain=example.com; SameSite=Lax");
        match self.payload {
            Payload::Nothing => Vec::new(),
            Payload::SignedOut => vec!["__session=; Path=/; Max-Age=0".to_owned(), uat("0")],
            Payload::Session(kind) => vec![
                "__session=replaced; Path=/".to_owned(),
                uat("1699999000"),
                format!("__session_{}={}; Path=/; SameSite=Lax", self.app.suffix, kind.token(self.app.issuer)),
            ],
        }
    }

    pub(super) fn handshake_token(&self, quality: HandshakeToken) -> String {
        let claims = json!({ "handshake": self.directives() });
        let with = |name: &str, value: &str| {
            let mut header = header();
            header[name] = Value::from(value);
            header
        };
        match quality {
            HandshakeToken::Good => signed(&header(), &claims),
            HandshakeToken::Unreadable => "not.a.token".to_owned(),
            HandshakeToken::Forged => forged(&header(), &claims),
            HandshakeToken::OfUnknownKey => signed(&with("kid", "ins_2"), &claims),
            HandshakeToken::OfTemplate => signed(&with("cat", "cl_B7d4PD222AAA"), &claims),
        }
    }

    /// The cookies of a successful refresh.
    pub(super) fn refreshed_cookies(&self) -> Vec<String> {
        match self.refresh {
            Refresh::Session(kind) => {
                vec!["other=1; Path=/".to_owned(), format!("__session={}; Path=/", kind.token(self.app.issuer))]
            }
            Refresh::NoSession => vec!["other=1; Path=/".to_owned()],
            _ => Vec::new(),
        }
    }

    /// The response to a request of the flow, `None` if the connection is lost.
    pub(super) fn respond(&self, request: &Request<Vec<u8>>, asked: &mut Asked) -> Option<Response<Vec<u8>>> {
        let error = |code: &str| json!({ "errors": [{ "code": code, "message": "m" }] }).to_string();
        match request.uri().path() {
            "/v1/jwks" => {
                asked.keys += 1;
                self.has_keys.then(|| network::json(200, key_set()))
            }
            "/v1/clients/handshake_payload" => {
                asked.nonces += 1;
                match self.payload {
                    Payload::Nothing => Some(network::json(404, error("resource_not_found"))),
                    _ => Some(network::json(200, json!({ "directives": self.directives() }).to_string())),
                }
            }
            "/v1/sessions/sess_1/refresh" => {
                asked.refreshes += 1;
                match self.refresh {
                    Refresh::Lost => None,
                    Refresh::Refused => Some(network::json(401, error("refresh_token_expired"))),
                    Refresh::Unexpected => Some(network::json(500, error("unexpected_error"))),
                    Refresh::BrokenJson => Some(network::json(502, "{")),
                    Refresh::NoCookies | Refresh::NoSession | Refresh::Session(_) => {
                        let cookies = self.refreshed_cookies();
                        Some(network::json(200, json!({ "object": "cookies", "cookies": cookies }).to_string()))
                    }
                }
            }
            other => panic!("nobody should ask for {other}"),
        }
    }
}
