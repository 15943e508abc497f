//! [`UnverifiedToken`]: a token that was taken apart, and its header.

use std::borrow::Cow;
use std::fmt;

use serde::de::MapAccess;

use crate::base64url;
use crate::claims::Claims;
use crate::error::Rejected;
use crate::json::{self, Members};
use crate::reason::Reason;
use crate::scalar::Scalar;

/// The longest token that is read, in bytes. Browsers keep at most 4 KiB in a cookie, and servers limit their headers.
pub const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// The algorithms that a token may have. All are RSA signatures as of PKCS #1 v1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// With SHA-256. Clerk signs with it.
    Rs256,
    /// With SHA-384.
    Rs384,
    /// With SHA-512.
    Rs512,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 3] = [Self::Rs256, Self::Rs384, Self::Rs512];

    /// Returns the name in tokens and keys, such as `RS256`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// A token that was taken apart and **not verified**: anybody may have written it. Use it to inspect tokens, never to admit a user.
///
/// ```
/// use clerk_sessions_auth::UnverifiedToken;
///
/// let rejected = UnverifiedToken::decode("not a token").unwrap_err();
/// assert_eq!(rejected.to_string(), "token-invalid: it does not have three parts, separated by dots");
/// ```
pub struct UnverifiedToken {
    header: Header,
    header_json: String,
    claims: Claims,
}

impl UnverifiedToken {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`Rejected`] with [`Reason::TokenInvalid`]: it is longer than [`MAX_TOKEN_BYTES`], does not have three parts of base64url
    /// without padding, or its header or payload is not one JSON object without duplicate members.
    pub fn decode(token: &str) -> Result<Self, Rejected> {
        let parts = Parts::of(token)?;
        let header_json = parts.header_json()?;
        let header = Header::parse(&header_json)?;
        Ok(Self { header, header_json, claims: parts.claims()? })
    }

    /// The header as JSON.
    #[must_use]
    pub fn header_json(&self) -> &str {
        &self.header_json
    }

    /// The id of the key that should have signed the token, `kid`.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.header.key_id.as_deref()
    }

    /// The claims.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }
}

impl fmt::Debug for UnverifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken").field("claims", &self.claims).finish_non_exhaustive()
    }
}

/// The segments of a token, as text and decoded.
pub(crate) struct Parts<'a> {
    /// Header and payload: what is signed.
    pub(crate) signed: &'a str,
    pub(crate) header: &'a str,
    payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(token: &'a str) -> Result<Self, Rejected> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(invalid("it is longer than 64 KiB"));
        }
        let parts = token.rsplit_once('.').and_then(|(signed, signature)| {
            let (header, payload) = signed.split_once('.')?;
            Some((signed, header, payload, signature))
        });
        let Some((signed, header, payload, signature)) = parts else {
            return Err(invalid(NOT_THREE));
        };
        match (base64url::decode(payload), base64url::decode(signature)) {
            (Some(payload), Some(signature)) => Ok(Self { signed, header, payload, signature }),
            _ if payload.contains('.') => Err(invalid(NOT_THREE)),
            _ => Err(invalid("its payload or signature is not base64url without padding")),
        }
    }

    /// The decoded header.
    pub(crate) fn header_json(&self) -> Result<String, Rejected> {
        let decoded = base64url::decode(self.header).and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.ok_or_else(|| invalid("its header is not UTF-8 in base64url without padding"))
    }

    /// The claims in the payload.
    pub(crate) fn claims(self) -> Result<Claims, Rejected> {
        let json = String::from_utf8(self.payload).map_err(|_| invalid("its payload is not UTF-8"))?;
        Claims::parse(json).map_err(|_| invalid("its payload is not one JSON object without duplicate members"))
    }
}

const NOT_THREE: &str = "it does not have three parts, separated by dots";

fn invalid(message: &'static str) -> Rejected {
    Rejected::new(Reason::TokenInvalid, message)
}

/// The header member `cat` of tokens that Clerk makes for machines.
const MACHINE: &str = "cl_B7d4PD333AAA";

/// The values of `cat` that a session token may have. Without `cat`, a token may be one, too.
const SESSION: [&str; 2] = ["cl_B7d4PD111AAA", "cl_I7d4PD111III"];

/// What Clerk made a token for: the header member `cat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Session,
    Machine,
    Other,
}

/// The header of a token.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// `None`: it is missing or not supported.
    pub(crate) algorithm: Option<Algorithm>,
    /// `None`: there is none, or it is not a text.
    pub(crate) key_id: Option<String>,
    pub(crate) token_type: TokenType,
    pub(crate) category: Category,
}

/// The header member `typ`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    Absent,
    Named(Cow<'static, str>),
    /// It is not a text.
    Other,
}

impl Header {
    pub(crate) fn parse(json: &str) -> Result<Self, Rejected> {
        let mut reader = Reader { json, ..Reader::default() };
        json::read_object(json, &mut reader)
            .map_err(|_| invalid("its header is not one JSON object without duplicate members"))?;
        if !reader.critical.is_absent() {
            return Err(invalid("its header has a crit member, whose extensions are not supported"));
        }
        Ok(Self {
            algorithm: reader.algorithm.text(json).and_then(Algorithm::named),
            key_id: reader.key_id.text(json).map(str::to_owned),
            token_type: match (&reader.token_type, reader.token_type.text(json)) {
                (Scalar::Absent, _) => TokenType::Absent,
                (_, Some("JWT")) => TokenType::Named(Cow::Borrowed("JWT")),
                (_, Some(name)) => TokenType::Named(Cow::Owned(name.to_owned())),
                (_, None) => TokenType::Other,
            },
            category: match (&reader.category, reader.category.text(json)) {
                (Scalar::Absent, _) => Category::Session,
                (_, Some(MACHINE)) => Category::Machine,
                (_, Some(name)) if SESSION.contains(&name) => Category::Session,
                _ => Category::Other,
            },
        })
    }
}

/// The members of a header that count.
#[derive(Default)]
struct Reader<'de> {
    json: &'de str,
    algorithm: Scalar,
    key_id: Scalar,
    token_type: Scalar,
    category: Scalar,
    critical: Scalar,
}

impl<'de> Members<'de> for Reader<'de> {
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        let member = match name {
            "alg" => &mut self.algorithm,
            "kid" => &mut self.key_id,
            "typ" => &mut self.token_type,
            "cat" => &mut self.category,
            "crit" => &mut self.critical,
            _ => return Ok(false),
        };
        member.take(self.json, map)?;
        Ok(true)
    }
}

/// Whether header and claims are those of a session token, and not of a template, a machine or an OAuth client.
pub(crate) fn is_of_session(header: &Header, claims: &Claims) -> bool {
    let is_oauth =
        matches!(&header.token_type, TokenType::Named(name) if matches!(&**name, "at+jwt" | "application/at+jwt"));
    header.category == Category::Session && !is_oauth && !claims.user_id().starts_with("mch_")
}
