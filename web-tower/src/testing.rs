//! [`TestAuth`]: tests of an app as a user who is signed in, without a server, a key or a token.

use std::task::{Context, Poll};

use clerk_sessions_auth::{Claims, Identity, Verified};
use http::{Extensions, Request};
use tower_layer::Layer;
use tower_service::Service;

use crate::auth::Auth;

/// Says who is asking, in tests of an app: without a server, a key or a token. Nothing of the request is checked.
///
/// It is a layer. Put it around the app: the [`ClerkLayer`](crate::ClerkLayer)s inside accept what it says, so that the test is of the
/// app as it is, with its refusals. Around handlers without a `ClerkLayer`, it takes the place of one.
///
/// ```
/// use clerk_sessions_auth::Claims;
/// use clerk_sessions_tower::testing::TestAuth;
/// use http::Request;
/// # use std::future::{Ready, ready};
/// # use tower_layer::Layer;
/// # use tower_service::Service;
/// # #[derive(Clone)]
/// # struct App;
/// # impl Service<Request<String>> for App {
/// #     type Response = String;
/// #     type Error = std::convert::Infallible;
/// #     type Future = Ready<Result<String, Self::Error>>;
/// #     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> { unreachable!() }
/// #     fn call(&mut self, request: Request<String>) -> Self::Future {
/// #         let auth = clerk_sessions_tower::Auth::of(request.extensions()).unwrap();
/// #         ready(Ok(auth.require().unwrap().user_id().to_owned()))
/// #     }
/// # }
/// # fn app() -> App { App }
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let user = Claims::for_tests("user_1").organization("org_1", "org:admin").build()?;
/// let mut app = TestAuth::as_user(user).layer(app()); // in axum: app().layer(TestAuth::as_user(user))
/// let response = app.call(Request::get("/me").body(String::new())?).await?;
/// assert_eq!(response, "user_1");
/// # Ok(())
/// # }
/// # let mut example = Box::pin(example());
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # assert!(matches!(example.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(()))));
/// ```
///
/// With the feature `axum`, call a handler as a function: `me(SignedIn(user)).await`.
#[derive(Clone, Debug)]
pub struct TestAuth(Auth);

impl TestAuth {
    /// Requests are those of this user. A session whose status, `sts`, is `pending` is a pending one.
    #[must_use]
    pub fn as_user(claims: Claims) -> Self {
        Self(Auth::of_test(Identity::from(Verified::from_trusted(claims))))
    }

    /// Requests are those of a visitor who is not signed in.
    #[must_use]
    pub fn as_visitor() -> Self {
        Self(Auth::of_test(Identity::SignedOut))
    }

    /// The extractor [`Auth`], to call a handler as a function.
    #[must_use]
    pub fn auth(&self) -> Auth {
        self.0.clone()
    }

    /// Says it for one request only, by its extensions.
    pub fn add_to(&self, extensions: &mut Extensions) {
        extensions.insert(self.0.clone());
    }
}

impl<S> Layer<S> for TestAuth {
    type Service = TestService<S>;

    fn layer(&self, inner: S) -> TestService<S> {
        TestService { inner, auth: self.clone() }
    }
}

/// The service that [`TestAuth`] makes of another one.
#[derive(Clone, Debug)]
pub struct TestService<S> {
    inner: S,
    auth: TestAuth,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for TestService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        self.auth.add_to(request.extensions_mut());
        self.inner.call(request)
    }
}
