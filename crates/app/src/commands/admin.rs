//! `menshen admin`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use menshen_domain::ports::randomness::Randomness as _;
use menshen_token::system_randomness::SystemRandomness;

use crate::wiring::StartError;

/// What to do for an operator.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Make an admin key, and print it with the hash that `admin.keys` takes.
    #[command(after_help = "Example: menshen admin hash-key")]
    HashKey,
}

/// Carries it out.
///
/// # Errors
///
/// None.
pub fn run(action: &Action) -> Result<(), StartError> {
    let Action::HashKey = action;
    let mut bytes = [0; 32];
    SystemRandomness.fill(&mut bytes);
    let key = format!("mak_{}", URL_SAFE_NO_PAD.encode(bytes));
    println!("key     {key}   (shown once: keep it safe)");
    println!("sha256  {}", hex::encode(digest(&SHA256, key.as_bytes())));
    Ok(())
}
