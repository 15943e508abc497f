//! Revokes all sessions of a user except one: `revoke_others USER_ID SESSION_ID_TO_KEEP`.
//!
//! Reads `CLERK_SECRET_KEY` and `CLERK_API_URL` from the environment. Exits with 1 if another session may still be active.

use std::process::ExitCode;

use clerk_sessions_ureq::{RevokeAll, client_from_env};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [user_id, kept] = arguments.as_slice() else {
        eprintln!("usage: revoke_others USER_ID SESSION_ID_TO_KEEP");
        return ExitCode::from(2);
    };
    let everywhere_else = RevokeAll::of_user(user_id).except(kept);
    let report = match client_from_env().and_then(|clerk| clerk.sessions().revoke_all(everywhere_else)) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("revoke_others: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{} sessions revoked", report.revoked.len());
    for (session_id, error) in &report.failed {
        eprintln!("{session_id} may still be active: {error}");
    }
    if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
