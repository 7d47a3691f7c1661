//! The pictures that people upload.

use std::sync::Arc;

use menshen_domain::ports::avatar_records::AvatarRecords;
use menshen_domain::ports::avatar_store::AvatarStore;
use menshen_domain::ports::clock::Clock;
use menshen_domain::services::avatars::SweepAvatars;
use menshen_images::{BoundedImageReader, ImageMetrics};
use menshen_s3::S3AvatarStore;
use menshen_sql::Database;

use super::{StartError, observed};
use crate::observed::Observer;
use crate::settings::Settings;
use crate::use_cases::AvatarPorts;

/// Files are in a bucket where one is named, and in the database otherwise; the record
/// of them is always in the database.
pub(super) fn ports(
    settings: &Settings,
    observer: &Observer<'_>,
    database: &Database,
    metrics: &ImageMetrics,
    clock: &Arc<dyn Clock>,
) -> Result<AvatarPorts, StartError> {
    let store = match &settings.avatars.bucket {
        Some(bucket) => {
            let store = S3AvatarStore::new(bucket, clock.clone())?;
            observed::avatar_store(observer, "s3", Arc::new(store))
        }
        None => observed::avatar_store(observer, "sql", Arc::new(database.clone())),
    };
    let records: Arc<dyn AvatarRecords> = Arc::new(database.clone());
    let records = observed::avatar_records(observer, records);
    Ok(AvatarPorts {
        sweep: Arc::new(SweepAvatars {
            store: store.clone(),
            records: records.clone(),
        }),
        store,
        records,
        images: Arc::new(BoundedImageReader::new(metrics.clone())),
    })
}

/// The bucket, where one is named, by itself.
pub(crate) fn bucket(
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> Result<Option<Arc<dyn AvatarStore>>, StartError> {
    let Some(bucket) = &settings.avatars.bucket else {
        return Ok(None);
    };
    Ok(Some(Arc::new(S3AvatarStore::new(bucket, clock)?)))
}
