//! Operations of your own: call other endpoints of Clerk's Backend API with the same client.
//!
//! Implement [`Operation`] for a type with the parameters. Then [`Client::call`](crate::Client::call) calls it, with the same
//! retries, rate limit and errors as the session operations.

use serde::de::DeserializeOwned;

use crate::error::{BuildError, Mismatch};
use crate::json;
pub use crate::metadata::{Idempotency, Metadata};
pub use crate::request::RequestWriter;

/// One operation of the API: its parameters, and how to write the request and check the response.
///
/// The session operations, such as [`GetSession`](crate::GetSession), implement it. Implement it to call another endpoint of
/// Clerk's Backend API:
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
/// // client.call(&GetUser { user_id: "user_1".into() }) sends this request and returns a User:
/// let request = Api::new("sk_test_123")?.request(&GetUser { user_id: "user_1".into() })?;
/// assert_eq!(request.uri().path(), "/v1/users/user_1");
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
pub trait Operation {
    /// The type that the body of a 2xx response is decoded into.
    type Output: DeserializeOwned;

    /// The id, method, path and idempotency. The idempotency decides what is retried.
    const METADATA: &'static Metadata;

    /// Writes the parameters into the path, the query, the headers or the body of the request.
    ///
    /// A call runs it again for each retry, and for an error that redacts the secrets of the request. Write the same each time.
    ///
    /// # Errors
    /// [`BuildError`]: a parameter is invalid. The call then fails with [`Error::Build`](crate::Error::Build), and nothing is
    /// sent.
    fn write(&self, request: &mut RequestWriter<'_>) -> Result<(), BuildError>;

    /// Checks that the decoded response is for the right object. The default accepts every response.
    ///
    /// # Errors
    /// [`Mismatch`]: the response is for another object. The call then fails with [`Error::Decode`](crate::Error::Decode).
    fn check(&self, output: &Self::Output) -> Result<(), Mismatch> {
        let _ = output;
        Ok(())
    }
}

/// Decodes JSON as responses are decoded: the error names the field and quotes no value.
///
/// Use it for JSON that may hold secrets or personal data.
///
/// ```
/// use clerk_sessions_core::operation::decode;
///
/// let error = decode::<Vec<u32>>(br#"[1, "secret"]"#).unwrap_err();
/// assert_eq!(error.to_string(), "at [1]: invalid type: string, expected u32 at line 1 column 12");
/// ```
///
/// # Errors
/// [`Mismatch`]: `json` is not the JSON of a `T`.
pub fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, Mismatch> {
    json::read(json).map_err(|fault| Mismatch::new(fault.path, fault.reason))
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
