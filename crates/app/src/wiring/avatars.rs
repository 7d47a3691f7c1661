//! The pictures that people upload.

use std::sync::Arc;

use menshen_domain::ports::avatar_records::AvatarRecords;
use menshen_domain::ports::avatar_store::AvatarStore;
use menshen_domain::services::avatars::SweepAvatars;
use menshen_images::{BoundedImageReader, ImageMetrics};
use menshen_sql::Database;

use super::observed;
use crate::observed::Observer;
use crate::use_cases::AvatarPorts;

/// Pictures are kept in the database.
pub(super) fn ports(
    observer: &Observer<'_>,
    database: &Database,
    metrics: &ImageMetrics,
) -> AvatarPorts {
    let store: Arc<dyn AvatarStore> = Arc::new(database.clone());
    let records: Arc<dyn AvatarRecords> = Arc::new(database.clone());
    let store = observed::avatar_store(observer, store);
    let records = observed::avatar_records(observer, records);
    AvatarPorts {
        sweep: Arc::new(SweepAvatars {
            store: store.clone(),
            records: records.clone(),
        }),
        store,
        records,
        images: Arc::new(BoundedImageReader::new(metrics.clone())),
    }
}
