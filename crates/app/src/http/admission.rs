//! What is too large to be looked at.

use actix_web::dev::ServiceRequest;

use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};

const MAX_TARGET: usize = 2 * 1024;
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Refuses what is too large to be looked at, and what is ambiguous.
///
/// # Errors
///
/// 414, 431, and `invalid_request` for several `Authorization` headers.
pub(super) fn admit(request: &ServiceRequest) -> Result<(), ApiError> {
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > MAX_TARGET {
        return Err(ApiError::new(&kinds::URI_TOO_LONG));
    }
    let headers = request.headers();
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(ApiError::new(&kinds::HEADERS_TOO_LARGE));
    }
    if headers.get_all("authorization").count() > 1 {
        return Err(ApiError::field("Authorization", Fault::Duplicate));
    }
    Ok(())
}
