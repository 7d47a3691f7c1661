//! The stores of Menshen in SQLite and PostgreSQL.
//!
//! [`Database`] connects, migrates, and keeps the keyring, which must be readable
//! before anything can be sealed; [`SqlStore`] is a database together with the
//! keys, and keeps all the rest. Both are cheap to clone.
//!
//! One set of statements serves both engines. No business rule stands here: a
//! store carries out what it is told, all of it or nothing.
//!
//! # What is where
//!
//! - a login is one read ([`observe`]) and one write transaction ([`apply`]);
//! - a refresh is one read ([`find`]) and one statement ([`rotate`]);
//! - phone numbers and session keys are sealed before they reach a column, and
//!   errors carry the engine's words, never a statement's values.
//!
//! [`observe`]: menshen_domain::ports::account_store::AccountStore::observe
//! [`apply`]: menshen_domain::ports::account_store::AccountStore::apply
//! [`find`]: menshen_domain::ports::session_store::SessionStore::find
//! [`rotate`]: menshen_domain::ports::session_store::SessionStore::rotate

mod account_import;
mod accounts;
mod admin_reader;
mod audit_log;
mod avatar_records;
mod avatar_store;
mod connect;
mod database;
mod deliveries;
mod entity;
mod failure;
mod health;
mod in_order;
mod keyring_store;
mod lane;
mod lease_store;
mod meter;
mod migrate;
mod moment;
mod outbox;
mod personal_records;
mod pool_state;
mod retention_store;
mod sealed_rows;
mod send_records;
mod session_row;
mod session_store;
mod signing_key_store;
mod spent_codes;
mod store;
mod test_number_store;
pub mod url;

pub use admin_reader::{audit_page, send_page};
pub use connect::DatabaseOptions;
pub use database::{Database, DatabaseError};
pub use deliveries::heads as webhook_heads;
pub use failure::StorageFault;
pub use meter::StatementCount;
pub use migrate::MigrationState;
pub use pool_state::PoolState;
pub use retention_store::removal;
pub use send_records::sent_to_number;
pub use store::SqlStore;
