//! The blocking client: [`Client`], and [`Sessions`] with a method for each operation.

use super::transport::{Transport, drive};
use crate::api::Api;
use crate::call::CallContext;
use crate::call::observer::Observer;
use crate::call::options::CallOptions;
use crate::error::Error;
use crate::model::{Refreshed, Session, SessionList, Token};
use crate::operation::Operation;
use crate::operations::{
    CreateSession, CreateSessionToken, CreateSessionTokenFromTemplate, GetSession, ListSessions, RefreshSession,
    RevokeSession,
};

/// A blocking client for the Sessions API, over any [`Transport`](crate::transport::Transport).
///
/// Create one and clone it: clones share the connections, the rate limit and the retry budget. Its methods to call the API are
/// those of [`Sessions`]. The adapter `clerk-sessions-ureq` has a type `Client`, and functions that create one.
///
/// ```no_run
/// use std::time::Duration;
///
/// use clerk_sessions_core::transport::Transport;
/// use clerk_sessions_core::{Api, Client, CallOptions, Error};
///
/// # fn example(transport: impl Transport) -> Result<(), Error> {
/// let options = CallOptions::new().deadline(Duration::from_secs(5));
/// let clerk = Client::new(Api::new("sk_test_123")?, transport).with_options(options);
/// let session = clerk.sessions().get("sess_123")?;
/// println!("{}", session.status);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client<T> {
    context: CallContext,
    transport: T,
}

impl<T: Transport> Client<T> {
    /// Creates a client for this API over this transport, with the default [`CallOptions`] and no observer.
    ///
    /// ```
    /// use clerk_sessions_core::transport::Transport;
    /// use clerk_sessions_core::{Api, Client, Error};
    ///
    /// fn connect<T: Transport>(transport: T) -> Result<Client<T>, Error> {
    ///     Ok(Client::new(Api::new("sk_test_123")?, transport))
    /// }
    /// ```
    #[must_use]
    pub fn new(api: Api, transport: T) -> Self {
        Self { context: CallContext::new(api), transport }
    }

    /// Sets the time limits and retries for all calls of this client.
    ///
    /// For single calls, use [`Sessions::with_options`]. [The guide](crate::guide::retries) explains the options.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_sessions_core::{CallOptions, RetryPolicy};
    /// # use clerk_sessions_core::{Client, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Client<T> {
    /// let options = CallOptions::new().deadline(Duration::from_secs(5)).retry(RetryPolicy::new().max_attempts(2));
    /// let clerk = clerk.with_options(options);
    /// # clerk
    /// # }
    /// ```
    #[must_use]
    pub fn with_options(mut self, options: CallOptions) -> Self {
        self.context = self.context.with_options(options);
        self
    }

    /// Sets the observer, which receives each attempt of each call. It replaces an observer that was set before.
    ///
    /// ```
    /// use clerk_sessions_core::{Attempt, Observer};
    ///
    /// struct Log;
    ///
    /// impl Observer for Log {
    ///     fn attempted(&self, attempt: &Attempt<'_>) {
    ///         eprintln!("{attempt}");
    ///     }
    /// }
    /// # use clerk_sessions_core::{Client, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Client<T> {
    /// let clerk = clerk.with_observer(Log);
    /// # clerk
    /// # }
    /// ```
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
        self.context = self.context.with_observer(observer);
        self
    }

    /// The session operations: a method for each.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_, T> {
        Sessions { client: self, options: None }
    }

    /// Calls any operation. Use it for operations of your own; see [`Operation`].
    ///
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::GetSession;
    ///
    /// let session = clerk.call(&GetSession::new("sess_123"))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Any [`Error`]; see [the guide](crate::guide::errors).
    pub fn call<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.sessions().call(operation)
    }

    /// The API that this client calls.
    #[must_use]
    pub fn api(&self) -> &Api {
        self.context.api()
    }

    /// The shared state of all calls: API, options, rate limit, retry budget, observer.
    #[must_use]
    pub fn context(&self) -> &CallContext {
        &self.context
    }

    /// The transport, to [drive](crate::transport::drive) a flow of your own, or for a verifier of session tokens that shares its
    /// connections.
    #[must_use]
    pub fn transport(&self) -> &T {
        &self.transport
    }
}

