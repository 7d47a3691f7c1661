//! The rules of Menshen: model, decisions, ports and use cases, without any I/O.
//!
//! - [`model`] holds the values, the entities and the pure decisions;
//! - [`ports`] holds what the rules need from outside, one trait per file;
//! - [`services`] holds what a person or a service can do, one use case per file.
//!
//! Nothing here reads a clock, draws a random number or opens a connection:
//! all of that comes through a port.

pub mod model;
pub mod ports;
pub mod services;
