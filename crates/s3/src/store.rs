//! The files of avatars, in a bucket.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use menshen_domain::model::avatar::{Avatar, AvatarName};
use menshen_domain::ports::avatar_store::{AvatarStore, AvatarStoreError};
use menshen_domain::ports::clock::Clock;
use menshen_outbound::{Answer, CircuitBreaker, Client, Method, Request, Url};
use rusty_s3::{Bucket, Credentials, S3Action};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use crate::answer::{self, Fault};
use crate::config::{S3Config, S3ConfigError};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(1);
/// How long one request may take: an upload has two of them, and less than six seconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a signature is good for: clocks differ.
const SIGNED_FOR: Duration = Duration::from_mins(5);
/// What errors say beside their own words.
const ROOM: usize = 16 * 1024;
/// For whoever reads the bucket itself, such as a CDN.
const CACHE: &str = "public, max-age=31536000, immutable";

/// Pictures in a bucket, each an object `<prefix>/avatars/<name>`.
pub struct S3AvatarStore {
    bucket: Bucket,
    credentials: Credentials,
    folder: String,
    client: Client,
    clock: Arc<dyn Clock>,
    circuit: CircuitBreaker,
}

impl S3AvatarStore {
    /// Keeps pictures in this bucket. Nothing is asked of it yet.
    ///
    /// # Errors
    ///
    /// See [`S3ConfigError`].
    pub fn new(config: &S3Config, clock: Arc<dyn Clock>) -> Result<Self, S3ConfigError> {
        let secret = config.secret_access_key.expose_secret();
        let folder = match config.prefix.as_str() {
            "" => "avatars/".to_owned(),
            prefix => format!("{prefix}/avatars/"),
        };
        Ok(Self {
            bucket: config.bucket()?,
            credentials: Credentials::new(config.access_key_id.clone(), secret),
            folder,
            client: Client::new(CONNECT).map_err(S3ConfigError::Client)?,
            clock,
            circuit: CircuitBreaker::default(),
        })
    }

    fn key(&self, name: AvatarName) -> String {
        format!("{}{name}", self.folder)
    }

    /// The address of a request, with its signature.
    fn signed<'a>(&self, action: &impl S3Action<'a>) -> Url {
        let now = Timestamp::from_second(self.clock.now().timestamp());
        // Every moment of the calendar is a timestamp of the other one.
        action.sign_with_time(SIGNED_FOR, &now.unwrap_or(Timestamp::UNIX_EPOCH))
    }

    async fn ask<T>(
        &self,
        request: Request,
        read: impl FnOnce(&Answer) -> Result<T, Fault>,
    ) -> Result<T, AvatarStoreError> {
        let asked = self.within_circuit(request, read).await;
        asked.map_err(|fault| AvatarStoreError(Box::new(fault)))
    }

    async fn within_circuit<T>(
        &self,
        request: Request,
        read: impl FnOnce(&Answer) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let pass = self.circuit.admit()?;
        let deadline = Instant::now() + PATIENCE;
        let longest = Avatar::MAX_BYTES + ROOM;
        let answer = self.client.send_up_to(request, deadline, longest).await;
        let read = answer.map_err(Fault::from).and_then(|answer| read(&answer));
        match &read {
            Err(fault) if fault.is_of_the_bucket() => pass.failed(),
            _ => pass.succeeded(),
        }
        read
    }
}

#[async_trait]
impl AvatarStore for S3AvatarStore {
    async fn put(&self, name: AvatarName, avatar: &Avatar) -> Result<(), AvatarStoreError> {
        let key = self.key(name);
        let headers = [
            ("cache-control", CACHE),
            ("content-type", avatar.format().media_type()),
        ];
        let url = {
            let mut action = self.bucket.put_object(Some(&self.credentials), &key);
            for (name, value) in headers {
                action.headers_mut().insert(name, value);
            }
            self.signed(&action)
        };
        let request = Request {
            method: Method::PUT,
            url,
            headers: headers.map(|(name, value)| (name, value.to_owned())).into(),
            body: Some(avatar.bytes().to_vec()),
        };
        self.ask(request, answer::put).await
    }

    async fn get(&self, name: AvatarName) -> Result<Option<Avatar>, AvatarStoreError> {
        let key = self.key(name);
        let request = bare(
            Method::GET,
            self.signed(&self.bucket.get_object(Some(&self.credentials), &key)),
        );
        self.ask(request, answer::got).await
    }

    async fn remove(&self, name: AvatarName) -> Result<(), AvatarStoreError> {
        let key = self.key(name);
        let request = bare(
            Method::DELETE,
            self.signed(&self.bucket.delete_object(Some(&self.credentials), &key)),
        );
        self.ask(request, answer::removed).await
    }
}

fn bare(method: Method, url: Url) -> Request {
    Request {
        method,
        url,
        headers: Vec::new(),
        body: None,
    }
}

#[cfg(test)]
mod tests {
    use menshen_domain::ports::clock::MockClock;

    use super::*;

    /// Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", its
    /// example: `GET /test.txt` of `examplebucket` for a day.
    #[test]
    fn a_signature_is_the_one_of_the_published_example() {
        let config = S3Config {
            bucket: "examplebucket".to_owned(),
            prefix: String::new(),
            endpoint: "https://s3.amazonaws.com".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            path_style: false,
        };
        let store = S3AvatarStore::new(&config, Arc::new(MockClock::new())).unwrap();
        let action = store
            .bucket
            .get_object(Some(&store.credentials), "test.txt");
        let at = Timestamp::from_second(1_369_353_600).unwrap();
        let url = action.sign_with_time(Duration::from_hours(24), &at);
        let expected = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert_eq!(
            url.as_str(),
            format!(
                "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                 &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
                 &X-Amz-Signature={expected}"
            )
        );
    }
}
