//! Reading the query and the JSON body of a request.

use std::num::IntErrorKind;
use std::ops::RangeInclusive;

use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::errors::{self, Problem};

/// The parameters of a query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The query of a request.
    pub(super) fn of(request: &Request<Vec<u8>>) -> Query {
        let query = request.uri().query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        Query(pairs.into_owned().collect())
    }

    /// The value of a parameter. An empty value counts as absent, as on the real server.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value of a parameter, which may be empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a parameter is `true`. The default is `false`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(errors::PARAM_FORMAT_INVALID.about(name, "must be either true or false")),
        }
    }

    /// The integer value of a parameter, within that range.
    pub(super) fn number(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<usize>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.parse::<i64>() {
            Ok(number) if range.contains(&number) => {
                usize::try_from(number).map(Some).map_err(|_| out_of_range(name, &range))
            }
            Ok(_) => Err(out_of_range(name, &range)),
            Err(error) => match error.kind() {
                IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => Err(out_of_range(name, &range)),
                _ => Err(not_an_integer(name)),
            },
        }
    }
}

/// The members of the JSON object in a body.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// The body of a request. An empty body and `null`, which some clients send if they have no parameters, count as `{}`.
    pub(super) fn of(request: &Request<Vec<u8>>) -> Result<Fields, Problem> {
        if matches!(request.body().trim_ascii(), b"" | b"null") {
            return Ok(Fields(Map::new()));
        }
        if !is_json(request) {
            return Err(errors::BODY_INVALID.because("The content type must be application/json."));
        }
        serde_json::from_slice(request.body())
            .map(Fields)
            .map_err(|error| errors::BODY_INVALID.because(format!("The body is not a JSON object: {error}.")))
    }

    /// A member. `null` counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The value of an optional text member.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(errors::PARAM_FORMAT_INVALID.about(name, "must be a string")),
        }
    }

    /// The value of a required text member.
    pub(super) fn required_text(&self, name: &str) -> Result<&str, Problem> {
        self.text(name)?.ok_or_else(|| errors::PARAM_MISSING.about(name, "must be included"))
    }

    /// The integer value of a member, within that range. A number with a decimal point is not an integer, even if its fraction is zero.
    pub(super) fn integer(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, Problem> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        if !value.is_i64() && !value.is_u64() {
            return Err(not_an_integer(name));
        }
        match value.as_i64() {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(out_of_range(name, &range)),
        }
    }

    /// Refuses members that are not in `known`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(errors::PARAM_UNKNOWN.about(name, "is not a parameter of this request")),
        }
    }
}

fn not_an_integer(name: &str) -> Problem {
    errors::PARAM_FORMAT_INVALID.about(name, "must be an integer")
}

fn out_of_range(name: &str, range: &RangeInclusive<i64>) -> Problem {
    errors::PARAM_VALUE_INVALID.about(name, &format!("must be from {} to {}", range.start(), range.end()))
}

fn is_json(request: &Request<Vec<u8>>) -> bool {
    let Some(value) = request.headers().get(CONTENT_TYPE) else {
        return false;
    };
    let value = value.to_str().unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
