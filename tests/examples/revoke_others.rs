//! Signs a user out everywhere but here: `revoke_others USER_ID SESSION_ID_TO_KEEP`.
//!
//! `CLERK_SECRET_KEY` and `CLERK_API_URL` come from the environment.

use std::process::ExitCode;

use clerk_sessions_ureq::{Client, Error, ListSessions, SessionStatus, client_from_env};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [user_id, kept] = arguments.as_slice() else {
        eprintln!("usage: revoke_others USER_ID SESSION_ID_TO_KEEP");
        return ExitCode::from(2);
    };
    match client_from_env().and_then(|clerk| revoke_others(&clerk, user_id, kept)) {
        Ok(revoked) => {
            println!("{revoked} sessions revoked");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("revoke_others: {error}");
            ExitCode::FAILURE
        }
    }
}

fn revoke_others(clerk: &Client, user_id: &str, kept: &str) -> Result<usize, Error> {
    let sessions = clerk.sessions();
    let mut revoked = 0;
    loop {
        // What is revoked is no longer active, so the next list starts where this one ends.
        let before = revoked;
        let active = ListSessions::new().user_id(user_id).status(SessionStatus::Active).limit(500);
        for session in sessions.list(active)?.into_iter().filter(|session| session.id != *kept) {
            match sessions.revoke(session.id) {
                Ok(_) => revoked += 1,
                // It went away by itself meanwhile, which is as good.
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        if revoked == before {
            return Ok(revoked);
        }
    }
}
