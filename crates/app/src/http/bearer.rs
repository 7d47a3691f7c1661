//! The bearer token of a request (RFC 6750 section 2.1), and nothing else.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};

/// Longer tokens are none of ours.
const MAX_TOKEN: usize = 4096;

/// The token of the only `Authorization` header.
///
/// # Errors
///
/// `token_missing` without one, `token_invalid` for a token that cannot be ours,
/// `invalid_request` for several headers.
pub fn bearer(request: &HttpRequest) -> Result<&str, ApiError> {
    let mut given = request.headers().get_all(AUTHORIZATION);
    let Some(header) = given.next() else {
        return Err(ApiError::new(&kinds::TOKEN_MISSING));
    };
    if given.next().is_some() {
        return Err(ApiError::field("Authorization", Fault::Duplicate));
    }
    let invalid = || ApiError::new(&kinds::TOKEN_INVALID);
    let text = header.to_str().map_err(|_| invalid())?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::new(&kinds::TOKEN_MISSING));
    }
    let token = token.trim_matches(' ');
    if token.is_empty() || token.len() > MAX_TOKEN {
        Err(invalid())
    } else {
        Ok(token)
    }
}
