//! Real servers for tests, thrown away afterwards.
//!
//! A suite never skips itself: where a server cannot be started, the test fails
//! and says what to install. Each test process starts its own server when the
//! first test asks for it, and the server stops when the process ends, however
//! it ends.

pub mod postgres;
pub mod redis;
