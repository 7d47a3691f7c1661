//! The WeChat gateway of Menshen: the real adapter to WeChat's server API.
//!
//! One file per call of the API. WeChat's JSON, error codes and tokens stay
//! inside; what leaves are the values and errors of the domain's port.

mod access_token;
mod code2session;
mod errcodes;
mod failure;
mod gateway;
mod holds;
mod hosts;
mod local_tokens;
mod oauth;
mod phone_number;
mod reply;
mod token_book;
mod transport;

pub mod open_data;
pub mod session_signature;

pub use gateway::{OfficialGateway, OfficialGatewayConfig, OfficialGatewayConfigError};
pub use local_tokens::LocalTokenCache;
