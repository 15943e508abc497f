//! [`Metadata`] and [`Idempotency`]: the constants of an operation.

use http::Method;

/// The constants of an operation: its names, method, path, and whether it may be retried.
///
/// Make one for [`Operation::METADATA`](crate::operation::Operation::METADATA) of an operation of your own:
///
/// ```
/// use clerk_sessions_core::http::Method;
/// use clerk_sessions_core::operation::{Idempotency, Metadata};
///
/// const GET_USER: &Metadata =
///     &Metadata::new("GetUser", "get_user", Method::GET, "/users/{user_id}", Idempotency::Safe);
/// assert_eq!(GET_USER.id, "GetUser");
/// ```
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The operationId in Clerk's reference, such as `GetSession`. Errors begin with it.
    pub id: &'static str,
    /// The name of the method of the clients, such as `get`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path below the base URL, which begins with a slash, with `{name}` for each variable segment.
    pub path: &'static str,
    /// Whether the request may be sent again if the server may have processed it.
    pub idempotency: Idempotency,
}

impl Metadata {
    /// Creates the constants. The parameters are the fields, in their order.
    #[must_use]
    pub const fn new(
        id: &'static str,
        name: &'static str,
        method: Method,
        path: &'static str,
        idempotency: Idempotency,
    ) -> Self {
        Self { id, name, method, path, idempotency }
    }
}

/// Whether a request may be sent again if the server may have processed it. It decides about retries, see
/// [`RetryPolicy`](crate::RetryPolicy).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Idempotency {
    /// The operation only reads. It is retried.
    Safe,
    /// Two runs have the same effect as one, as for a revoke. It is retried.
    Idempotent,
    /// A second run has another effect, or fails because of the first. It is retried only if the server did not process
    /// it.
    NotIdempotent,
}

impl Idempotency {
    /// Returns a stable word, for logs and other languages: `safe`, `idempotent` or `not_idempotent`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Idempotent => "idempotent",
            Self::NotIdempotent => "not_idempotent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_str_returns_the_documented_words() {
        let all = [Idempotency::Safe, Idempotency::Idempotent, Idempotency::NotIdempotent];
        assert_eq!(all.map(Idempotency::as_str), ["safe", "idempotent", "not_idempotent"]);
    }
}
