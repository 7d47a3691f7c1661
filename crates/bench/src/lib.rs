//! A load tool for Menshen whose figures can be trusted: `docs/performance.md`.
//!
//! [`load`] puts a [`scenario`] on a [`server`] that it started itself, over real
//! HTTP on the loopback, and [`meter`] reads who used how much processor time.

pub mod ceiling;
pub mod enumeration;
pub mod fill;
pub mod folder;
pub mod http;
pub mod load;
pub mod meter;
pub mod options;
pub mod phone_book;
pub mod prelude;
pub mod report;
pub mod scenario;
pub mod server;
pub mod stage;
pub mod start;
pub mod stores;
pub mod upstream;
pub mod usage;
pub mod world;
