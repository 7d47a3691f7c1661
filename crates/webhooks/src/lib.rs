//! Telling receivers events over HTTP, as Standard Webhooks.
//!
//! A try is a `POST` of `{"type":…,"timestamp":…,"data":…}`, the same bytes each time,
//! signed for the moment of the try. What comes of it is told and nothing decided here.

mod message;
mod receiver;
mod sender;

pub use receiver::{Receiver, ReceiverError};
pub use sender::{HttpWebhookSender, TRY};
