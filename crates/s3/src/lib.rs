//! Pictures in a bucket that speaks the protocol of S3.
//!
//! Requests are signed by `rusty-s3` (AWS Signature Version 4, in the query), over
//! aws-lc-rs, and sent by `menshen-outbound`, whose every wait and answer is bounded.
//! Addresses hold signatures: none of them is in an error.

mod answer;
mod config;
mod store;

pub use config::{S3Config, S3ConfigError};
pub use store::S3AvatarStore;
