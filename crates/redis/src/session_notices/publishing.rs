//! What was announced here, on its way to the others.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use menshen_domain::model::identifiers::UserId;
use menshen_domain::ports::BoxError;
use tokio::sync::mpsc;

use super::Shared;

/// How many accounts one message names at most: eight kilobytes.
const BATCH: usize = 512;

/// Publishes what is announced, as many at a time as have come together while the
/// message before was on its way. A message that fails is not sent again: by then
/// the second is over for which anybody may have believed otherwise.
pub(super) async fn publish(shared: Arc<Shared>, mut announced: mpsc::Receiver<UserId>) {
    let mut users = Vec::with_capacity(BATCH);
    let mut works = true;
    while announced.recv_many(&mut users, BATCH).await > 0 {
        users.sort_unstable();
        users.dedup();
        let missed = shared.untold.swap(false, Ordering::SeqCst);
        match send(&shared, &users, missed).await {
            Ok(()) => {
                shared.metrics.sent(users.len());
                if !works {
                    tracing::info!("other replicas are told of ended sessions again");
                }
                works = true;
            }
            Err(error) => {
                shared.untold.store(true, Ordering::SeqCst);
                shared.metrics.dropped(users.len());
                if works {
                    tracing::warn!(
                        error = &*error as &dyn Error,
                        "other replicas are not told of ended sessions, \
                         and see them within a second"
                    );
                }
                works = false;
            }
        }
        users.clear();
    }
}

async fn send(shared: &Shared, users: &[UserId], missed: bool) -> Result<(), BoxError> {
    let channel = shared.channel();
    let message = shared.mail.write(&channel, users, missed)?;
    Ok(shared.redis.publish(&channel, &message).await?)
}
