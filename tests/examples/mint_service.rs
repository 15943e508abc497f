//! An axum service that creates a token from a JWT template for the signed-in session: `POST /token/{template}`.
//!
//! `cargo run --example mint_service` listens on a free loopback port and prints its URL. It reads `CLERK_SECRET_KEY` and
//! `CLERK_API_URL` from the environment.
//!
//! ```sh
//! curl -X POST -H 'x-session-id: sess_…' http://127.0.0.1:PORT/token/hasura
//! ```

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use clerk_sessions_reqwest::{Client, CreateSessionTokenFromTemplate, client_from_env};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clerk = client_from_env()?;
    let app = Router::new().route("/token/{template}", post(mint)).with_state(clerk);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn mint(
    State(clerk): State<Client>,
    Path(template): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, (StatusCode, String)> {
    // A real service verifies a session token and takes the session id from its `sid` claim.
    let session_id = headers.get("x-session-id").and_then(|id| id.to_str().ok());
    let session_id = session_id.ok_or((StatusCode::UNAUTHORIZED, "not signed in".to_owned()))?;
    let token = CreateSessionTokenFromTemplate::new(session_id, template).expires_in_seconds(60);
    match clerk.sessions().create_token_from_template(token).await {
        Ok(token) => Ok(Json(json!({ "jwt": token.jwt.expose() }))),
        Err(error) if error.is_not_found() => {
            Err((StatusCode::NOT_FOUND, "the session or the template does not exist".to_owned()))
        }
        Err(error) => {
            eprintln!("{error}");
            Err((StatusCode::BAD_GATEWAY, "the token could not be created".to_owned()))
        }
    }
}
