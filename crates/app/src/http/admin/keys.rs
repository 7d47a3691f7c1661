//! Who asks: the admin key of a request.

use actix_web::HttpRequest;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use menshen_domain::model::admin_limits::AdminLimits;
use menshen_domain::model::operator::Operator;
use menshen_domain::ports::rate_limiter::{Admission, RateLimiter};
use std::sync::Arc;

use crate::http::bearer::bearer;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::kinds;

/// The keys of operators and services, known by their hashes, and how often somebody
/// may try a wrong one.
pub struct AdminKeys {
    keys: Vec<([u8; 32], Operator)>,
    limiter: Arc<dyn RateLimiter>,
    limits: AdminLimits,
}

impl AdminKeys {
    /// The keys of the settings.
    #[must_use]
    pub fn new(
        keys: Vec<([u8; 32], Operator)>,
        limiter: Arc<dyn RateLimiter>,
        limits: AdminLimits,
    ) -> Self {
        Self {
            keys,
            limiter,
            limits,
        }
    }

    /// Who holds this key. All hashes are compared, in constant time, whichever it
    /// is.
    fn holder(&self, key: &str) -> Option<&Operator> {
        let given = digest(&SHA256, key.as_bytes());
        let mut holder = None;
        for (hash, operator) in &self.keys {
            if verify_slices_are_equal(hash, given.as_ref()).is_ok() {
                holder = Some(operator);
            }
        }
        holder
    }

    /// Who sent the request: the holder of the key that is its bearer token.
    ///
    /// # Errors
    ///
    /// `admin_key_invalid` for a wrong key or none, and `rate_limited` once too many
    /// were wrong, for a right one too: a key that somebody chose badly cannot be
    /// guessed. With the limiter away nobody is let in.
    pub async fn operator(
        &self,
        http: &HttpRequest,
        context: &Context,
    ) -> Result<Operator, ApiError> {
        let Ok(key) = bearer(http) else {
            return Err(ApiError::new(&kinds::ADMIN_KEY_INVALID));
        };
        let windows = self.limits.for_wrong_key(context.origin.address);
        let unavailable = |error| ApiError::ours(&kinds::UNAVAILABLE, error);
        if let Some(wait) = self.limiter.wait(&windows).await.map_err(unavailable)? {
            return Err(ApiError::after(&kinds::RATE_LIMITED, wait));
        }
        if let Some(operator) = self.holder(key) {
            return Ok(operator.clone());
        }
        tracing::warn!(client.address = %context.origin.address, "a wrong admin key");
        match self.limiter.reserve(&windows).await.map_err(unavailable)? {
            Admission::Reserved(_) => Err(ApiError::new(&kinds::ADMIN_KEY_INVALID)),
            Admission::Refused { retry_after, .. } => {
                Err(ApiError::after(&kinds::RATE_LIMITED, retry_after))
            }
        }
    }

    /// Counts a search for a phone number.
    ///
    /// # Errors
    ///
    /// `rate_limited`. With the limiter away nobody is let through.
    pub async fn count_phone_search(&self, operator: &Operator) -> Result<(), ApiError> {
        let windows = self.limits.for_phone_search(operator);
        let unavailable = |error| ApiError::ours(&kinds::UNAVAILABLE, error);
        match self.limiter.reserve(&windows).await.map_err(unavailable)? {
            Admission::Reserved(_) => Ok(()),
            Admission::Refused { retry_after, .. } => {
                Err(ApiError::after(&kinds::RATE_LIMITED, retry_after))
            }
        }
    }
}
