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

/// A blocking client: an [`Api`] over a [`Transport`](crate::transport::Transport).
///
/// Make one and keep it: clones share connections, the rate limit and the retry budget, and are cheap where the transport's
/// are. The adapters have a function that makes one.
#[derive(Clone, Debug)]
pub struct Client<T> {
    context: CallContext,
    transport: T,
}

impl<T: Transport> Client<T> {
    /// A client of this API over this transport, with the default [`CallOptions`].
    #[must_use]
    pub fn new(api: Api, transport: T) -> Self {
        Self { context: CallContext::new(api), transport }
    }

    /// Sets the time limits and retries of all calls that have no options of their own.
    #[must_use]
    pub fn with_options(mut self, options: CallOptions) -> Self {
        self.context = self.context.with_options(options);
        self
    }

    /// Sets the observer, which is told of each attempt of each call.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
        self.context = self.context.with_observer(observer);
        self
    }

    /// The session operations.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_, T> {
        Sessions { client: self, options: None }
    }

    /// Calls any operation, those of your own included. See [`Operation`].
    ///
    /// # Errors
    /// Any [`Error`]: its variants tell what failed.
    pub fn call<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.sessions().call(operation)
    }

    /// The API that is called.
    #[must_use]
    pub fn api(&self) -> &Api {
        self.context.api()
    }

    /// What all calls of this client have in common.
    #[must_use]
    pub fn context(&self) -> &CallContext {
        &self.context
    }

    /// The transport that carries the calls.
    #[must_use]
    pub fn transport(&self) -> &T {
        &self.transport
    }
}

/// The session operations of a [`Client`], from [`Client::sessions`].
///
/// It is `Copy`, and its methods take it by value.
#[derive(Debug)]
pub struct Sessions<'a, T> {
    client: &'a Client<T>,
    options: Option<CallOptions>,
}

// Not derived, as that would ask for a transport that is Copy.
impl<T> Clone for Sessions<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Sessions<'_, T> {}

impl<'a, T: Transport> Sessions<'a, T> {
    /// Sets the time limits and retries of the calls made by this value, in place of the client's.
    #[must_use]
    pub fn with_options(mut self, options: CallOptions) -> Self {
        self.options = Some(options);
        self
    }

    /// Calls any operation, those of your own included. See [`Operation`].
    ///
    /// # Errors
    /// Any [`Error`]: its variants tell what failed.
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
    /// `list` takes a `user_id` or a `client_id` (the server may refuse a list without either), a `status`, a `limit` (1 to
    /// 500 sessions; the server's default is 10), an `offset` (how many of the newest to skip, 0 by default) and `paginated`
    /// (asks for the total count). To get all sessions and not one page, use [`pages`](Self::pages).
    ///
    /// Returns the sessions of the page, with the total count if the server sent it.
    ///
    /// Retried after a 429, a 408, 500, 502, 503 or 504, and a transport failure: the operation only reads.
    ///
    /// # Errors
    /// - [`Error::Build`]: `limit` is not within 1 to 500, or an id or the status is empty. Nothing was sent.
    /// - [`Error::Api`]: 400 or 422 for parameters that the server refuses, 401 for a bad secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit holds for longer than the call may wait,
    ///   5xx if the server fails.
    /// - [`Error::Decode`]: the response can't be read as a list of sessions.
    /// - [`Error::Transport`]: no complete response came in time, or the rate limit holds the call back for too long.
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
    /// `session` is a user id, or a [`CreateSession`] with an `active_organization_id`. This is for tests: production instances
    /// refuse it.
    ///
    /// Returns the new session.
    ///
    /// Retried after a 429, and when nothing was sent. Never when the server may have processed the request: a second run would
    /// create a second session.
    ///
    /// # Errors
    /// - [`Error::Build`]: an id is empty. Nothing was sent.
    /// - [`Error::Api`]: 400 on a production instance, 404 if the user or organization does not exist, 409 if the user can't sign in,
    ///   401 for a bad secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit holds for longer than the call may wait,
    ///   5xx if the server fails.
    /// - [`Error::Decode`]: the response can't be read as a session.
    /// - [`Error::Transport`]: no complete response came in time, or the rate limit holds the call back for too long.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// let session = clerk.sessions().create("user_123")?;
    /// println!("{} expires {}", session.id, session.expire_at);
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
    /// `session` is a session id, which must not be empty, `.` or `..`. It is percent-encoded, so no id can call another operation.
    ///
    /// Returns the session, whatever its status.
    ///
    /// Retried after a 429, a 408, 500, 502, 503 or 504, and a transport failure: the operation only reads.
    ///
    /// # Errors
    /// - [`Error::Build`]: the id is empty or a dot segment. Nothing was sent.
    /// - [`Error::Api`]: 404 if there is no such session ([`Error::is_not_found`]), 401 for a bad secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit holds for longer than the call may wait,
    ///   5xx if the server fails.
    /// - [`Error::Decode`]: the response can't be read as a session.
    /// - [`Error::Transport`]: no complete response came in time, or the rate limit holds the call back for too long.
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

