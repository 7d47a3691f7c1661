//! The operator's console.

mod acts;
mod door;
mod looks;
mod records;
mod strangers;
mod webhooks;
