//! The SMS vendors of Menshen.
//!
//! One file per vendor: its name, its settings, how it signs, what it is sent, what
//! its refusals mean ([`VendorEntry`]). Each vendor maps every answer to one
//! [`Outcome`], and only the [`FailoverSender`] acts on outcomes.

/// Names the files of the vendors: each is a module with a `static VENDOR`.
macro_rules! vendors {
    ($($vendor:ident)*) => {
        $(pub mod $vendor;)*

        /// Every vendor, in the order of the reference.
        pub static VENDORS: &[&VendorEntry] = &[$(&$vendor::VENDOR),*];
    };
}

vendors! {
    aliyun
    tencent
    huawei
    volcengine
    twilio
    webhook
    console
}

mod account;
mod attempt_log;
mod entry;
mod failover;
mod health;
mod key;
mod metrics;
mod order;
mod outcome;
mod persistence;
mod slot;
mod template;
mod templates;
mod transport;
mod vendor;
mod verdict;

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod reach;
mod receipts;
pub mod vendor_kit;

pub use menshen_signing::canonical;

pub use account::Account;
pub use aliyun::{Aliyun, AliyunConfig};
pub use console::Console;
pub use entry::{Built, Complaint, Deps, StandIn, VendorEntry, Wording};
pub use failover::FailoverSender;
pub use health::VendorHealth;
pub use huawei::{Huawei, HuaweiAuth, HuaweiConfig};
pub use key::{Check, Key, KeyKind};
pub use metrics::SmsMetrics;
pub use order::Weights;
pub use outcome::{Duties, Outcome, SameVendor, Scope};
pub use template::{RegionClass, Template, Variable};
pub use templates::{AmbiguousTemplates, Meant, Templates};
pub use tencent::{Tencent, TencentConfig};
pub use twilio::{Twilio, TwilioConfig};
pub use vendor::{Attempt, Serves, SmsVendor, VendorConfigError};
pub use volcengine::{Volcengine, VolcengineConfig};
pub use webhook::{Webhook, WebhookConfig};
