//! Where a request came from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::client::Label;

/// Where a request came from, for limits, sessions and the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, as the proxy rules established it.
    pub address: IpAddr,
    /// The `User-Agent`, if it is a plain label.
    pub user_agent: Option<Label<256>>,
    /// The request's id, as answered in `X-Request-Id`.
    pub request_id: String,
}

/// The network that limits count: a whole IPv4 address, or the /64 of an IPv6
/// address, since one household holds all of a /64.
#[must_use]
pub fn source_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// The neighbourhood of a source network, for limits that many addresses of one
/// owner share: the /24 of an IPv4 address, or the /48 of an IPv6 address, which
/// providers hand to one customer.
#[must_use]
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// The address with its host part hidden, fit for a device list:
/// `203.0.113.*`, `2001:db8:*`.
#[must_use]
pub fn masked_address(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.*")
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            format!("{a:x}:{b:x}:*")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_one_source() {
        let net = |text: &str| source_network(text.parse().unwrap());
        assert_eq!(net("2001:db8:1:2:3:4:5:6"), net("2001:db8:1:2::1"));
        assert_ne!(net("2001:db8:1:2::1"), net("2001:db8:1:3::1"));
        assert_ne!(net("203.0.113.7"), net("203.0.113.8"));
        assert_eq!(net("::ffff:203.0.113.7"), net("203.0.113.7"));
    }

    #[test]
    fn a_neighbourhood_is_what_one_owner_gets() {
        let net = |text: &str| neighbourhood(text.parse().unwrap()).to_string();
        assert_eq!(net("203.0.113.7"), "203.0.113.0");
        assert_eq!(net("::ffff:203.0.113.7"), "203.0.113.0");
        assert_eq!(net("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
    }

    #[test]
    fn a_shown_address_names_no_host() {
        assert_eq!(
            masked_address("203.0.113.7".parse().unwrap()),
            "203.0.113.*"
        );
        assert_eq!(
            masked_address("2001:db8:1:2::1".parse().unwrap()),
            "2001:db8:*"
        );
    }
}
