//! [`TestAuth`]: tests of an app as a user who is signed in, without a server, a key or a token.

use std::future::{Ready, ready};

use actix_web::HttpMessage;
use actix_web::dev::{Service, ServiceRequest, Transform, forward_ready};
use clerk_sessions_auth::{Claims, Identity, Verified};

use crate::auth::Auth;

/// Says who is asking, in tests of an app: without a server, a key or a token. Nothing of the request is checked.
///
/// It is a middleware. Wrap the app with it last: each [`Clerk`](crate::Clerk) inside accepts what it says, so that the test is of the
/// app as it is, with its refusals. Around handlers without a `Clerk`, it takes the place of one.
///
/// ```
/// use actix_web::{App, test, web};
/// use clerk_sessions_actix::SignedIn;
/// use clerk_sessions_actix::testing::TestAuth;
/// use clerk_sessions_auth::Claims;
///
/// async fn me(SignedIn(claims): SignedIn) -> String {
///     claims.user_id().to_owned()
/// }
///
/// #[actix_web::test]
/// # async fn not_run_by_rustdoc() {}
/// async fn a_user_sees_their_id() {
///     let user = Claims::for_tests("user_1").organization("org_1", "org:admin").build().unwrap();
///     let app = App::new().route("/me", web::get().to(me)).wrap(TestAuth::as_user(user.clone()));
///     let app = test::init_service(app).await;
///     let request = test::TestRequest::get().uri("/me").to_request();
///     assert_eq!(test::call_and_read_body(&app, request).await, "user_1");
///
///     assert_eq!(me(SignedIn(user)).await, "user_1"); // or as a function
/// }
/// # actix_web::rt::System::new().block_on(a_user_sees_their_id());
/// ```
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

    /// Says it for one request only, such as one of actix-web's `TestRequest::to_request`.
    pub fn add_to(&self, request: &impl HttpMessage) {
        request.extensions_mut().insert(self.0.clone());
    }
}

impl<S: Service<ServiceRequest>> Transform<S, ServiceRequest> for TestAuth {
    type Response = S::Response;
    type Error = S::Error;
    type Transform = TestService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(TestService { service, auth: self.clone() }))
    }
}

/// The service that [`TestAuth`] makes of another one.
#[derive(Clone, Debug)]
pub struct TestService<S> {
    service: S,
    auth: TestAuth,
}

impl<S: Service<ServiceRequest>> Service<ServiceRequest> for TestService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        self.auth.add_to(&request);
        self.service.call(request)
    }
}
