//! What the file of a vendor is written with: `docs/adding-an-adapter.md` walks
//! through one.
//!
//! Whoever reads it needs nothing else of this crate.

pub use menshen_domain::model::phone_number::PhoneNumber;
pub use menshen_domain::model::sms_delivery::DeliveryReceipt;
pub use menshen_domain::ports::receipt_reader::{
    Acknowledgement, BadReceipt, ReceiptPush, ReceiptReader,
};
pub use menshen_domain::ports::sms_sender::SmsMessage;
pub use menshen_outbound::{Answer, Client, Method, Request, Url, base_url, encode};
pub use tokio::time::Instant;

pub use crate::account::Account;
pub use crate::entry::{Built, Complaint, Deps, StandIn, VendorEntry, Wording};
pub use crate::key::{Check, Key, KeyKind};
pub use crate::outcome::{Outcome, Scope};
pub use crate::receipts::{
    Entry as ReceiptEntry, Read as ReceiptRead, beijing, entries, phone, plausible, read_each,
    taken,
};
pub use crate::template::{RegionClass, Template};
pub use crate::templates::Templates;
pub use crate::transport::{client, retry_after, send, unreadable, word};
pub use crate::vendor::{Attempt, Serves, SmsVendor, VendorConfigError, random_hex};
