//! One conformance suite per port.

pub mod account_import;
pub mod account_store;
pub mod admin_reader;
pub mod audit_log;
pub mod avatar_records;
pub mod avatar_store;
pub mod captcha_verifier;
pub mod code_store;
pub mod keyring_store;
pub mod lease_store;
pub mod outbox;
pub mod personal_records;
pub mod rate_limiter;
pub mod replay_ledger;
pub mod retention_store;
pub mod sealed_rows;
pub mod send_records;
pub mod session_notices;
pub mod session_store;
pub mod signing_key_store;
pub mod test_number_store;
pub mod turns;
pub mod wechat_token_cache;
