//! What the rules need from outside, one trait per file.
//!
//! A method is one complete step: what must be atomic happens inside it, so no
//! transaction crosses a port. Expected outcomes are values, faults are errors.

pub mod account_import;
pub mod account_store;
pub mod admin_reader;
pub mod audit_log;
pub mod avatar_records;
pub mod avatar_store;
pub mod captcha_verifier;
pub mod clock;
pub mod code_store;
pub mod image_reader;
pub mod keyring_store;
pub mod lease_store;
pub mod mac;
pub mod number_notices;
pub mod open_data_reader;
pub mod outbox;
pub mod personal_records;
pub mod randomness;
pub mod rate_limiter;
pub mod receipt_observer;
pub mod receipt_reader;
pub mod replay_ledger;
pub mod retention_store;
pub mod sealed_rows;
pub mod sealer;
pub mod send_records;
pub mod session_notices;
pub mod session_store;
pub mod signing_key_store;
pub mod sms_sender;
pub mod spend_observer;
pub mod test_number_store;
pub mod token_issuer;
pub mod token_verifier;
pub mod turns;
pub mod webhook_sender;
pub mod wechat_gateway;
pub mod wechat_push;
pub mod wechat_token_cache;

/// A fault of an adapter, kept for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