    /// Exchanges an expired session token and a refresh token for a new one: `POST /sessions/{session_id}/refresh`.
    ///
    /// `refresh` is what the browser sent: the session's id, the expired token (the `__session` cookie), the refresh token (the
    /// `__refresh` cookie) and the origin of its request, such as `https://app.example.com`.
    ///
    /// Returns a token, or `Set-Cookie` directives if [`TokenFormat::Cookie`](crate::TokenFormat::Cookie) was asked for.
    ///
    /// Retried after a 429, and when nothing was sent. Never when the server may have processed the request: a refresh token works
    /// once.
    ///
    /// # Errors
    /// - [`Error::Build`]: a parameter is empty. Nothing was sent.
    /// - [`Error::Api`]: 401 if the refresh is refused, after which the browser has to do the handshake
    ///   ([`Error::needs_handshake`]); 401 for a bad secret key ([`Error::is_secret_key_invalid`]).
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit holds for longer than the call may wait,
    ///   5xx if the server fails.
    /// - [`Error::Decode`]: the response can't be read as a token or cookies.
    /// - [`Error::Transport`]: no complete response came in time, or the rate limit holds the call back for too long.
    ///
    /// # Example
    /// ```no_run
    /// # use clerk_sessions_core::{Client, Error, transport::Transport};
    /// # fn example<T: Transport>(clerk: Client<T>) -> Result<(), Error> {
    /// use clerk_sessions_core::RefreshSession;
    ///
    /// let cookies = ("eyJ_expired", "refresh_token");
    /// let refresh = RefreshSession::new("sess_123", cookies.0, cookies.1, "https://app.example.com");
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
    /// `session` is a session id, which must not be empty, `.` or `..`. Tokens that were minted before stay valid until they
    /// expire (60 s by default). To revoke all sessions of a user, use [`revoke_all`](Self::revoke_all).
    ///
    /// Returns the session, with its new status.
    ///
    /// Retried after a 429, a 408, 500, 502, 503 or 504, and a transport failure: a second revoke changes nothing.
    ///
    /// # Errors
    /// - [`Error::Build`]: the id is empty or a dot segment. Nothing was sent.
    /// - [`Error::Api`]: 404 if there is no such session ([`Error::is_not_found`]), 401 for a bad secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit holds for longer than the call may wait,
    ///   5xx if the server fails.
    /// - [`Error::Decode`]: the response can't be read as a session.
    /// - [`Error::Transport`]: no complete response came in time, or the rate limit holds the call back for too long.
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

    /// Mints a session token: `POST /sessions/{session_id}/tokens`.
    ///
    /// `token` is a session id, or a [`CreateSessionToken`] with `expires_in_seconds` (30 to 315,360,000 s; the server's default is
    /// 60 s) and an `origin` (the token's `azp` claim, which it lacks otherwise).
    ///
    /// Returns the signed token.
    ///
    /// Retried after a 429, and when nothing was sent. Not when the server may have processed the request: a second run costs quota.
    ///
    /// # Errors
    /// - [`Error::Build`]: the id is empty or a dot segment, or `expires_in_seconds` is out of bounds. Nothing was sent.
    /// - [`Error::Api`]: 404 if there is no such session ([`Error::is_not_found`]), 401 for a bad secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit holds for longer than the call may wait,
    ///   5xx if the server fails.
    /// - [`Error::Decode`]: the response can't be read as a token.
    /// - [`Error::Transport`]: no complete response came in time, or the rate limit holds the call back for too long.
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

    /// Mints a token from a JWT template: `POST /sessions/{session_id}/tokens/{template_name}`.
    ///
    /// `token` names the session and the template: `CreateSessionToken::new("sess_123").template("hasura")`. It takes
    /// `expires_in_seconds` (30 to 315,360,000 s; the template's own by default) and an `origin`, as
    /// [`create_token`](Self::create_token).
    ///
    /// Returns the signed token.
    ///
    /// Retried after a 429, and when nothing was sent. Not when the server may have processed the request: a second run costs quota.
    ///
    /// # Errors
    /// - [`Error::Build`]: the id or the name is empty or a dot segment, or `expires_in_seconds` is out of bounds. Nothing was
    ///   sent.
    /// - [`Error::Api`]: 404 if there is no such session or template ([`Error::is_not_found`]), 401 for a bad secret key.
    /// - [`Error::Api`] with another status, after the retries: 429 if the rate limit holds for longer than the call may wait,
    ///   5xx if the server fails.
    /// - [`Error::Decode`]: the response can't be read as a token.
    /// - [`Error::Transport`]: no complete response came in time, or the rate limit holds the call back for too long.
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
