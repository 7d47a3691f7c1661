//! The vendors and the failover over real HTTP.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod aliyun;
mod console;
mod failover;
mod notices;
mod support;
mod vendors;
mod webhook;
