//! What the tests' own signers share.

use aws_lc_rs::{digest, hmac};

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// HMAC-SHA256 of each step under the outcome of the one before.
pub(crate) fn hmac_chain(secret: &str, steps: &[&str]) -> Vec<u8> {
    let mut key = secret.as_bytes().to_vec();
    for step in steps {
        let signer = hmac::Key::new(hmac::HMAC_SHA256, &key);
        key = hmac::sign(&signer, step.as_bytes()).as_ref().to_vec();
    }
    key
}

/// `name:value\n` of each header, and the names joined by `;`, both in order.
pub(crate) fn canonical_headers(headers: &[(&str, String)]) -> (String, String) {
    let mut sorted = headers.to_vec();
    sorted.sort();
    let lines = sorted
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"));
    let names: Vec<_> = sorted.iter().map(|(name, _)| *name).collect();
    (lines.collect(), names.join(";"))
}
