//! The whole service over HTTP: a real port, a real database file, an offline
//! WeChat and an offline SMS vendor that speak the vendors' own protocols.

#[path = "../support/mod.rs"]
mod support;

mod sms;
mod wechat;