/// The session operations of a [`Client`]. [`Client::sessions`] returns it.
///
/// | you want to | call |
/// |---|---|
/// | list sessions | [`list`](Self::list) for one page, [`pages`](Self::pages) for all |
/// | get a session | [`get`](Self::get) |
/// | sign out | [`revoke`](Self::revoke) one session, [`revoke_all`](Self::revoke_all) of a user |
/// | create a token | [`create_token`](Self::create_token), [`create_token_from_template`](Self::create_token_from_template) |
/// | refresh an expired token | [`refresh`](Self::refresh) |
/// | create a session in a test | [`create`](Self::create) |
/// | set time limits and retries for one call | [`with_options`](Self::with_options) |
///
/// It is a reference to the client, so it is `Copy`.
#[derive(Debug)]
pub struct Sessions<'a, T> {
    client: &'a Client<T>,
    options: Option<CallOptions>,
}

// Not derived: `derive` would require `T: Copy`.
impl<T> Clone for Sessions<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Sessions<'_, T> {}

impl<'a, T: Transport> Sessions<'a, T> {
    /// Sets the time limits and retries for the calls of this value. They replace all options of the client.
    ///
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// use std::time::Duration;
    ///
    /// use clerk_sessions_core::{CallOptions, RetryPolicy};
    ///
    /// let quick = CallOptions::new().deadline(Duration::from_millis(500)).retry(RetryPolicy::none());
    /// let session = clerk.sessions().with_options(quick).get("sess_123")?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_options(mut self, options: CallOptions) -> Self {
        self.options = Some(options);
        self
    }

    /// Calls any operation. Use it for operations of your own; see [`Operation`].
    ///
    /// # Errors
    /// Any [`Error`]; see [the guide](crate::guide::errors).
    pub fn call<O: Operation>(self, operation: &O) -> Result<O::Output, Error> {
        drive(&self.client.transport, self.context().into_call(operation)?)
    }

    pub(super) fn context(self) -> CallContext {
        self.client.context.clone_with(self.options)
    }

    pub(super) fn transport(self) -> &'a T {
        &self.client.transport
    }

    /// Lists one page of sessions, newest first: `GET /sessions`.
    ///
    /// Use it for the newest sessions of a user, or for one status. Use [`pages`](Self::pages) to get all sessions.
    ///
    /// `list` is a [`ListSessions`] with these parameters:
    ///
    /// | parameter | meaning | default |
    /// |---|---|---|
    /// | `user_id`, `client_id` | only sessions of this user, on this client; the server may refuse a list with neither | |
    /// | `status` | only sessions with this status | any |
    /// | `limit` | maximum number of sessions, 1 to 500 | 10 (the server's) |
    /// | `offset` | number of sessions to skip, newest first | 0 |
    /// | `paginated` | asks for the total count | `false` |
    ///
    /// Returns the sessions, with the total count if the server sent it.
    ///
    /// Retried after 429, 408, 500, 502, 503 and 504, and after transport failures, because it only reads.
    ///
    /// # Errors
    /// - [`Error::Build`]: `limit` is not within 1 to 500, or an id or the status is empty. Nothing was sent.
    /// - [`Error::Api`]: 400 or 422 if the server refuses a parameter, 401 for a wrong secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit lasts longer than the call may wait, 5xx if
    ///   the server fails.
    /// - [`Error::Decode`]: the response can't be read as a list of sessions, or it has a session of another user or client.
    /// - [`Error::Transport`]: no complete response arrived in time, or the rate limit holds the call back for longer than it may
    ///   wait.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::{ListSessions, SessionStatus};
    ///
    /// let active = ListSessions::new().user_id("user_123").status(SessionStatus::Active).limit(100);
    /// for session in clerk.sessions().list(active)? {
    ///     println!("{} last active {}", session.id, session.last_active_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [Reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/GetSessionList)
    pub fn list(self, list: impl Into<ListSessions>) -> Result<SessionList, Error> {
        self.call(&list.into())
    }

    /// Creates an active session for a user, on a new client: `POST /sessions`.
    ///
    /// Use it in tests. Production instances refuse it.
    ///
    /// `session` is a user id, or a [`CreateSession`] with an `active_organization_id`.
    ///
    /// Returns the new session.
    ///
    /// Retried after 429, and if nothing was sent. Not retried if the server may have processed the request, because a second
    /// run would create a second session.
    ///
    /// # Errors
    /// - [`Error::Build`]: an id is empty. Nothing was sent.
    /// - [`Error::Api`]: 400 on a production instance, 404 if the user or the organization does not exist, 409 if the user can't
    ///   sign in, 401 for a wrong secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit lasts longer than the call may wait, 5xx if
    ///   the server fails.
    /// - [`Error::Decode`]: the response can't be read as a session, or it is for another user.
    /// - [`Error::Transport`]: no complete response arrived in time, or the rate limit holds the call back for longer than it may
    ///   wait.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::CreateSession;
    ///
    /// let session = clerk.sessions().create("user_123")?;
    /// println!("{} expires {}", session.id, session.expire_at);
    /// let in_organization = CreateSession::new("user_123").active_organization_id("org_123");
    /// let session = clerk.sessions().create(in_organization)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [Reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/createSession)
    pub fn create(self, session: impl Into<CreateSession>) -> Result<Session, Error> {
        self.call(&session.into())
    }

    /// Gets a session: `GET /sessions/{session_id}`.
    ///
    /// Use it to check whether a session is still active.
    ///
    /// `session` is a session id. It must not be empty, `.` or `..`. It is percent-encoded, so no id can call another
    /// operation.
    ///
    /// Returns the session, whatever its status.
    ///
    /// Retried after 429, 408, 500, 502, 503 and 504, and after transport failures, because it only reads.
    ///
    /// # Errors
    /// - [`Error::Build`]: the id is empty, `.` or `..`. Nothing was sent.
    /// - [`Error::Api`]: 404 if the session does not exist ([`Error::is_not_found`]), 401 for a wrong secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit lasts longer than the call may wait, 5xx if
    ///   the server fails.
    /// - [`Error::Decode`]: the response can't be read as a session, or it is for another session.
    /// - [`Error::Transport`]: no complete response arrived in time, or the rate limit holds the call back for longer than it may
    ///   wait.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// match clerk.sessions().get("sess_123") {
    ///     Ok(session) => println!("{} is {}", session.id, session.status),
    ///     Err(error) if error.is_not_found() => println!("there is no such session"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [Reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/GetSession)
    pub fn get(self, session: impl Into<GetSession>) -> Result<Session, Error> {
        self.call(&session.into())
    }

    /// Gets a new session token for an expired one and a refresh token: `POST /sessions/{session_id}/refresh`.
    ///
    /// Use it on a server that receives a request with an expired session token.
    ///
    /// `refresh` is a [`RefreshSession`] with what the browser sent: the session id, the expired token (cookie `__session`),
    /// the refresh token (cookie `__refresh`), and the origin of its request, such as `https://app.example.com`.
    ///
    /// Returns a token, or `Set-Cookie` values if you asked for [`TokenFormat::Cookie`](crate::TokenFormat::Cookie).
    ///
    /// Retried after 429, and if nothing was sent. Not retried if the server may have processed the request, because a refresh
    /// token works once.
    ///
    /// # Errors
    /// - [`Error::Build`]: a parameter is empty. Nothing was sent.
    /// - [`Error::Api`]: 401 if the server refuses the refresh ([`Error::needs_handshake`]); redirect the browser to the
    ///   handshake. 401 for a wrong secret key ([`Error::is_secret_key_invalid`]).
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit lasts longer than the call may wait, 5xx if
    ///   the server fails.
    /// - [`Error::Decode`]: the response can't be read as a token or cookies, or the token is for another session.
    /// - [`Error::Transport`]: no complete response arrived in time, or the rate limit holds the call back for longer than it may
    ///   wait.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::RefreshSession;
    ///
    /// let (session_cookie, refresh_cookie) = ("eyJ_expired", "refresh_token");
    /// let refresh = RefreshSession::new("sess_123", session_cookie, refresh_cookie, "https://app.example.com");
    /// match clerk.sessions().refresh(refresh) {
    ///     Ok(refreshed) => println!("a new token: {}", refreshed.token().is_some()),
    ///     Err(error) if error.needs_handshake() => println!("redirect to the handshake"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [Reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/RefreshSession)
    pub fn refresh(self, refresh: impl Into<RefreshSession>) -> Result<Refreshed, Error> {
        self.call(&refresh.into())
    }

    /// Revokes a session, which signs its user out there: `POST /sessions/{session_id}/revoke`.
    ///
    /// Use [`revoke_all`](Self::revoke_all) to revoke all sessions of a user.
    ///
    /// `session` is a session id. It must not be empty, `.` or `..`. Tokens of the session that already exist stay valid until
    /// they expire (after 60 s by default).
    ///
    /// Returns the session with its new status.
    ///
    /// Retried after 429, 408, 500, 502, 503 and 504, and after transport failures, because a second revoke changes nothing.
    ///
    /// # Errors
    /// - [`Error::Build`]: the id is empty, `.` or `..`. Nothing was sent.
    /// - [`Error::Api`]: 404 if the session does not exist ([`Error::is_not_found`]), 401 for a wrong secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit lasts longer than the call may wait, 5xx if
    ///   the server fails.
    /// - [`Error::Decode`]: the response can't be read as a session, or it is for another session.
    /// - [`Error::Transport`]: no complete response arrived in time, or the rate limit holds the call back for longer than it may
    ///   wait.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// let session = clerk.sessions().revoke("sess_123")?;
    /// assert!(!session.is_active());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [Reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/RevokeSession)
    pub fn revoke(self, session: impl Into<RevokeSession>) -> Result<Session, Error> {
        self.call(&session.into())
    }

    /// Creates a session token: `POST /sessions/{session_id}/tokens`.
    ///
    /// Use [`create_token_from_template`](Self::create_token_from_template) for a token with the claims of a JWT template.
    ///
    /// `token` is a session id, or a [`CreateSessionToken`] with:
    ///
    /// | parameter | meaning | default |
    /// |---|---|---|
    /// | `expires_in_seconds` | lifetime of the token, 30 to 315,360,000 s | 60 s (the server's) |
    /// | `origin` | the `azp` claim of the token, such as `https://app.example.com` | no `azp` claim |
    ///
    /// Returns the signed token.
    ///
    /// Retried after 429, and if nothing was sent. Not retried if the server may have processed the request, because a second
    /// token counts towards the quota.
    ///
    /// # Errors
    /// - [`Error::Build`]: the id is empty, `.` or `..`, or `expires_in_seconds` is out of range. Nothing was sent.
    /// - [`Error::Api`]: 404 if the session does not exist ([`Error::is_not_found`]), 401 for a wrong secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit lasts longer than the call may wait, 5xx if
    ///   the server fails.
    /// - [`Error::Decode`]: the response can't be read as a token, or the token is for another session.
    /// - [`Error::Transport`]: no complete response arrived in time, or the rate limit holds the call back for longer than it may
    ///   wait.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::CreateSessionToken;
    ///
    /// let token = clerk.sessions().create_token("sess_123")?;
    /// println!("{} bytes", token.jwt.expose().len());
    /// let hour = CreateSessionToken::new("sess_123").expires_in_seconds(3600);
    /// let token = clerk.sessions().create_token(hour)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [Reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/CreateSessionToken)
    pub fn create_token(self, token: impl Into<CreateSessionToken>) -> Result<Token, Error> {
        self.call(&token.into())
    }

    /// Creates a token from a JWT template: `POST /sessions/{session_id}/tokens/{template_name}`.
    ///
    /// Use it for services that need their own claims, such as Hasura.
    ///
    /// `token` names the session and the template: `CreateSessionToken::new("sess_123").template("hasura")`. It takes
    /// `expires_in_seconds` (30 to 315,360,000 s; the default is that of the template) and `origin`, as
    /// [`create_token`](Self::create_token) does.
    ///
    /// Returns the signed token.
    ///
    /// Retried after 429, and if nothing was sent. Not retried if the server may have processed the request, because a second
    /// token counts towards the quota.
    ///
    /// # Errors
    /// - [`Error::Build`]: the id or the name is empty, `.` or `..`, or `expires_in_seconds` is out of range. Nothing was sent.
    /// - [`Error::Api`]: 404 if the session or the template does not exist ([`Error::is_not_found`]), 401 for a wrong secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit lasts longer than the call may wait, 5xx if
    ///   the server fails.
    /// - [`Error::Decode`]: the response can't be read as a token, or the token is for another session.
    /// - [`Error::Transport`]: no complete response arrived in time, or the rate limit holds the call back for longer than it may
    ///   wait.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::CreateSessionToken;
    ///
    /// let hasura = CreateSessionToken::new("sess_123").template("hasura");
    /// let token = clerk.sessions().create_token_from_template(hasura)?;
    /// println!("{} bytes", token.jwt.expose().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [Reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/CreateSessionTokenFromTemplate)
    pub fn create_token_from_template(self, token: impl Into<CreateSessionTokenFromTemplate>) -> Result<Token, Error> {
        self.call(&token.into())
    }
}
