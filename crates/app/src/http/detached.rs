//! Work that goes on when the client hangs up.

use std::future::Future;

use crate::http::error::ApiError;
use crate::request_scope::carried;

/// Runs `work` to its end even if the client goes away meanwhile: a login whose
/// answer nobody waits for must not stop half-way, with a code spent and no
/// session recorded. It belongs to its request all the same.
///
/// # Errors
///
/// As of `work`; [`ApiError`] if it panicked.
pub async fn detached<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, ApiError>
where
    T: Send + 'static,
    E: Into<ApiError> + Send + 'static,
{
    tokio::spawn(carried(work))
        .await
        .map_err(ApiError::internal)?
        .map_err(Into::into)
}
