//! Pictures in a bucket that checks signatures, in place of the database.

use std::time::Duration;

use serde_json::Value;

use crate::avatars::{PATIENCE, is_there, kept, red, upload, uploaded};
use crate::bucket::{ACCESS_KEY, BucketServer, SECRET_KEY};
use crate::support::Service;

/// The database has the record and no file.
#[tokio::test]
async fn a_bucket_keeps_pictures_in_place_of_the_database() {
    let bucket = BucketServer::start().await;
    let service = Service::with(&in_bucket(&bucket.endpoint)).await;
    let login = service.one_tap("alice").await;
    let first = uploaded(&service, &login, &red()).await;
    assert_eq!(bucket.keys(), [format!("of/tests{first}")]);
    let shown = service.get(&first).raw().await;
    assert_eq!(shown.status(), 200);
    assert_eq!(shown.headers()["content-type"], "image/jpeg");
    let second = uploaded(&service, &login, &red()).await;
    assert_eq!(
        bucket.keys(),
        [format!("of/tests{second}")],
        "the one before is gone"
    );
    assert!(!is_there(&service, &first).await);
    assert_eq!(kept(&service).await, (1, 0));
}

/// At once for whoever looks, and soon in the bucket.
#[tokio::test]
async fn what_an_account_leaves_in_the_bucket_is_removed() {
    let bucket = BucketServer::start().await;
    let mut given = in_bucket(&bucket.endpoint).to_vec();
    given.extend([("retention.interval", "100ms"), ("retention.pause", "0s")]);
    given.push(("accounts.cancel_after", "0s"));
    let service = Service::with(&given).await;
    let login = service.one_tap("alice").await;
    let path = uploaded(&service, &login, &red()).await;
    service
        .delete("/v1/me")
        .bearer(login.access())
        .send()
        .await
        .ok();
    assert!(!is_there(&service, &path).await);
    let removed = async {
        while !bucket.keys().is_empty() || kept(&service).await != (0, 0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, removed)
        .await
        .expect("a sweep");
}

#[tokio::test]
async fn a_bucket_that_is_away_costs_pictures_and_nothing_else() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", gone.local_addr().expect("an address"));
    drop(gone);
    let service = Service::with(&in_bucket(&endpoint)).await;
    let login = service.one_tap("alice").await;
    let answer = upload(&service, &login, &red()).await;
    answer.fails(503, "unavailable");
    assert_eq!(
        service.me(login.access()).await.ok()["avatar_url"],
        Value::Null
    );
    service.one_tap("bob").await;
    // What was begun is on record, and found when the bucket is back.
    assert_eq!(kept(&service).await, (1, 0));
}

pub(crate) fn in_bucket(endpoint: &str) -> [(&'static str, &str); 5] {
    [
        ("avatars.url", "s3://pictures/of/tests"),
        ("avatars.s3.endpoint", endpoint),
        ("avatars.s3.access_key_id", ACCESS_KEY),
        ("avatars.s3.secret_access_key", SECRET_KEY),
        ("avatars.s3.path_style", "true"),
    ]
}
