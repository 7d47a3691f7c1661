//! `sms.receipt_*`: where vendors push delivery receipts.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret as _, SecretString};

use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::wechat::is_safe_url;

/// The fewest characters of a secret: more than anybody can guess.
const LEAST_SECRET: usize = 24;
/// The fewest different ones among them. Of 24 random hexadecimal digits fewer are
/// different once in millions of times.
const LEAST_DIFFERENT: usize = 6;

/// `sms.receipt_*`.
#[derive(Debug)]
pub struct ReceiptSettings {
    /// The last part of the address; nothing where receipts are not taken, but
    /// in development one is made at every start then.
    pub secret: Option<SecretString>,
    /// The address as vendors reach it, without its last two parts and a slash.
    pub url: Option<String>,
}

/// Reads `sms.receipt_*`.
pub(super) fn read(reader: &mut Reader) -> ReceiptSettings {
    const SECRET: &str = "sms.receipt_secret";
    let secret = reader.read_secret(
        SECRET,
        "the last part of `/v1/sms/receipts/{vendor}/{secret}`, where vendors push delivery receipts: at least 24 of `A-Z a-z 0-9 - _ . ~` (`openssl rand -hex 24`); without it no receipts are taken, in development one is made at each start",
    );
    let url = reader.read_optional(
        "sms.receipt_url",
        "`/v1/sms/receipts` as vendors reach it, such as `https://login.example.com/v1/sms/receipts`: for those who are told it with each message or sign it",
        form::pattern("^https?://.+/v1/sms/receipts/?$", address),
    );
    let usable = secret.as_ref().is_none_or(is_usable);
    if !usable {
        reader.problem(
            SECRET,
            "must be at least 24 letters, digits, -, _, . or ~, and random: write what `openssl rand -hex 24` prints",
        );
    }
    if url.as_deref().is_some_and(|url| !is_safe_url(url)) {
        reader.unsafe_for_production(
            "sms.receipt_url",
            "must be https://…, or http:// on loopback: the secret is in each push",
        );
    }
    if url.is_some() && secret.is_none() {
        reader.unsafe_for_production("sms.receipt_url", "has no use without sms.receipt_secret");
    }
    ReceiptSettings {
        secret: secret.filter(|_| usable),
        url,
    }
}

/// What needs no encoding in a path (RFC 3986 section 2.3).
fn is_usable(secret: &SecretString) -> bool {
    let secret = secret.expose_secret();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    let different: BTreeSet<u8> = secret.bytes().collect();
    (LEAST_SECRET..=256).contains(&secret.len())
        && secret.bytes().all(plain)
        && different.len() >= LEAST_DIFFERENT
}

fn address(given: &Given) -> Result<String, String> {
    let text = parse::text(given)?;
    let text = text.trim_end_matches('/');
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or_default();
    let plain = !rest.contains(['?', '#', '@']) && !rest.contains(char::is_whitespace);
    if rest.is_empty() || !plain || !rest.ends_with("/v1/sms/receipts") {
        return Err(
            "write the address up to /v1/sms/receipts, such as https://login.example.com/v1/sms/receipts"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_needs_no_encoding() {
        for (secret, usable) in [
            ("0123456789abcdef01234567", true),
            ("Aa0-_.~Aa0-_.~Aa0-_.~Aa0", true),
            ("0123456789abcdef0123456", false),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("abcabcabcabcabcabcabcabcabc", false),
            ("0123456789abcdef0123456/", false),
            ("0123456789abcdef01234567 ", false),
            ("0123456789abcdef0123456é", false),
        ] {
            assert_eq!(is_usable(&secret.into()), usable, "{secret}");
        }
        assert!(!is_usable(&"a".repeat(257).into()));
    }

    #[test]
    fn an_address_ends_in_the_path_of_receipts() {
        let read = |text: &str| address(&Given::Text(text.to_owned()));
        let right = "https://login.example.com/v1/sms/receipts";
        assert_eq!(read(right).as_deref(), Ok(right));
        assert_eq!(read(&format!("{right}/")).as_deref(), Ok(right));
        for wrong in [
            "",
            "login.example.com/v1/sms/receipts",
            "https://login.example.com",
            "https://me:pw@login.example.com/v1/sms/receipts",
            "https://login.example.com/v1/sms/receipts?a=/v1/sms/receipts",
            "ftp://login.example.com/v1/sms/receipts",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
