//! Retries, time limits and rate limits: what the client does by itself, and how to change it.
//!
//! By default, a call sends its request up to three times, within 20 s. All calls of a client respect the server's rate limit
//! together. Most programs need no other settings.
//!
//! | you want | set |
//! |---|---|
//! | an earlier or later end of the call | [`CallOptions::deadline`], default 20 s |
//! | a time limit for each attempt | [`CallOptions::attempt_timeout`], default 10 s |
//! | more or fewer attempts | [`RetryPolicy::max_attempts`], default 3 |
//! | no retries | [`RetryPolicy::none`] |
//! | other waits between attempts | [`RetryPolicy::backoff`], default 200 ms, doubling up to 2 s |
//! | to wait for a longer rate limit | [`max_retry_after`](crate::RetryPolicy::max_retry_after), [`max_total_wait`](crate::RetryPolicy::max_total_wait) and the deadline; see [below](#wait-up-to-a-minute-for-a-rate-limit) |
//! | never to wait | [`max_total_wait`](crate::RetryPolicy::max_total_wait)`(Duration::ZERO)` |
//!
//! Set the options for all calls of a client with [`Client::with_options`], or for some calls with [`Sessions::with_options`].
//! The options of a call replace those of the client as a whole.
//!
//! # What is retried
//!
//! | the attempt | `list`, `get`, `revoke` | `create`, `refresh`, both `create_token…` |
//! |---|---|---|
//! | 429 | retried | retried: the server did not process it |
//! | 408, 500, 502, 503, 504 | retried | not retried |
//! | any other status | not retried | not retried |
//! | no connection was made | retried | retried: nothing was sent |
//! | the connection broke, or the time limit ended, after the request may have been sent | retried | not retried |
//! | the response is too large, or the HTTP client refused the request | not retried | not retried |
//!
//! The operations in the last column are not idempotent: a second run could create a second session, use up a refresh token, or
//! cost quota. To retry them all the same, set [`RetryPolicy::retry_non_idempotent`]. For your own operations, their
//! [`Idempotency`] decides.
//!
//! A 2xx response that can't be read is not retried: it would be the same again.
//!
//! # How long a call waits
//!
//! | after | the wait before the next attempt |
//! |---|---|
//! | a response with `Retry-After` of more than 0 s | that time |
//! | a 429 without it | at least 1 s; it doubles each time the server lets nothing through |
//! | anything else | random, up to 200 ms before the first retry, up to 400 ms before the second, and so on, up to 2 s |
//!
//! # When a call gives up
//!
//! The call fails immediately, with the error of its last attempt, if one of these holds:
//!
//! - It has made `max_attempts` attempts (3).
//! - The `Retry-After` is longer than `max_retry_after` (15 s).
//! - With the next wait, its waits would exceed `max_total_wait` (15 s).
//! - After the next wait, less than 1 s would be left until the deadline.
//! - The retry budget is empty.
//!
//! A call that has not sent anything yet, and may not wait for the rate limit that long, fails with
//! [`TransportErrorKind::Paused`]. Then [`Error::retry_after`] is the time left.
//!
//! # The retry budget
//!
//! A client and its clones share a budget for retries, so that a server that is down does not get three times the traffic. It
//! starts with ten retries. Each response except a 429 adds a tenth of a retry, up to ten. In the long run, retries add at most
//! 10 % to the traffic. A retry after a 429 costs nothing, because the server said when to come back.
//!
//! # The rate limit
//!
//! A client and its clones share what they know about the server's rate limit. So create one client and clone it:
//!
//! - A 429 pauses all calls of that operation for as long as the server asks, up to 60 s. Other operations continue.
//! - After the pause, the calls are sent in the order in which they came. At first, as many as the server let through before;
//!   then more, step by step.
//! - If operations turn out to share one limit, they also share one pause.
//! - After 10 s without a 429, the client no longer limits itself.
//!
//! Waiting for a pause counts towards `max_total_wait` and the deadline, also with [`RetryPolicy::none`]. `max_retry_after` does not
//! limit it.
//!
//! Several processes don't share this. Each learns from its own 429s.
//!
//! # Wait up to a minute for a rate limit
//!
//! With the defaults, a call waits up to 15 s for a rate limit. A job in the background can wait longer. Raise all three limits
//! together, and leave more than the minute in the last two, because other calls wait in the same queue.
//!
//! The limits of the example cover one pause. If the server allows 100 calls a minute and 250 wait, the last 50 need two more minutes:
//! raise `max_total_wait` and the deadline by 120 s. Waiting in the queue does not count as an attempt.
//!
//! ```
//! use std::time::Duration;
//!
//! use clerk_sessions_core::{CallOptions, RetryPolicy};
//!
//! let policy = RetryPolicy::new()
//!     .max_attempts(5)
//!     .max_retry_after(Duration::from_secs(60)) // accept a Retry-After of up to a minute
//!     .max_total_wait(Duration::from_secs(75)); // all waits of the call together
//! let patient = CallOptions::new().deadline(Duration::from_secs(90)).retry(policy);
//! # use clerk_sessions_core::call::{CallContext, Flow, Step};
//! # use clerk_sessions_core::{Api, GetSession, http::Response};
//! # let mut call = CallContext::new(Api::new("sk_test_123")?).with_options(patient).call(GetSession::new("sess_1"))?;
//! # assert!(matches!(call.step(Duration::ZERO), Step::Send { .. }));
//! # let limited = Response::builder().status(429).header("retry-after", "60").body(Vec::new()).unwrap();
//! # call.on_response(limited, Duration::ZERO);
//! # assert!(matches!(call.step(Duration::ZERO), Step::Wait(wait) if wait == Duration::from_secs(60)));
//! # assert!(matches!(call.step(Duration::from_secs(60)), Step::Send { .. }));
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```
//!
//! Then `client.with_options(patient)` uses it for all calls, and `client.sessions().with_options(patient).get("sess_123")` for
//! one.
//!
//! # Fail fast
//!
//! In a request that a user waits for, give up early and show an error. Without `max_total_wait`, [`RetryPolicy::none`] would still
//! wait for a pause that the client knows:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use clerk_sessions_core::{CallOptions, RetryPolicy};
//!
//! # use clerk_sessions_core::{Client, Error, transport::Transport};
//! # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
//! let quick = RetryPolicy::none().max_total_wait(Duration::ZERO); // don't wait for a rate limit either
//! let hurried = CallOptions::new().deadline(Duration::from_millis(500)).retry(quick);
//! match clerk.sessions().with_options(hurried).get("sess_123") {
//!     Ok(session) => println!("{} is {}", session.id, session.status),
//!     Err(error) if error.is_rate_limited() => {
//!         let seconds = error.retry_after().unwrap_or_default().as_secs_f64().ceil(); // rounded up
//!         println!("busy, try again in {seconds} s");
//!     }
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! For 10 s after a pause, the client sends the calls beyond the known limit in steps of 0.1 to 0.5 s. A call that may not wait can
//! fail then, too, with [`TransportErrorKind::Paused`]. To make that rare, set `max_total_wait` to 1 s, and the deadline to more
//! than that.
//!
//! # See the retries
//!
//! An [`Observer`] receives each attempt, with its outcome, its duration and the wait before the next one.
//! [`Error::attempts`] is the number of attempts of a failed call.
//!
//! [`CallOptions::attempt_timeout`]: crate::CallOptions::attempt_timeout
//! [`CallOptions::deadline`]: crate::CallOptions::deadline
//! [`Client::with_options`]: crate::Client::with_options
//! [`Error::attempts`]: crate::Error::attempts
//! [`Error::retry_after`]: crate::Error::retry_after
//! [`Idempotency`]: crate::operation::Idempotency
//! [`Observer`]: crate::Observer
//! [`RetryPolicy::backoff`]: crate::RetryPolicy::backoff
//! [`RetryPolicy::max_attempts`]: crate::RetryPolicy::max_attempts
//! [`RetryPolicy::none`]: crate::RetryPolicy::none
//! [`RetryPolicy::retry_non_idempotent`]: crate::RetryPolicy::retry_non_idempotent
//! [`Sessions::with_options`]: crate::Sessions::with_options
//! [`TransportErrorKind::Paused`]: crate::TransportErrorKind::Paused
