//! [`SessionList`]: a page of sessions, in both shapes that the server sends.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::session::Session;
use super::time;

/// A page of sessions, newest first: the response of [`ListSessions`](crate::ListSessions).
///
/// The server sends an array or, with `paginated`, an object with `data` and `total_count`. Both shapes are read,
/// whatever was requested. `S` is [`Session`], unless you decode sessions into a type of your own.
///
/// It derefs to a slice, so `list[0]`, `list.first()`, `list.len()` and `list.iter()` work as with a `Vec`.
///
/// ```
/// use clerk_sessions_core::{Api, ListSessions, http};
///
/// let response = http::Response::new(br#"{"data":[],"total_count":0}"#.to_vec());
/// let sessions = Api::new("sk_test_123")?.parse::<ListSessions>(response)?;
/// assert_eq!((sessions.len(), sessions.first(), sessions.total_count), (0, None, Some(0)));
/// for session in &sessions {
///     println!("{} is {}", session.id, session.status);
/// }
/// # Ok::<(), clerk_sessions_core::Error>(())
/// ```
///
/// Source: [Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/Sessions#operation/GetSessionList).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SessionList<S = Session> {
    /// The sessions of this page.
    pub data: Vec<S>,
    /// The number of sessions that match on all pages. `None` if the server did not send it.
    pub total_count: Option<u64>,
}

impl<S> Deref for SessionList<S> {
    type Target = [S];

    fn deref(&self) -> &[S] {
        &self.data
    }
}

impl<S> IntoIterator for SessionList<S> {
    type Item = S;
    type IntoIter = std::vec::IntoIter<S>;

    fn into_iter(self) -> Self::IntoIter {
        self.data.into_iter()
    }
}

impl<'a, S> IntoIterator for &'a SessionList<S> {
    type Item = &'a S;
    type IntoIter = std::slice::Iter<'a, S>;

    fn into_iter(self) -> Self::IntoIter {
        self.data.iter()
    }
}

impl<'de, S: Deserialize<'de>> Deserialize<'de> for SessionList<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // This reads the input once. An untagged enum would first copy the whole list into a buffer.
        deserializer.deserialize_any(EitherShape(PhantomData))
    }
}

struct EitherShape<S>(PhantomData<S>);

impl<'de, S: Deserialize<'de>> Visitor<'de> for EitherShape<S> {
    type Value = SessionList<S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of sessions, or an object with such an array in `data`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sessions: A) -> Result<SessionList<S>, A::Error> {
        let data = Deserialize::deserialize(SeqAccessDeserializer::new(sessions))?;
        Ok(SessionList { data, total_count: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, page: A) -> Result<SessionList<S>, A::Error> {
        let Page { data, total_count } = Page::deserialize(MapAccessDeserializer::new(page))?;
        Ok(SessionList { data, total_count })
    }
}

#[derive(Deserialize)]
struct Page<S> {
    data: Vec<S>,
    #[serde(default, deserialize_with = "count")]
    total_count: Option<u64>,
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Count(#[serde(deserialize_with = "time::integer")] i64);
    let count = Option::<Count>::deserialize(deserializer)?;
    // A negative count has no meaning, so it is treated as absent.
    Ok(count.and_then(|Count(count)| u64::try_from(count).ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::session::tests::{minimal, with_id};
    use super::*;

    fn read(json: &Value) -> SessionList {
        serde_json::from_slice(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn both_shapes_decode_and_the_total_is_kept() {
        let bare = read(&json!([minimal(), minimal()]));
        assert_eq!((bare.len(), bare.total_count), (2, None));
        for (total, kept) in [(json!(40), Some(40)), (json!(40.0), Some(40)), (Value::Null, None), (json!(-1), None)] {
            let page = read(&json!({"object": "list", "data": [minimal(), minimal()], "total_count": total}));
            assert_eq!((&page.data, page.total_count), (&bare.data, kept));
        }
        assert_eq!(read(&json!({"data": [minimal()]})).total_count, None);
        assert!(read(&json!([])).is_empty());
        assert!(read(&json!({"total_count": 0, "data": []})).is_empty());
    }

    #[test]
    fn any_other_shape_is_an_error() {
        for json in ["null", "7", "\"x\"", "{}", r#"{"data":null}"#, r#"{"data":{}}"#, "[null]"] {
            assert!(serde_json::from_str::<SessionList>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_list_iterates_by_value_and_by_reference() {
        let list = read(&json!([with_id("sess_1"), with_id("sess_2")]));
        let ids = ["sess_1", "sess_2"];
        assert!(!list.is_empty());
        assert_eq!(list.iter().map(|session| session.id.as_str()).collect::<Vec<_>>(), ids);
        assert_eq!((&list).into_iter().map(|session| session.id.as_str()).collect::<Vec<_>>(), ids);
        assert_eq!(list.into_iter().map(|session| session.id.into_string()).collect::<Vec<_>>(), ids);
    }

    #[test]
    fn the_error_of_another_shape_names_both_shapes() {
        let error = serde_json::from_str::<SessionList>("7").unwrap_err().to_string();
        assert!(error.contains("expected an array of sessions, or an object"), "{error}");
    }
}
