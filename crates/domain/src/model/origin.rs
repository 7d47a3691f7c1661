//! Where a request came from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::client::Label;
use crate::ports::mac::{Mac, MacUse};

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

/// Stands between the network and the tag of an address that is kept.
const TAGGED: char = '~';

/// An address as the audit log keeps it: its network (/24 of IPv4, /48 of IPv6) and a
/// keyed tag of 64 bits, such as `203.0.113.0/24~0f3c…`.
///
/// Rows of one source, as [`source_network`] has it, have one text, so that they are
/// found together. Without the key the text tells the network and no more; whoever
/// holds the key can try the addresses of the network one by one, which the law may
/// ask for.
#[must_use]
pub fn kept_address(address: IpAddr, mac: &dyn Mac) -> String {
    let source = source_network(address);
    let message = format!("address {source}");
    let tag = mac.tag(MacUse::BlindIndex, message.as_bytes());
    let tag = tag
        .iter()
        .take(8)
        .fold(0, |bits, byte| bits << 8 | u64::from(*byte));
    format!("{}{TAGGED}{tag:016x}", network_of(source))
}

/// The network that a [kept address](kept_address) tells everybody.
#[must_use]
pub fn network_kept(kept: &str) -> &str {
    kept.split_once(TAGGED).map_or(kept, |(network, _)| network)
}

fn network_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::mac::MockMac;

    /// Tags by the bytes of the message: another one for any other.
    fn kept(text: &str) -> String {
        let mut mac = MockMac::new();
        mac.expect_tag().returning(|usage, message| {
            assert_eq!(usage, MacUse::BlindIndex);
            let mut tag = [0_u8; 32];
            for (n, byte) in message.iter().enumerate() {
                tag[n % 8] = tag[n % 8].wrapping_mul(31).wrapping_add(*byte);
            }
            tag
        });
        kept_address(text.parse().unwrap(), &mac)
    }

    #[test]
    fn a_kept_address_names_the_network_and_tells_sources_apart() {
        let (one, two) = (kept("203.0.113.7"), kept("203.0.113.8"));
        assert_eq!(network_kept(&one), "203.0.113.0/24");
        assert_eq!(network_kept(&one), network_kept(&two));
        assert_ne!(one, two);
        assert_eq!(one, kept("::ffff:203.0.113.7"));
        assert!(!one.contains("203.0.113.7"), "{one}");
        assert_eq!(one.len(), "203.0.113.0/24~".len() + 16);
    }

    #[test]
    fn a_household_of_ipv6_is_kept_as_one() {
        let one = kept("2001:db8:1:2:3:4:5:6");
        assert_eq!(network_kept(&one), "2001:db8:1::/48");
        assert_eq!(one, kept("2001:db8:1:2::1"));
        assert_ne!(one, kept("2001:db8:1:3::1"));
    }

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
