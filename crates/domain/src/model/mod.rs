//! Values, entities and pure decisions.

pub mod account;
pub mod audit;
pub mod binding;
pub mod changes;
pub mod client;
pub mod event;
pub mod evidence;
pub mod identifiers;
pub mod limits;
pub mod linking;
pub mod origin;
pub mod phone_number;
pub mod policy;
pub mod profile;
pub mod refresh;
pub mod refresh_token;
pub mod region;
pub mod session;
pub mod sms_code;
pub mod sms_delivery;
pub mod text;
pub mod token;
pub mod verification;
pub mod wechat;
