//! Huawei Cloud's older way to say who asks: X-WSSE.
//!
//! Source: Huawei Cloud Message & SMS, "X-WSSE authentication".

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::call::Call;

const LONGEST_NONCE: usize = 128;

/// What the two headers say; the body is not covered.
#[derive(Debug)]
pub(super) struct UsernameToken<'c> {
    pub(super) username: &'c str,
    digest: &'c str,
    nonce: &'c str,
    pub(super) created: &'c str,
}

impl<'c> UsernameToken<'c> {
    /// Reads both headers.
    ///
    /// # Errors
    ///
    /// The vendor's code for what is missing or malformed.
    pub(super) fn read(call: &'c Call) -> Result<Self, &'static str> {
        let authorization = call.header("authorization").ok_or("E000001")?;
        let authorization = authorization.strip_prefix("WSSE ").ok_or("E000008")?;
        for (name, expected, missing, wrong) in [
            ("realm", "SDP", "E000002", "E000004"),
            ("profile", "UsernameToken", "E000003", "E000005"),
            ("type", "Appkey", "E000007", "E000006"),
        ] {
            if quoted(authorization, name).ok_or(missing)? != expected {
                return Err(wrong);
            }
        }
        let token = call.header("x-wsse").ok_or("E000020")?;
        let token = token.strip_prefix("UsernameToken ").ok_or("E000021")?;
        let part = |name: &str, missing| {
            quoted(token, name)
                .filter(|value| !value.is_empty())
                .ok_or(missing)
        };
        let read = Self {
            username: part("Username", "E000022")?,
            digest: part("PasswordDigest", "E000023")?,
            nonce: part("Nonce", "E000024")?,
            created: part("Created", "E000025")?,
        };
        let is_plain = read.nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if read.nonce.len() > LONGEST_NONCE || !is_plain {
            return Err("E000024");
        }
        Ok(read)
    }

    /// Whether the digest was made with `secret`: of the hash's hex text or of
    /// its bytes, since both are in use.
    pub(super) fn is_made_with(&self, secret: &str) -> bool {
        let text = format!("{}{}{secret}", self.nonce, self.created);
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let [hex, raw] = [STANDARD.encode(hex::encode(hash)), STANDARD.encode(hash)];
        [hex, raw].iter().any(|expected| {
            verify_slices_are_equal(expected.as_bytes(), self.digest.as_bytes()).is_ok()
        })
    }
}

/// The value of `name="…"`.
fn quoted<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.split(',').find_map(|part| {
        part.trim()
            .strip_prefix(name)?
            .strip_prefix("=\"")?
            .strip_suffix('"')
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::sms::vectors::{call_of, text};

    fn vectors() -> Vec<Value> {
        let all: Value =
            serde_json::from_str(include_str!("../../tests/vectors/huawei.json")).unwrap();
        all["wsse_vectors"].as_array().unwrap().clone()
    }

    #[test]
    fn both_forms_of_the_digest_are_accepted() {
        assert_eq!(vectors().len(), 2);
        for vector in vectors() {
            let call = call_of(&vector["expected"]);
            let token = UsernameToken::read(&call).unwrap();
            assert_eq!(token.username, text(&vector, "/inputs/access_key_id"));
            assert!(token.is_made_with(text(&vector, "/inputs/access_key_secret")));
            assert!(!token.is_made_with("another secret"));
        }
    }

    #[test]
    fn each_part_that_is_missing_has_its_code() {
        for (header, old, new, code) in [
            ("authorization", "WSSE ", "Basic ", "E000008"),
            ("authorization", "realm", "x", "E000002"),
            ("authorization", "SDP", "x", "E000004"),
            ("authorization", "profile", "x", "E000003"),
            ("authorization", "UsernameToken", "x", "E000005"),
            ("authorization", "Appkey", "x", "E000006"),
            ("authorization", "type", "x", "E000007"),
            ("x-wsse", "UsernameToken ", "", "E000021"),
            ("x-wsse", "Username=", "x=", "E000022"),
            ("x-wsse", "PasswordDigest=", "x=", "E000023"),
            ("x-wsse", "Nonce=\"", "Nonce=\"-", "E000024"),
            ("x-wsse", "Created=", "x=", "E000025"),
        ] {
            let mut call = call_of(&vectors()[0]["expected"]);
            for (_, value) in call.headers.iter_mut().filter(|(name, _)| name == header) {
                *value = value.replacen(old, new, 1);
            }
            assert_eq!(UsernameToken::read(&call).unwrap_err(), code);
        }
    }
}
