//! The WeChat gateway of Menshen: the real adapter to WeChat's server API.
//!
//! One file per call of the API. WeChat's JSON, error codes and tokens stay
//! inside; what leaves are the values and errors of the domain's port.

mod access_token;
mod authorized;
mod check_session;
mod cloud_run;
mod code2session;
mod errcodes;
mod failure;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gateway;
mod holds;
mod hosts;
mod local_tokens;
mod metrics;
mod oauth;
mod open_data;
mod phone_number;
mod push;
mod reply;
mod session_signature;
mod token_book;
mod transport;
mod user_info;
mod user_risk;

pub use cloud_run::{CloudRunGateway, OPEN_INTERFACE_SERVICE};
pub use gateway::{OfficialGateway, OfficialGatewayConfig, OfficialGatewayConfigError};
pub use local_tokens::LocalTokenCache;
pub use metrics::WeChatMetrics;
pub use open_data::AesOpenDataReader;
pub use push::{MalformedPushKeys, PushKeys, SafeModePush};
pub use reply::Refusal;
