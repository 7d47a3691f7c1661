//! The gateway over real HTTP.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod hosting;
mod load;
mod login;
mod phone;
mod reads;
mod support;
mod tokens;
