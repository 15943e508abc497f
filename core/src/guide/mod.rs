//! Guides: errors, retries and rate limits, writing a transport. These modules hold documentation and no code.
//!
//! | you want to | read |
//! |---|---|
//! | handle an error, or find out what went wrong | [`errors`] |
//! | know what is retried, change it, or wait for a rate limit | [`retries`] |
//! | use an HTTP client other than ureq and reqwest | [`transports`] |

pub mod errors;
pub mod retries;
pub mod transports;
