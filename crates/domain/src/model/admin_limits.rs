//! The limit of wrong admin keys.

use std::net::IpAddr;
use std::time::Duration;

use crate::model::limits::{LimitKey, LimitRule, Window, Windows};
use crate::model::origin::source_network;

/// How long a wrong key counts.
const SPAN: Duration = Duration::from_mins(15);

/// The `admin` limits; zero turns one off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminLimits {
    /// `admin.failures_per_ip`: wrong keys per source network and 15 minutes.
    pub failures_per_ip: u32,
}

impl AdminLimits {
    /// The windows that one wrong key is counted against.
    #[must_use]
    pub fn for_wrong_key(&self, address: IpAddr) -> Vec<Window> {
        let mut windows = Windows(Vec::with_capacity(1));
        let source = LimitKey::AdminKeys(source_network(address));
        windows.add(LimitRule::AdminKeys, source, self.failures_per_ip, SPAN);
        windows.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_has_one_window_and_zero_has_none() {
        let windows = |most: u32, address: &str| {
            let limits = AdminLimits {
                failures_per_ip: most,
            };
            limits.for_wrong_key(address.parse().unwrap())
        };
        assert_eq!(windows(2, "2001:db8::1").len(), 1);
        assert_eq!(windows(2, "2001:db8::1"), windows(2, "2001:db8::2"));
        assert_ne!(windows(2, "192.0.2.1"), windows(2, "192.0.2.2"));
        assert!(windows(0, "192.0.2.1").is_empty());
    }
}
