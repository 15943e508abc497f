//! Writing a transport: use any HTTP client, blocking or async.
//!
//! A transport sends one request and returns the complete response. The core does the rest: parameters, retries, rate limits,
//! decoding and errors. The crates `clerk-sessions-ureq` and `clerk-sessions-reqwest` each contain one. Write your own to use
//! another HTTP client, or a connection that your program already has.
//!
//! | your HTTP client | implement | use it with |
//! |---|---|---|
//! | blocks | [`Transport`] | [`Client`] |
//! | is async | [`AsyncTransport`] | [`AsyncClient`] |
//! | fits neither trait | nothing: drive a [`Flow`](crate::call::Flow) yourself | [`call`](crate::call) |
//!
//! To verify session tokens, [implement `WallClock`](#verify-tokens-over-it), too.
//!
//! # What a transport must do
//!
//! | rule | reason |
//! |---|---|
//! | **Follow no redirect.** Return a 3xx as a response. | A redirect could send the secret key to another server. |
//! | **Retry nothing.** That includes the retries that many HTTP clients make on a kept connection. | A `create` that got lost could run twice. The core retries. |
//! | **Return every status as `Ok`**, with all headers. | The core reads errors, `Retry-After` and trace ids. |
//! | **Add what HTTP itself needs**: `Host`, the length of the body, decoding of chunked responses. | The request has an absolute URI, and only headers of the API. |
//! | **Send the request unchanged**, above all its path. | A URL parser that resolves `..` would call another operation. |
//! | **Decompress the body**, if the client asked for compression. | The core reads JSON. |
//! | **Finish within `timeout`**, from DNS to the last byte of the body. It is at most one year. | Otherwise a call exceeds its deadline. |
//! | **Limit the response.** Check the head with [`check_head`]. Limit the decompressed body; 8 MiB is enough for 500 sessions. | A broken server must not fill the memory. |
//! | **Mark each failure** with the right [`Delivery`]; see below. | It decides whether a call is sent again. |
//! | **Count `now` by a monotonic clock**, from one fixed point for all clones. | Deadlines and rate limits depend on it. |
//! | **Keep secrets out of error sources**: no headers, no body, no query. | Errors are logged. |
//!
//! # Mark failures
//!
//! [`Delivery::NotSent`] means that no byte of the request left. Then every operation may be retried. [`Delivery::MaybeSent`] means
//! that the server may have processed it. Then `create`, `refresh` and the token operations are not retried. When in doubt, use
//! `MaybeSent`.
//!
//! | failure | kind | delivery |
//! |---|---|---|
//! | DNS, connection refused, the proxy refused | [`Connect`](crate::TransportErrorKind::Connect) | `NotSent` |
//! | TLS handshake | [`Tls`](crate::TransportErrorKind::Tls) | `NotSent` |
//! | time limit while connecting | [`Timeout`](crate::TransportErrorKind::Timeout) | `NotSent` |
//! | time limit later | [`Timeout`](crate::TransportErrorKind::Timeout) | `MaybeSent` |
//! | the connection closed or reset | [`Closed`](crate::TransportErrorKind::Closed) | `MaybeSent` |
//! | the response is not HTTP, or its head fails [`check_head`] | [`Protocol`](crate::TransportErrorKind::Protocol) | `MaybeSent` |
//! | the body is too large | [`TooLarge`](crate::TransportErrorKind::TooLarge) | `MaybeSent` |
//! | the HTTP client refuses the request | [`Rejected`](crate::TransportErrorKind::Rejected) | `NotSent` |
//! | anything else | [`Other`](crate::TransportErrorKind::Other) | `MaybeSent` |
//!
//! For an I/O error, [`TransportErrorKind::of_io`] returns the kind. If your HTTP client reports a failure to connect as any other I/O
//! error, `ErrorKind::ConnectionRefused` still tells that it did not connect: the delivery is `NotSent`. Never use [`Paused`](crate::TransportErrorKind::Paused): it is for
//! calls that the core holds back.
//!
//! # A blocking transport
//!
//! In both examples, `my_http` is the HTTP client. It takes and returns the types of the crate `http`, as many
//! clients do, with redirects and retries turned off. A [`Client`](crate::Client) can be cloned if its transport can: derive `Clone`, or
//! pass an `Arc` of the transport.
//!
//! ```
//! use std::io::Read;
//! use std::time::{Duration, Instant};
//!
//! use clerk_sessions_core::http::{Request, Response};
//! use clerk_sessions_core::transport::{Transport, check_head};
//! use clerk_sessions_core::{Api, Client, Delivery, TransportError, TransportErrorKind};
//!
//! # mod my_http {
//! #     #[derive(Clone)]
//! #     pub struct Client;
//! #     pub enum Failure { Connect(std::io::Error), TimedOut, Io(std::io::Error) }
//! #     impl Client {
//! #         pub fn send(&self, _: http::Request<Vec<u8>>, _: std::time::Duration) -> Result<http::Response<&'static [u8]>, Failure> {
//! #             Ok(http::Response::builder().status(404).body(&b"{}"[..]).unwrap())
//! #         }
//! #     }
//! # }
//! const MAX_BODY: u64 = 8 * 1024 * 1024;
//!
//! #[derive(Clone)]
//! struct MyTransport {
//!     http: my_http::Client,
//!     started: Instant,
//! }
//!
//! impl Transport for MyTransport {
//!     fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
//!         // The timeout of this client covers reading the body, too.
//!         let (head, body) = self.http.send(request, timeout).map_err(failed)?.into_parts();
//!         check_head(&head.headers)?;
//!         let mut bytes = Vec::new();
//!         body.take(MAX_BODY + 1).read_to_end(&mut bytes).map_err(|error| failed(my_http::Failure::Io(error)))?;
//!         if bytes.len() as u64 > MAX_BODY {
//!             return Err(TransportError::new(TransportErrorKind::TooLarge, Delivery::MaybeSent));
//!         }
//!         Ok(Response::from_parts(head, bytes))
//!     }
//!
//!     fn sleep(&self, duration: Duration) {
//!         std::thread::sleep(duration);
//!     }
//!
//!     fn now(&self) -> Duration {
//!         self.started.elapsed()
//!     }
//! }
//!
//! fn failed(failure: my_http::Failure) -> TransportError {
//!     use my_http::Failure;
//!     match failure {
//!         Failure::Connect(error) => {
//!             TransportError::new(TransportErrorKind::of_io(error.kind(), false), Delivery::NotSent).with_source(error)
//!         }
//!         Failure::TimedOut => TransportError::new(TransportErrorKind::Timeout, Delivery::MaybeSent),
//!         Failure::Io(error) => {
//!             TransportError::new(TransportErrorKind::of_io(error.kind(), true), Delivery::MaybeSent).with_source(error)
//!         }
//!     }
//! }
//!
//! let transport = MyTransport { http: my_http::Client, started: Instant::now() };
//! let clerk = Client::new(Api::new("sk_test_123")?, transport);
//! let error = clerk.sessions().get("sess_123").unwrap_err();
//! assert_eq!(error.status().unwrap(), 404);
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```
//!
//! # An async transport
//!
//! The future of `send` must be `Send`. Dropping it must cancel the attempt and leave the transport usable. This client limits
//! no time itself, so the timer of the runtime does.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use clerk_sessions_core::http::{Request, Response};
//! use clerk_sessions_core::transport::{AsyncTransport, check_head};
//! use clerk_sessions_core::{Api, AsyncClient, Delivery, TransportError, TransportErrorKind};
//!
//! # mod my_http {
//! #     #[derive(Clone)]
//! #     pub struct Client;
//! #     pub struct Body(pub Option<Vec<u8>>);
//! #     pub enum Failure { Connect(std::io::Error), Io(std::io::Error) }
//! #     impl Client {
//! #         pub async fn send(&self, _: http::Request<Vec<u8>>) -> Result<http::Response<Body>, Failure> {
//! #             Ok(http::Response::builder().status(404).body(Body(Some(b"{}".to_vec()))).unwrap())
//! #         }
//! #     }
//! #     impl Body {
//! #         pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Failure> { Ok(self.0.take()) }
//! #     }
//! # }
//! # mod my_runtime {
//! #     pub struct Elapsed;
//! #     pub async fn timeout<F: Future>(_: std::time::Duration, future: F) -> Result<F::Output, Elapsed> { Ok(future.await) }
//! #     pub async fn sleep(_: std::time::Duration) {}
//! # }
//! const MAX_BODY: usize = 8 * 1024 * 1024;
//!
//! #[derive(Clone)]
//! struct MyTransport {
//!     http: my_http::Client,
//!     started: Instant,
//! }
//!
//! impl MyTransport {
//!     async fn attempt(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
//!         let (head, mut body) = self.http.send(request).await.map_err(failed)?.into_parts();
//!         check_head(&head.headers)?;
//!         let mut bytes = Vec::new();
//!         while let Some(chunk) = body.chunk().await.map_err(failed)? {
//!             if chunk.len() > MAX_BODY - bytes.len() {
//!                 return Err(TransportError::new(TransportErrorKind::TooLarge, Delivery::MaybeSent));
//!             }
//!             bytes.extend_from_slice(&chunk);
//!         }
//!         Ok(Response::from_parts(head, bytes))
//!     }
//! }
//!
//! impl AsyncTransport for MyTransport {
//!     async fn send(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
//!         let timed_out = |_| TransportError::new(TransportErrorKind::Timeout, Delivery::MaybeSent);
//!         my_runtime::timeout(timeout, self.attempt(request)).await.map_err(timed_out)?
//!     }
//!
//!     async fn sleep(&self, duration: Duration) {
//!         my_runtime::sleep(duration).await;
//!     }
//!
//!     fn now(&self) -> Duration {
//!         self.started.elapsed()
//!     }
//! }
//!
//! fn failed(failure: my_http::Failure) -> TransportError {
//!     let (error, connected, delivery) = match failure {
//!         my_http::Failure::Connect(error) => (error, false, Delivery::NotSent),
//!         my_http::Failure::Io(error) => (error, true, Delivery::MaybeSent),
//!     };
//!     TransportError::new(TransportErrorKind::of_io(error.kind(), connected), delivery).with_source(error)
//! }
//!
//! # async fn run() -> Result<(), clerk_sessions_core::Error> {
//! let transport = MyTransport { http: my_http::Client, started: Instant::now() };
//! let clerk = AsyncClient::new(Api::new("sk_test_123")?, transport);
//! let error = clerk.sessions().get("sess_123").await.unwrap_err();
//! assert_eq!(error.status().unwrap(), 404);
//! # Ok(())
//! # }
//! # futures_util::FutureExt::now_or_never(run()).unwrap()?;
//! # Ok::<(), clerk_sessions_core::Error>(())
//! ```
//!
//! # Verify tokens over it
//!
//! The authenticators of the crate `clerk-sessions-auth` also need the time of day, to see whether a token has expired. Implement
//! [`WallClock`], too. It has one method:
//!
//! ```
//! use std::time::{Duration, SystemTime, UNIX_EPOCH};
//!
//! use clerk_sessions_core::transport::WallClock;
//!
//! # struct MyTransport;
//! impl WallClock for MyTransport {
//!     fn unix_time(&self) -> Duration {
//!         SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
//!     }
//! }
//! # assert!(MyTransport.unix_time() > Duration::from_secs(1_700_000_000));
//! ```
//!
//! # Test it
//!
//! The crate `clerk-sessions-fake` is a Clerk server for tests. Start it on a loopback port, set its URL with
//! [`ApiBuilder::base_url`](crate::ApiBuilder::base_url), and make all seven calls. Also test against servers that misbehave: one
//! that never responds, one that closes the connection in the middle of the body, one that redirects, and one that sends a body
//! without an end.
//!
//! [`AsyncClient`]: crate::AsyncClient
//! [`AsyncTransport`]: crate::transport::AsyncTransport
//! [`Client`]: crate::Client
//! [`Delivery`]: crate::Delivery
//! [`Delivery::MaybeSent`]: crate::Delivery::MaybeSent
//! [`Delivery::NotSent`]: crate::Delivery::NotSent
//! [`Transport`]: crate::transport::Transport
//! [`TransportErrorKind::of_io`]: crate::TransportErrorKind::of_io
//! [`WallClock`]: crate::transport::WallClock
//! [`check_head`]: crate::transport::check_head
