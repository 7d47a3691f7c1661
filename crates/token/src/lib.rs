//! Keys, sealing and JSON Web Tokens of Menshen.
//!
//! - [`master_key`]: the deployment's master key, which wraps everything else;
//! - [`keyring`]: one random key per use, kept wrapped in the database; it
//!   serves the domain's `Mac` and `Sealer`;
//! - [`key_set`]: the keys that sign access tokens, kept sealed in the database,
//!   with their rotation; it serves `TokenIssuer` and `TokenVerifier`;
//! - [`system_randomness`]: the operating system's random bits.
//!
//! All cryptography is that of aws-lc-rs. No secret of this crate can be printed.

pub mod algorithm;
pub mod key_set;
pub mod keyring;
pub mod master_key;
pub mod system_randomness;

mod cipher;
mod claims;
mod compact;
mod dropping;
mod issue;
mod jwks;
mod learning;
mod members;
mod private_key;
mod signing_key;
mod verified;
mod verify;
