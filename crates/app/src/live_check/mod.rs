//! `menshen config check --live`: asks what is configured whether it works.
//!
//! Through the very adapters that serve logins, so that what is proven here
//! holds there.

mod avatars;
mod captcha;
mod finding;
mod probes;
mod sms;
mod stores;
mod wechat;

pub use finding::Standing;
pub use probes::findings;
