//! Reading an answer: what is no 2xx, and what can't be read, is an error that keeps it.

use http::Response;

use crate::error::{ApiError, DecodeError, Error};
use crate::json::{self, Fault};
use crate::meta::Meta;
use crate::operation::Operation;

/// Reads an answer as what `O` asked for.
pub(crate) fn read<O: Operation>(response: Response<Vec<u8>>, attempts: u32) -> Result<O::Output, Error> {
    let response = successful(O::META, response, attempts, false)?;
    json::read(response.body()).map_err(|fault| unreadable(O::META, response, fault, attempts))
}

/// The answer, if it is a 2xx. `processed` is whether an earlier attempt may have been.
pub(crate) fn successful(
    meta: &'static Meta,
    response: Response<Vec<u8>>,
    attempts: u32,
    processed: bool,
) -> Result<Response<Vec<u8>>, Error> {
    if response.status().is_success() {
        Ok(response)
    } else {
        Err(Error::Api(Box::new(ApiError::new(meta, response, attempts, processed))))
    }
}

/// What a 2xx is that can't be read.
pub(crate) fn unreadable(meta: &'static Meta, response: Response<Vec<u8>>, fault: Fault, attempts: u32) -> Error {
    Error::Decode(Box::new(DecodeError::new(meta, response, fault, attempts)))
}
