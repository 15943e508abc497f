//! Decodes the response of a call. Variants: `ours`, by the core, and `by-hand`, by serde_json into a struct.

use std::error::Error;
use std::hint::black_box;

use clerk_sessions_core::http::Response;
use clerk_sessions_core::operation::Operation;
use clerk_sessions_core::{Api, CreateSessionToken, GetSession, ListSessions};
use clerk_sessions_subjects::by_hand::{Session, Token};
use clerk_sessions_subjects::canned::{SESSION, list, token};
use clerk_sessions_subjects::job::{Call, Job, SECRET_KEY};
use serde::de::DeserializeOwned;

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_args()?;
    let body = match job.call {
        Call::Get => SESSION.to_owned(),
        Call::Token => token(),
        Call::List => list(500),
    };
    let api = Api::new(SECRET_KEY)?;
    // A transport passes ownership of the body, so each call gets its own.
    let response = || Response::new(body.as_bytes().to_vec());
    match (&*job.variant, job.call) {
        ("ours", Call::Get) => job.run(|| ours::<GetSession>(&api, response())),
        ("ours", Call::Token) => job.run(|| ours::<CreateSessionToken>(&api, response())),
        ("ours", Call::List) => job.run(|| ours::<ListSessions>(&api, response())),
        (_, Call::Get) => job.run(|| by_hand::<Session>(&response())),
        (_, Call::Token) => job.run(|| by_hand::<Token>(&response())),
        (_, Call::List) => job.run(|| by_hand::<Vec<Session>>(&response())),
    }
    Ok(())
}

fn ours<O: Operation>(api: &Api, response: Response<Vec<u8>>) {
    drop(black_box(api.parse::<O>(response).unwrap()));
}

fn by_hand<T: DeserializeOwned>(response: &Response<Vec<u8>>) {
    assert!(response.status().is_success());
    drop(black_box(serde_json::from_slice::<T>(response.body()).unwrap()));
}
