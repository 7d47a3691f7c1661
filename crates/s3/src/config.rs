//! Which bucket, and how it is reached.

use menshen_outbound::{BadBaseUrl, ClientError, Url, base_url};
use rusty_s3::{Bucket, UrlStyle};
use secrecy::SecretString;

/// What the adapter needs to know. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// The name of the bucket.
    pub bucket: String,
    /// What the keys of all objects begin with, without slashes at its ends; may be
    /// empty.
    pub prefix: String,
    /// The address of the service, without the bucket.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The id of the access key.
    pub access_key_id: String,
    /// The access key.
    pub secret_access_key: SecretString,
    /// Whether the bucket stands in the path and not before the host.
    pub path_style: bool,
}

/// Why a bucket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum S3ConfigError {
    /// The endpoint is no address.
    #[error("the endpoint of the bucket is no address")]
    Endpoint(#[source] BadBaseUrl),
    /// The bucket's name does not go before the host of the endpoint.
    #[error("the bucket cannot stand before the host: try path_style")]
    Bucket,
    /// The client cannot be set up.
    #[error("the client of the bucket cannot be set up")]
    Client(#[source] ClientError),
}

impl S3Config {
    pub(crate) fn bucket(&self) -> Result<Bucket, S3ConfigError> {
        let endpoint: Url = base_url(&self.endpoint).map_err(S3ConfigError::Endpoint)?;
        let style = if self.path_style {
            UrlStyle::Path
        } else {
            UrlStyle::VirtualHost
        };
        let bucket = Bucket::new(endpoint, style, self.bucket.clone(), self.region.clone());
        bucket.map_err(|_| S3ConfigError::Bucket)
    }
}
