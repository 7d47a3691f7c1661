//! The SMS vendors of Menshen.
//!
//! One file per vendor: how it signs, what it is sent, what its refusals mean.
//! Each vendor maps every answer to one [`Outcome`], and only the
//! [`FailoverSender`] acts on outcomes.

mod aliyun_errors;
mod failover;
mod outcome;
mod transport;
mod vendor;
mod verdict;

pub mod acs3;
pub mod aliyun;
pub mod console;
pub mod webhook;
pub mod webhook_signature;

pub use aliyun::{Aliyun, AliyunConfig};
pub use console::Console;
pub use failover::FailoverSender;
pub use outcome::{Duties, Outcome, SameVendor, Scope};
pub use vendor::{Attempt, SmsVendor, VendorConfigError};
pub use webhook::{Webhook, WebhookConfig};
