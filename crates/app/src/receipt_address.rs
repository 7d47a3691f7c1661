//! Where a vendor pushes its delivery receipts.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret as _, SecretString};

/// The address of delivery receipts, which nobody can guess. `Debug` shows no
/// secret.
#[derive(Debug, Clone)]
pub struct ReceiptAddress {
    secret: SecretString,
    base: Option<String>,
}

impl ReceiptAddress {
    /// An address with this last part; `base` is `…/v1/sms/receipts` as vendors
    /// reach it, where that is known.
    #[must_use]
    pub fn new(secret: SecretString, base: Option<String>) -> Self {
        Self { secret, base }
    }

    /// The whole address of a vendor, for whoever must tell it or sign it. It is a
    /// secret.
    #[must_use]
    pub fn of(&self, vendor: &str) -> Option<SecretString> {
        let base = self.base.as_ref()?;
        Some(format!("{base}/{vendor}/{}", self.secret.expose_secret()).into())
    }

    /// The last part, for the banner of a development server.
    #[must_use]
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Compares with what a request ends in, in constant time.
    #[must_use]
    pub fn admits(&self, secret: &str) -> bool {
        let ours = self.secret.expose_secret().as_bytes();
        verify_slices_are_equal(ours, secret.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_is_admitted_and_nothing_shows_it() {
        let base = "https://login.example.com/v1/sms/receipts".to_owned();
        let address = ReceiptAddress::new("0123456789abcdef".into(), Some(base));
        assert!(address.admits("0123456789abcdef"));
        for wrong in [
            "",
            "0123456789abcde",
            "0123456789abcdeff",
            "0123456789ABCDEF",
        ] {
            assert!(!address.admits(wrong), "{wrong}");
        }
        let whole = address.of("aliyun").unwrap();
        assert_eq!(
            whole.expose_secret(),
            "https://login.example.com/v1/sms/receipts/aliyun/0123456789abcdef"
        );
        assert!(!format!("{address:?} {whole:?}").contains("0123"));
    }
}
