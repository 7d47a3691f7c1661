//! An offline `WeChat` and offline SMS vendors, speaking the vendors' own
//! protocols.
//!
//! It checks every signature and credential, and enforces code lifetimes,
//! single use, quotas and error codes closely enough that independent client
//! libraries of those vendors work against it. It is an independent reading of
//! the protocols: it shares no code with the adapters that talk to it.
//!
//! [`Simulator`] is one world of people, applications and messages. A vendor's
//! call is one file under `wechat`, `sms` or `captcha`; what a phone in a hand would do is
//! the control API, under `control`; all that is remembered is under `state`.

mod call;
mod captcha;
mod clock;
mod config;
mod control;
mod endpoint;
mod exchange;
mod faults;
mod outgoing;
mod phone;
mod random;
mod receipts;
mod simulator;
mod sms;
mod state;
mod wechat;

pub use clock::{Clock, SettableClock, SystemClock};
pub use config::captcha::CaptchaAccounts;
pub use config::sms::{
    AliyunAccount, HuaweiAccount, HuaweiChannel, RealLookingAccount, SmsRegion, SmsTemplate,
    TencentAccount, TwilioAccount, VolcengineAccount,
};
pub use config::{AppKind, Person, SessionKeyRotation, SimulatedApp, SimulatorConfig, defaults};
pub use simulator::{RunningSimulator, Simulator};
