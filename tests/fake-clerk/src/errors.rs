//! Error responses: the table of all codes, and their body.

use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode as S};
use serde_json::{Value, json};

/// A kind of error: its status, its code and its short text.
#[derive(Debug)]
pub(super) struct Code(S, pub(super) &'static str, &'static str);

#[rustfmt::skip]
mod table {
    use super::{Code, S};
    macro_rules! codes {
        ($($name:ident = $status:ident $code:literal $message:literal;)*) => {
            $(pub(crate) static $name: Code = Code(S::$status, $code, $message);)*
            /// Every code, for the test that provokes each of them.
            #[cfg(test)]
            pub(crate) const ALL: &[&Code] = &[$(&$name),*];
        };
    }
    codes! {
        API_VERSION_INVALID   = BAD_REQUEST "api_version_invalid" "Invalid API version";
        BAD_REQUEST           = BAD_REQUEST "bad_request" "Bad request";
        BODY_INVALID          = BAD_REQUEST "request_body_invalid" "Request body invalid";
        ENVIRONMENT_INVALID   = BAD_REQUEST "request_invalid_for_environment" "Request only valid for development instances";

        AUTHORIZATION_INVALID = UNAUTHORIZED "authorization_header_format_invalid" "Invalid Authorization header format";
        KEY_INVALID           = UNAUTHORIZED "clerk_key_invalid" "The provided Clerk Secret Key is invalid";

        ORIGIN_INVALID        = UNAUTHORIZED "refresh_request_origin_invalid" "Invalid request origin";
        TOKEN_INVALID         = UNAUTHORIZED "expired_session_token_invalid" "Invalid expired session token";
        MISSING_AZP           = UNAUTHORIZED "expired_session_token_missing_azp" "Expired session token without azp";
        AZP_MISMATCH          = UNAUTHORIZED "refresh_request_origin_azp_mismatch" "Request origin and azp differ";
        MISSING_SID           = UNAUTHORIZED "expired_session_token_missing_sid" "Expired session token without sid";
        SID_MISMATCH          = UNAUTHORIZED "refresh_sid_mismatch" "Session id and sid differ";
        SESSION_NOT_FOUND     = UNAUTHORIZED "session_refresh_session_not_found" "Session not found";
        INACTIVE_SESSION      = UNAUTHORIZED "session_refresh_inactive_session" "Session not active";
        MISSING_IAT           = UNAUTHORIZED "session_refresh_expired_session_token_missing_iat" "Expired session token without iat";
        AGE_UNKNOWN           = UNAUTHORIZED "session_refresh_cannot_determine_session_token_age" "Age of the session token unknown";
        TOO_OLD               = UNAUTHORIZED "session_refresh_expired_session_token_too_old" "Expired session token too old";
        INELIGIBLE            = UNAUTHORIZED "session_refresh_session_token_ineligible" "Session token ineligible for refresh";
        REFRESH_NOT_FOUND     = UNAUTHORIZED "refresh_token_not_found" "Refresh token not found";
        CONSUMED              = UNAUTHORIZED "session_refresh_expired_session_token_consumed" "Refresh token already used";
        USER_NOT_FOUND        = UNAUTHORIZED "session_refresh_user_not_found" "User not found";

        RESOURCE_NOT_FOUND    = NOT_FOUND "resource_not_found" "Resource not found";
        METHOD_NOT_ALLOWED    = METHOD_NOT_ALLOWED "method_not_allowed" "Method not allowed";

        PARAM_FORMAT_INVALID  = UNPROCESSABLE_ENTITY "form_param_format_invalid" "Invalid parameter format";
        PARAM_MISSING         = UNPROCESSABLE_ENTITY "form_param_missing" "Missing parameter";
        PARAM_UNKNOWN         = UNPROCESSABLE_ENTITY "form_param_unknown" "Unknown parameter";
        PARAM_VALUE_INVALID   = UNPROCESSABLE_ENTITY "form_param_value_invalid" "Invalid parameter value";

        TOO_MANY_REQUESTS     = TOO_MANY_REQUESTS "too_many_requests" "Too many requests";
    }
}
pub(super) use table::*;

impl Code {
    /// An error of this kind, with its long message.
    pub(super) fn because(&'static self, detail: impl Into<String>) -> Problem {
        Problem { code: self, detail: detail.into(), param: None, retry_after: None, allow: None }
    }

    /// An error of this kind about the parameter `name`.
    pub(super) fn about(&'static self, name: &str, detail: &str) -> Problem {
        Problem { param: Some(name.to_owned()), ..self.because(format!("`{name}` {detail}.")) }
    }
}

/// One error, before it becomes a response.
#[derive(Debug)]
pub(super) struct Problem {
    code: &'static Code,
    detail: String,
    param: Option<String>,
    /// In seconds.
    retry_after: Option<u64>,
    allow: Option<&'static str>,
}

impl Problem {
    /// Adds a `Retry-After`, in seconds.
    pub(super) fn retry_after(mut self, seconds: u64) -> Problem {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds an `Allow` header with the allowed methods.
    pub(super) fn allow(mut self, methods: &'static str) -> Problem {
        self.allow = Some(methods);
        self
    }

    /// The response that reports the error.
    pub(super) fn into_response(self, trace_id: &str) -> Response<Vec<u8>> {
        let Code(status, code, message) = self.code;
        let mut error = json!({ "message": message, "long_message": self.detail, "code": code });
        if let Some(name) = self.param {
            error["meta"] = json!({ "param_name": name });
        }
        let body = json!({ "errors": [error], "clerk_trace_id": trace_id });
        let mut response = json_response(*status, &body);
        let headers = response.headers_mut();
        headers.extend(self.retry_after.map(|seconds| (RETRY_AFTER, seconds.into())));
        headers.extend(self.allow.map(|methods| (ALLOW, HeaderValue::from_static(methods))));
        response
    }
}

/// A response with a JSON body.
pub(super) fn json_response(status: S, body: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
