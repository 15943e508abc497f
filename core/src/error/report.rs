//! [`Error`] as JSON, for logs, command lines and other languages.

use serde::Serialize;
use serde::ser::{SerializeStruct as _, Serializer};

use super::Error;

/// Writes one flat object with the members `kind`, `status`, `code`, `message`, `trace_id`, `retry_after_ms` and
/// `attempts`. All are always present; a member without a value is `null`. `message` is the `Display` text followed by
/// the causes. No member holds a secret: all texts are redacted and truncated.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Error", 7)?;
        object.serialize_field("kind", self.kind())?;
        object.serialize_field("status", &self.status().map(|status| status.as_u16()))?;
        object.serialize_field("code", &self.code_shown())?;
        object.serialize_field("message", &self.with_causes())?;
        object.serialize_field("trace_id", &self.trace_id())?;
        let retry_after_ms = self.retry_after().map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        object.serialize_field("retry_after_ms", &retry_after_ms)?;
        object.serialize_field("attempts", &self.attempts())?;
        object.end()
    }
}

impl Error {
    /// Returns the code, redacted and truncated for a message.
    fn code_shown(&self) -> Option<String> {
        match self {
            Self::Api(error) => error.code_shown(),
            _ => None,
        }
    }

    /// Returns the message followed by those of its causes.
    fn with_causes(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |cause| cause.source());
        causes.fold(self.to_string(), |text, cause| format!("{text}: {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use crate::call::{CallContext, Flow};
    use crate::{Api, CallOptions, Delivery, GetSession, RetryPolicy, TransportError, TransportErrorKind};

    #[test]
    fn every_member_is_always_present() {
        let response = http::Response::builder()
            .status(429)
            .header("retry-after", "2")
            .body(br#"{"errors":[{"message":"slow down","code":"too_many_requests"}],"clerk_trace_id":"t"}"#.to_vec())
            .unwrap();
        let error = Api::new("sk_test_1").unwrap().parse::<GetSession>(response).unwrap_err();
        assert_eq!(
            serde_json::to_value(&error).unwrap(),
            json!({
                "kind": "api", "status": 429, "code": "too_many_requests", "trace_id": "t", "retry_after_ms": 2000, "attempts": 1,
                "message": "GetSession: 429 Too Many Requests, too_many_requests: slow down [trace t]; wait 2 s before you retry",
            })
        );
        let once = CallOptions::new().retry(RetryPolicy::none());
        let caller = CallContext::new(Api::new("sk_test_1").unwrap()).with_options(once);
        let mut call = caller.call(GetSession::new("sess_1")).unwrap();
        call.step(Duration::ZERO);
        let failure = TransportError::new(TransportErrorKind::Timeout, Delivery::MaybeSent).with_source("read: 10 s");
        call.on_failure(failure, Duration::ZERO);
        assert_eq!(
            serde_json::to_value(call.finish().unwrap_err()).unwrap(),
            json!({
                "kind": "transport", "status": null, "code": null, "trace_id": null, "retry_after_ms": null, "attempts": 1,
                "message": "GetSession: a time limit ran out (the server may have processed the request; retry later): read: 10 s",
            })
        );
    }
}
