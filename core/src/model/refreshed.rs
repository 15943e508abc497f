//! The result of a refresh.

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

use super::secret::{Jwt, SetCookie};
use super::token::Token;

/// The result of a refresh: a token, or cookies that carry one.
///
/// Told apart by what came, not by what was asked nor by the `object` field, which may be missing or new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Refreshed {
    /// A bare token.
    Token(Token),
    /// Cookie directives for the browser.
    Cookies(Cookies),
}

/// Cookie directives that sign the browser in again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cookies {
    /// The object's type, `cookies` today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// One `Set-Cookie` value each.
    pub cookies: Vec<SetCookie>,
}

impl Refreshed {
    /// The token, if a bare one came.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::Token(token) => Some(token),
            Self::Cookies(_) => None,
        }
    }

    /// The cookie directives; none if a bare token came.
    #[must_use]
    pub fn cookies(&self) -> &[SetCookie] {
        match self {
            Self::Token(_) => &[],
            Self::Cookies(cookies) => &cookies.cookies,
        }
    }
}

impl<'de> Deserialize<'de> for Refreshed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Either {
            object: Option<String>,
            jwt: Option<Jwt>,
            cookies: Option<Vec<SetCookie>>,
        }
        let Either { object, jwt, cookies } = Either::deserialize(deserializer)?;
        match (jwt, cookies) {
            (Some(jwt), _) => Ok(Self::Token(Token { object, jwt })),
            (None, Some(cookies)) => Ok(Self::Cookies(Cookies { object, cookies })),
            (None, None) => Err(de::Error::custom("neither a `jwt` nor `cookies`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Refreshed {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn token_or_cookies_is_told_by_the_fields() {
        for json in [
            r#"{"object":"token","jwt":"a.b.c"}"#,
            r#"{"jwt":"a.b.c"}"#,
            r#"{"object":"cookies","jwt":"a.b.c","cookies":null}"#,
        ] {
            assert_eq!(read(json).token().unwrap().jwt.expose(), "a.b.c", "{json}");
        }
        for json in [
            r#"{"object":"cookies","cookies":["__session=a.b.c; Path=/"]}"#,
            r#"{"object":"cookies.v2","cookies":["__session=a.b.c; Path=/"],"jwt":null}"#,
        ] {
            assert_eq!(read(json).cookies()[0].expose(), "__session=a.b.c; Path=/", "{json}");
        }
        assert!(read(r#"{"cookies":[]}"#).cookies().is_empty());
    }

    #[test]
    fn neither_is_an_error_that_names_both() {
        let error = serde_json::from_str::<Refreshed>(r#"{"object":"token"}"#).unwrap_err().to_string();
        assert!(error.starts_with("neither a `jwt` nor `cookies`"), "{error}");
    }

    #[test]
    fn only_one_of_the_two_is_there() {
        let (token, cookies) = (read(r#"{"jwt":"a.b.c"}"#), read(r#"{"cookies":["a=b","c=d"]}"#));
        assert_eq!((token.cookies().len(), token.token().is_some()), (0, true));
        assert_eq!((cookies.cookies().len(), cookies.token().is_some()), (2, false));
    }
}
