//! `menshen admin`: what operators do over HTTP, on a machine that has the settings.
//!
//! The database is talked to directly, through the same use cases. Replicas see ended
//! sessions within a second, and test numbers within twenty.

mod arguments;
mod desk;
mod lost_here;
mod table;

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use menshen_domain::ports::randomness::Randomness as _;
use menshen_token::system_randomness::SystemRandomness;

pub use arguments::Action;
pub(super) use arguments::{Form, Part};
pub(super) use desk::{act, print, wrong};

use crate::wiring::StartError;

/// Carries it out.
///
/// # Errors
///
/// If the settings are bad, the database does not answer, or the accounts do not allow
/// what is asked.
pub async fn run(action: Action, file: Option<&Path>) -> Result<(), StartError> {
    match action {
        Action::HashKey => {
            hash_key();
            Ok(())
        }
        Action::Work(work) => desk::run(work, file).await,
    }
}

fn hash_key() {
    let mut bytes = [0; 32];
    SystemRandomness.fill(&mut bytes);
    let key = format!("mak_{}", URL_SAFE_NO_PAD.encode(bytes));
    println!("key     {key}   (shown once: keep it safe)");
    println!("sha256  {}", hex::encode(digest(&SHA256, key.as_bytes())));
}
