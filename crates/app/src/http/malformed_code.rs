//! Malformed verification codes, wherever one is taken.

use crate::http::App;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::kinds::Fault;

/// A malformed code counts against its source, so that nobody probes for free.
pub(super) async fn malformed_code(app: &App, context: &Context, error: ApiError) -> ApiError {
    let code_is_wrong = error
        .details
        .fields
        .iter()
        .any(|(name, fault)| name == "code" && *fault != Fault::Required);
    if !code_is_wrong {
        return error;
    }
    match app.check_code.count_malformed(&context.origin).await {
        Ok(()) => error,
        Err(limited) => limited.into(),
    }
}
