//! The limits of admin keys: of wrong ones, and of what may be searched with one.

use std::net::IpAddr;
use std::time::Duration;

use crate::model::limits::{LimitKey, LimitRule, Window, Windows};
use crate::model::operator::Operator;
use crate::model::origin::source_network;

/// How long a wrong key counts.
const SPAN: Duration = Duration::from_mins(15);

const HOUR: Duration = Duration::from_hours(1);

/// The `admin` limits; zero turns one off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminLimits {
    /// `admin.failures_per_ip`: wrong keys per source network and 15 minutes.
    pub failures_per_ip: u32,
    /// `admin.phone_searches_per_hour`: searches for a number with a key that may
    /// only look, an hour.
    pub phone_searches_per_hour: u32,
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

    /// The windows of one search for a number; none for whoever sees whole numbers
    /// anyway. To the others a number is shown masked, and nobody is to find its
    /// middle by asking for each that there is.
    #[must_use]
    pub fn for_phone_search(&self, operator: &Operator) -> Vec<Window> {
        let mut windows = Windows(Vec::with_capacity(1));
        if !operator.may_change() {
            let who = LimitKey::AdminSearches(operator.name().to_owned());
            let most = self.phone_searches_per_hour;
            windows.add(LimitRule::AdminSearches, who, most, HOUR);
        }
        windows.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::operator::OperatorScope;

    fn limits(failures_per_ip: u32, phone_searches_per_hour: u32) -> AdminLimits {
        AdminLimits {
            failures_per_ip,
            phone_searches_per_hour,
        }
    }

    #[test]
    fn only_who_may_just_look_has_a_window_of_searches() {
        let operator = |scope| Operator::with_key("ops", scope).unwrap();
        let windows = |most, scope| limits(0, most).for_phone_search(&operator(scope));
        assert_eq!(windows(2, OperatorScope::Read).len(), 1);
        assert!(windows(2, OperatorScope::Write).is_empty());
        assert!(windows(0, OperatorScope::Read).is_empty());
    }

    #[test]
    fn a_household_has_one_window_and_zero_has_none() {
        let windows = |most: u32, address: &str| {
            let limits = limits(most, 0);
            limits.for_wrong_key(address.parse().unwrap())
        };
        assert_eq!(windows(2, "2001:db8::1").len(), 1);
        assert_eq!(windows(2, "2001:db8::1"), windows(2, "2001:db8::2"));
        assert_ne!(windows(2, "192.0.2.1"), windows(2, "192.0.2.2"));
        assert!(windows(0, "192.0.2.1").is_empty());
    }
}
