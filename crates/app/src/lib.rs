//! Menshen, the login service: HTTP, command line and wiring.

pub mod banner;
pub mod clock;
pub mod commands;
mod connections;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod housekeeping;
pub mod http;
mod key_audit;
mod key_care;
pub mod live_check;
pub mod log_writer;
pub mod logging;
pub mod master_key;
pub mod metrics;
mod number_notices;
mod observed;
pub mod receipt_address;
pub mod request_scope;
pub mod resealing;
pub mod rounds;
pub mod server;
pub mod settings;
mod simulated;
mod start_audit;
mod test_number_care;
mod use_cases;
pub mod webhooks;
pub mod wiring;
