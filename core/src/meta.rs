//! What is known of an operation without an instance of it.

use http::Method;

/// The fixed facts of an operation.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meta {
    /// The operationId of the official description, such as `GetSession`.
    pub id: &'static str,
    /// The name of the façade's method, such as `get`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path below the base URL, with `{name}` for each variable segment.
    pub path: &'static str,
    /// Whether an attempt whose fate is unknown may be sent again.
    pub repeat: Repeat,
}

impl Meta {
    /// The facts of an operation; see the fields.
    #[must_use]
    pub const fn new(id: &'static str, name: &'static str, method: Method, path: &'static str, repeat: Repeat) -> Self {
        Self { id, name, method, path, repeat }
    }
}

/// Whether an attempt whose fate is unknown may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeat {
    /// It only reads.
    Safe,
    /// A second run changes nothing more than the first.
    Idempotent,
    /// A second run does more, or fails because of the first.
    Never,
}
