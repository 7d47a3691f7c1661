//! The port's own clauses, held against a bucket that checks every signature.

mod support;

use std::sync::Arc;

use menshen_domain::ports::avatar_store::AvatarStore;
use menshen_s3::{S3AvatarStore, S3Config};
use support::{ACCESS_KEY, BUCKET, BucketServer, SECRET_KEY};

/// A clock that goes: signatures are good for minutes.
struct Now;

impl menshen_domain::ports::clock::Clock for Now {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        std::time::SystemTime::now().into()
    }
}

fn config(server: &BucketServer) -> S3Config {
    S3Config {
        bucket: BUCKET.to_owned(),
        prefix: "menshen/of tests".to_owned(),
        endpoint: server.endpoint.clone(),
        region: "cn-test-1".to_owned(),
        access_key_id: ACCESS_KEY.to_owned(),
        secret_access_key: SECRET_KEY.into(),
        path_style: true,
    }
}

fn store(config: &S3Config) -> Arc<dyn AvatarStore> {
    Arc::new(S3AvatarStore::new(config, Arc::new(Now)).expect("a store"))
}

async fn empty() -> (Arc<dyn AvatarStore>, BucketServer) {
    let server = BucketServer::start().await;
    (store(&config(&server)), server)
}

menshen_testkit::avatar_store!(empty().await);

mod rights {
    use std::error::Error as _;
    use std::time::{Duration, Instant};

    use menshen_domain::model::avatar::{Avatar, AvatarName};
    use menshen_domain::ports::avatar_store::AvatarStoreError;
    use menshen_outbound::mock::{MockServer, Reaction};

    use super::{BucketServer, S3Config, config, store};

    fn name() -> AvatarName {
        AvatarName::from_bytes([0xab; 16])
    }

    fn picture() -> Avatar {
        Avatar::of(vec![0xff, 0xd8, 0xff, 1, 2, 3]).expect("a picture")
    }

    fn said(error: &AvatarStoreError) -> String {
        let source = error.source().expect("a source");
        format!("{error}: {source}")
    }

    #[tokio::test]
    async fn an_object_stands_where_the_page_says_and_says_what_it_is() {
        let server = BucketServer::start().await;
        let mut config = config(&server);
        store(&config).put(name(), &picture()).await.expect("kept");
        config.prefix = String::new();
        store(&config).put(name(), &picture()).await.expect("kept");
        let name = "ab".repeat(16);
        assert_eq!(
            server.keys(),
            [
                format!("avatars/{name}"),
                format!("menshen/of tests/avatars/{name}")
            ]
        );
        let objects = server.objects.lock().expect("objects");
        let kinds = objects.values().map(|(_, kind)| kind.as_deref());
        assert!(kinds.into_iter().all(|kind| kind == Some("image/jpeg")));
    }

    #[tokio::test]
    async fn a_wrong_key_a_wrong_region_and_a_wrong_bucket_open_nothing() {
        let server = BucketServer::start().await;
        store(&config(&server))
            .put(name(), &picture())
            .await
            .expect("kept");
        for (wrong, word) in [
            (
                S3Config {
                    secret_access_key: "wrong".into(),
                    ..config(&server)
                },
                "SignatureDoesNotMatch",
            ),
            (
                S3Config {
                    access_key_id: "AKIDWRONG".to_owned(),
                    ..config(&server)
                },
                "",
            ),
            (
                S3Config {
                    bucket: "elsewhere".to_owned(),
                    ..config(&server)
                },
                "NoSuchBucket",
            ),
        ] {
            let store = store(&wrong);
            for error in [
                store.put(name(), &picture()).await.expect_err("refused"),
                store.get(name()).await.expect_err("refused"),
                store.remove(name()).await.expect_err("refused"),
            ] {
                let said = said(&error);
                assert!(said.contains(word), "{said}");
                assert!(
                    !said.contains(&server.endpoint) && !said.contains("Signature="),
                    "{said}"
                );
            }
        }
        assert_eq!(server.keys().len(), 1);
    }

    #[tokio::test]
    async fn what_somebody_else_put_there_is_not_handed_on() {
        let server = BucketServer::start().await;
        let store = store(&config(&server));
        store.put(name(), &picture()).await.expect("kept");
        for (file, _) in server.objects.lock().expect("objects").values_mut() {
            *file = b"<script>alert(1)</script>".to_vec();
        }
        let error = store.get(name()).await.expect_err("none of ours");
        assert!(said(&error).contains("no picture of ours"), "{error:?}");
    }

    #[tokio::test]
    async fn a_bucket_that_hangs_is_given_up_and_left_alone() {
        let server = MockServer::start(|_, _| Reaction::Hang)
            .await
            .expect("a port");
        let config = S3Config {
            endpoint: server.url(),
            ..config(&BucketServer::start().await)
        };
        let store = store(&config);
        let since = Instant::now();
        let error = store.get(name()).await.expect_err("no answer");
        assert!(said(&error).contains("does not answer"), "{error:?}");
        assert!(since.elapsed() < Duration::from_secs(5));
        for _ in 0..4 {
            store.get(name()).await.expect_err("no answer");
        }
        let asked = server.seen().len();
        let error = store.get(name()).await.expect_err("it rests");
        assert!(said(&error).contains("rests"), "{error:?}");
        assert_eq!(server.seen().len(), asked);
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_off() {
        let server = MockServer::start(|_, _| Reaction::Endless)
            .await
            .expect("a port");
        let config = S3Config {
            endpoint: server.url(),
            ..config(&BucketServer::start().await)
        };
        let error = store(&config).get(name()).await.expect_err("too long");
        assert!(said(&error).contains("does not answer"), "{error:?}");
    }
}
