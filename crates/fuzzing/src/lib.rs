//! What must hold of every parser that reads what strangers send, whatever it is
//! given.
//!
//! A target takes any bytes and panics if a promise is broken: not only where the
//! parser itself would panic, but where it accepts what it must refuse, says two
//! things of one input, or tells a secret. `fuzz/` runs the targets under libFuzzer
//! with its corpus; the tests of this crate replay that corpus and changes of it on
//! a stable compiler.
//!
//! Inputs are made to be read by people: a first line often says what the rest is.
//! What does not have this form is passed over.

mod access_token;
mod avatar;
mod input;
mod open_data;
mod phone_number;
mod profile_text;
mod push_message;
mod refresh_token;
mod request_body;
mod settings;
mod sms_answer;
mod sms_receipt;
mod strict_json;
mod wechat_answer;

/// A parser with its promises.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of its binary and of its corpus in `fuzz/`.
    pub name: &'static str,
    /// Panics if a promise is broken.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("access_token", access_token::run),
    target("avatar", avatar::run),
    target("open_data", open_data::run),
    target("phone_number", phone_number::run),
    target("profile_text", profile_text::run),
    target("push_message", push_message::run),
    target("refresh_token", refresh_token::run),
    target("request_body", request_body::run),
    target("settings", settings::run),
    target("sms_answer", sms_answer::run),
    target("sms_receipt", sms_receipt::run),
    target("wechat_answer", wechat_answer::run),
];

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// Runs the target of this name.
///
/// # Panics
///
/// If there is none, or a promise is broken.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(data);
}
