//! What an operation is: the trait that the seven session operations implement, and yours.

use serde::de::DeserializeOwned;

use crate::error::{BuildError, Mismatch};
pub use crate::metadata::{Idempotency, Metadata};
pub use crate::request::RequestWriter;

/// One operation of the API: what it sends and what it reads.
///
/// The session operations, such as [`GetSession`](crate::GetSession), implement it. Implement it for another endpoint of
/// Clerk's Backend API to call that through the same clients:
///
/// ```
/// use clerk_sessions_core::operation::{Idempotency, Metadata, Operation, RequestWriter};
/// use clerk_sessions_core::{Api, BuildError, Mismatch, http::Method};
///
/// struct GetUser { user_id: String }
///
/// #[derive(serde::Deserialize)]
/// struct User { id: String }
///
/// impl Operation for GetUser {
///     type Output = User;
///     const METADATA: &'static Metadata =
///         &Metadata::new("GetUser", "get_user", Method::GET, "/users/{user_id}", Idempotency::Safe);
///
///     fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
///         request.segments(&[("user_id", &self.user_id)])
///     }
///
///     fn check(&self, user: &User) -> Result<(), Mismatch> {
///         if user.id == self.user_id { Ok(()) } else { Err(Mismatch::new("id", "is another user than the one asked for")) }
///     }
/// }
///
/// let request = Api::new("sk_test_123")?.request(&GetUser { user_id: "user_1".into() })?;
/// assert_eq!(request.uri().path(), "/v1/users/user_1");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
pub trait Operation {
    /// What the body of a 2xx response is decoded into.
    type Output: DeserializeOwned;

    /// The operation's fixed facts.
    const METADATA: &'static Metadata;

    /// Writes the parameters into the request.
    ///
    /// # Errors
    /// [`BuildError`]: a parameter that the server would refuse or misread.
    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError>;

    /// Checks that the decoded response is for what was asked. Accepts everything by default.
    ///
    /// # Errors
    /// [`Mismatch`]: the response is for something else. The call then fails with [`Error::Decode`](crate::Error::Decode).
    fn check(&self, output: &Self::Output) -> Result<(), Mismatch> {
        let _ = output;
        Ok(())
    }
}

impl<O: Operation + ?Sized> Operation for &O {
    type Output = O::Output;
    const METADATA: &'static Metadata = O::METADATA;

    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError> {
        (**self).write(request)
    }

    fn check(&self, output: &Self::Output) -> Result<(), Mismatch> {
        (**self).check(output)
    }
}
