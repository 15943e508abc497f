//! The fixed facts of an operation, known without an instance of it.

use http::Method;

/// The fixed facts of an operation.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The operationId of the official description, such as `GetSession`.
    pub id: &'static str,
    /// The name of the client's method, such as `get`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path below the base URL, with `{name}` for each variable segment.
    pub path: &'static str,
    /// Whether the request may be sent again when the server may have processed it.
    pub idempotency: Idempotency,
}

impl Metadata {
    /// The facts of an operation; see the fields.
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

/// Whether a request may be sent again when the server may have processed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Idempotency {
    /// The operation only reads.
    Safe,
    /// Running the operation twice has the same effect as running it once.
    Idempotent,
    /// A second run has another effect than the first, or fails because of it.
    NotIdempotent,
}

impl Idempotency {
    /// A stable word for logs and other languages: `safe`, `idempotent` or `not_idempotent`.
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
    fn each_idempotency_has_the_word_that_the_docs_name() {
        let all = [Idempotency::Safe, Idempotency::Idempotent, Idempotency::NotIdempotent];
        assert_eq!(all.map(Idempotency::as_str), ["safe", "idempotent", "not_idempotent"]);
    }
}
