//! Accounts, records and the rest as operators see them.
//!
//! A key that may only look sees personal data masked; one that may change sees it
//! whole, where one account is looked at.

mod accounts;
mod others;
mod records;
mod webhooks;

use std::net::IpAddr;

pub use accounts::*;
use menshen_domain::model::origin::masked_address;
pub use others::*;
pub use records::*;
pub use webhooks::*;

fn shown_address(address: IpAddr, whole: bool) -> String {
    if whole {
        address.to_string()
    } else {
        masked_address(address)
    }
}
