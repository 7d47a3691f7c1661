//! How requests to vendors are signed, as pure functions: nothing here is sent, and
//! no time is told.
//!
//! What a vendor's services have in common is here once; what a service of it says
//! in a request is in the crate of that service.

pub mod acs3;
pub mod canonical;
pub mod tc3;
pub mod webhook;

pub use canonical::{Signature, SignedParts};
