//! Decodes a response: a 2xx becomes the operation's output, any other status an error that keeps the response.

use http::Response;

use crate::error::{ApiError, DecodeError, Error};
use crate::json::{self, Fault};
use crate::operation::Operation;
use crate::redact::Secrets;

/// Decodes a response as the output of `O`, without [`Operation::check`]. `has_key`: whether the request had a secret key.
pub(crate) fn read<O: Operation>(response: Response<Vec<u8>>, has_key: bool) -> Result<O::Output, Error> {
    let secrets = Secrets::default();
    if !response.status().is_success() {
        return Err(Error::Api(Box::new(ApiError::new(O::METADATA, response, has_key, 1, false, &secrets))));
    }
    json::read(response.body())
        .map_err(|fault| Error::Decode(Box::new(DecodeError::new(O::METADATA, response, fault, 1, &secrets))))
}

/// Decodes the body of a 2xx as the output of `operation`, and runs [`Operation::check`].
#[inline]
pub(crate) fn decode<O: Operation>(operation: &O, body: &[u8]) -> Result<O::Output, Fault> {
    let decoded = json::read(body);
    if let Ok(output) = &decoded {
        operation.check(output)?;
    }
    decoded
}
