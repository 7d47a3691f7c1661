//! The conformance suites of Menshen's ports.
//!
//! `suites/<port>.rs` holds one clause per function; the macro of the same name
//! makes one named test of each clause, for an adapter's `tests/conformance.rs`.

pub mod authority;
mod clauses;
pub mod fake_keys;
pub mod fake_ring;
pub mod people;
pub mod sample;
pub mod servers;
pub mod stores;
pub mod suites;
