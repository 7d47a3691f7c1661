//! Reading what a vendor pushes about messages that it took.

use chrono::{DateTime, Utc};

use crate::model::sms_delivery::DeliveryReceipt;

/// A push as it came. It has no `Debug`: address and body carry secrets and
/// numbers.
pub struct ReceiptPush<'a> {
    /// The address that the vendor was told to call, secret included, for those
    /// who sign it; nothing where the deployment does not know its own address.
    pub url: Option<&'a str>,
    /// The headers, names in lower case; values that are not text are left out.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, at most 256 KiB.
    pub body: &'a [u8],
    /// When it came, for receipts that tell no time.
    pub received_at: DateTime<Utc>,
}

impl<'a> ReceiptPush<'a> {
    /// The first value of a header; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut named = self.headers.iter().filter(|(key, _)| *key == name);
        named.next().map(|(_, value)| *value)
    }
}

/// Why a push is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReceipt {
    /// It is not of the vendor's form.
    #[error("not a receipt of this vendor")]
    Malformed,
    /// It lacks the vendor's signature, or has a wrong one.
    #[error("the signature of the receipt is wrong")]
    Forged,
}

/// What a vendor must be answered, or it repeats the push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

/// Reads the receipts of one vendor.
pub trait ReceiptReader: Send + Sync {
    /// The vendor's name in the configuration and in the address.
    fn vendor(&self) -> &'static str;

    /// The receipts of a push, in its order. Steps on the way (queued, sent to
    /// the carrier) are left out, so that a push may hold none.
    ///
    /// # Errors
    ///
    /// See [`BadReceipt`].
    fn read(&self, push: &ReceiptPush<'_>) -> Result<Vec<DeliveryReceipt>, BadReceipt>;

    /// What the vendor takes for "received".
    fn acknowledge(&self) -> Acknowledgement;
}
