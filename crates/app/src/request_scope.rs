//! Which request the work at hand belongs to, so that every log line can name it.

use std::future::Future;
use std::sync::Arc;

tokio::task_local! {
    static REQUEST_ID: Arc<str>;
}

/// Carries out work that belongs to a request.
pub async fn within<F: Future>(request_id: Arc<str>, work: F) -> F::Output {
    REQUEST_ID.scope(request_id, work).await
}

/// Work that belongs to the request of the caller, its trace included, wherever it
/// goes on.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let request_id = current();
    let work = menshen_telemetry::carried(work);
    async move {
        match request_id {
            Some(request_id) => within(request_id, work).await,
            None => work.await,
        }
    }
}

/// The id of the request that the work at hand belongs to.
#[must_use]
pub fn current() -> Option<Arc<str>> {
    REQUEST_ID.try_with(Arc::clone).ok()
}
