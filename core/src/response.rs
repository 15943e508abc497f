//! Reads a response: a 2xx becomes the operation's output, anything else an error that keeps the response.

use http::Response;

use crate::error::{ApiError, DecodeError, Error};
use crate::json::{self, Fault};
use crate::operation::Operation;
use crate::redact::Secrets;

/// Reads a response as what `O` asked for.
pub(crate) fn read<O: Operation>(response: Response<Vec<u8>>) -> Result<O::Output, Error> {
    if response.status().is_success() {
        decode::<O>(response, 1, |_| Ok(()), Secrets::default)
    } else {
        Err(Error::Api(Box::new(ApiError::new(O::METADATA, response, 1, false, &Secrets::default()))))
    }
}

/// Decodes a 2xx as what `O` asked for, and lets `check` refuse it. `secrets` are those of the call, asked for only if that fails.
pub(crate) fn decode<O: Operation>(
    response: Response<Vec<u8>>,
    attempts: u32,
    check: impl FnOnce(&O::Output) -> Result<(), Fault>,
    secrets: impl FnOnce() -> Secrets,
) -> Result<O::Output, Error> {
    let decoded = json::read(response.body()).and_then(|output| check(&output).map(|()| output));
    decoded
        .map_err(|fault| Error::Decode(Box::new(DecodeError::new(O::METADATA, response, fault, attempts, &secrets()))))
}
