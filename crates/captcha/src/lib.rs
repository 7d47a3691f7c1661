//! The captcha services of Menshen.
//!
//! One file per service: what it is sent, how that is signed, and what its answers
//! mean. [`GuardedCaptcha`] is what all of them share: bounds, a circuit, metrics.
//!
//! What a person's own text can bring about is always a refusal of the text, and
//! never a fault of the service or of our account: else anybody could open the
//! circuit for everybody.

mod guarded;
mod metrics;
mod outcome;
mod service;

pub mod aliyun;
pub mod tencent;
pub mod turnstile;
pub mod verify_url;

pub use aliyun::{AliyunCaptcha, AliyunCaptchaConfig};
pub use guarded::GuardedCaptcha;
pub use metrics::CaptchaMetrics;
pub use outcome::Outcome;
pub use service::{CaptchaConfigError, CaptchaService};
pub use tencent::{TencentCaptcha, TencentCaptchaApp, TencentCaptchaConfig};
pub use turnstile::{Turnstile, TurnstileConfig};
pub use verify_url::{VerifyUrl, VerifyUrlConfig};
