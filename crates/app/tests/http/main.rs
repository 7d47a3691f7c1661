//! The whole service over HTTP: a real port, a real database file, an offline
//! WeChat and an offline SMS vendor that speak the vendors' own protocols.

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod command_line;
mod every_code;
mod linking;
mod live_check;
mod openapi;
mod panics;
mod profile;
mod races;
mod receipts;
mod reference;
mod secrecy;
mod send_records;
mod sessions;
mod sms;
mod statements;
mod tokens;
mod upstreams;
mod wechat;
