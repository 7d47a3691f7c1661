//! The bucket of pictures: does it take one, give it back, and remove it?

use std::sync::Arc;

use menshen_domain::model::avatar::{Avatar, AvatarName};
use menshen_domain::ports::avatar_store::{AvatarStore, AvatarStoreError};
use menshen_token::system_randomness::SystemRandomness;

use super::finding::{Finding, chain};
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::wiring;

/// The beginning of a picture: it is nobody's, and there for a moment.
const PROBE: [u8; 4] = [0xff, 0xd8, 0xff, 0xd9];

/// Puts a picture of nobody into the bucket, gets it, and removes it.
pub(super) async fn keeps(settings: &Settings) -> Option<Finding> {
    let bucket = settings.avatars.bucket.as_ref()?;
    let asked = format!("avatars s3://{}: put, get, delete", bucket.bucket);
    let store = match wiring::bucket(settings, Arc::new(SystemClock)) {
        Ok(store) => store?,
        Err(error) => return Some(Finding::wrong(asked, chain(&*error))),
    };
    Some(match goes_round(&*store).await {
        Ok(true) => Finding::well(asked, "all three work"),
        Ok(false) => Finding::wrong(asked, "what was put did not come back, or did not go")
            .advise("is the bucket versioned, or a cache before it? (docs/avatars.md)"),
        Err(error) => Finding::wrong(asked, chain(&error)).advise(
            "are endpoint, region, path_style and the key of avatars.s3 right? (docs/avatars.md)",
        ),
    })
}

async fn goes_round(store: &dyn AvatarStore) -> Result<bool, AvatarStoreError> {
    let name = AvatarName::generate(&SystemRandomness);
    let Some(probe) = Avatar::of(PROBE.to_vec()) else {
        unreachable!("the probe begins as a picture does");
    };
    store.put(name, &probe).await?;
    let came = store.get(name).await;
    store.remove(name).await?;
    Ok(came? == Some(probe) && store.get(name).await?.is_none())
}
