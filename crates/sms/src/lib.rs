//! The SMS vendors of Menshen.
//!
//! One file per vendor: how it signs, what it is sent, what its refusals mean.
//! Each vendor maps every answer to one [`Outcome`], and only the
//! [`FailoverSender`] acts on outcomes.

mod attempt_log;
mod failover;
mod health;
mod metrics;
mod order;
mod outcome;
mod persistence;
mod slot;
mod template;
mod transport;
mod vendor;
mod verdict;

pub mod aliyun;
pub mod console;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod huawei;
pub mod reach;
pub mod receipts;
pub mod tencent;
pub mod twilio;
pub mod volcengine;
pub mod webhook;

pub use menshen_signing::canonical;

pub use aliyun::{Aliyun, AliyunConfig};
pub use console::Console;
pub use failover::FailoverSender;
pub use health::VendorHealth;
pub use huawei::{Huawei, HuaweiAuth, HuaweiConfig};
pub use metrics::SmsMetrics;
pub use order::Weights;
pub use outcome::{Duties, Outcome, SameVendor, Scope};
pub use template::{AmbiguousTemplates, Meant, RegionClass, Template, Templates, Variable};
pub use tencent::{Tencent, TencentConfig};
pub use twilio::{Twilio, TwilioConfig};
pub use vendor::{Attempt, Serves, SmsVendor, VendorConfigError};
pub use volcengine::{Volcengine, VolcengineConfig};
pub use webhook::{Webhook, WebhookConfig};
