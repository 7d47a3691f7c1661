//! The client's address behind proxies.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// Whose `X-Forwarded-For` is believed.
#[derive(Debug)]
pub struct ProxyTrust {
    networks: Vec<IpNet>,
    warned: AtomicBool,
    ignored: AtomicU64,
}

impl ProxyTrust {
    /// Believes the proxies in these networks, and nobody else.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self {
            networks,
            warned: AtomicBool::new(false),
            ignored: AtomicU64::new(0),
        }
    }

    /// The client's address: the peer itself, or, where the peer is a trusted
    /// proxy, the right-most address of `X-Forwarded-For` that is not one.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            self.warn_once(peer, headers);
            return peer;
        }
        // As bytes: one odd byte from the client must not hide what our own
        // proxy has appended.
        let forwarded: Vec<&[u8]> = headers
            .get_all("x-forwarded-for")
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .collect();
        let mut client = peer;
        for entry in forwarded.into_iter().rev() {
            let Some(address) = std::str::from_utf8(entry)
                .ok()
                .and_then(|entry| parse(entry.trim()))
            else {
                break;
            };
            client = address;
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    /// How many requests of private peers had an `X-Forwarded-For` that was
    /// ignored: more than none is most likely a forgotten setting.
    pub fn ignored(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }

    /// Whether the peer itself, at the other end of the connection, is a trusted
    /// proxy.
    pub fn trusts_peer(&self, peer: IpAddr) -> bool {
        self.trusts(peer.to_canonical())
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// A private peer that forwards is most likely a proxy that was forgotten in
    /// the settings; without it, everybody shares one address.
    fn warn_once(&self, peer: IpAddr, headers: &HeaderMap) {
        if !is_private(peer) || !headers.contains_key("x-forwarded-for") {
            return;
        }
        self.ignored.fetch_add(1, Ordering::Relaxed);
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                peer.address = %peer,
                "X-Forwarded-For from a private peer is ignored: if this is your proxy, add it to server.trusted_proxies"
            );
        }
    }
}

/// True for addresses that a proxy of one's own has.
fn is_private(peer: IpAddr) -> bool {
    match peer {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

/// An address, with or without a port.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry.trim_matches('"');
    let address = bare.parse().ok().or_else(|| {
        bare.parse::<std::net::SocketAddr>()
            .ok()
            .map(|socket| socket.ip())
    });
    let address = address.or_else(|| bare.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let trust = ProxyTrust::new(trusted.iter().map(|net| net.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        trust.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn strangers_are_not_believed() {
        assert_eq!(client(&[], "203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
        assert_eq!(
            client(&["10.0.0.0/8"], "203.0.113.7", &["198.51.100.1"]),
            "203.0.113.7"
        );
    }

    #[test]
    fn the_right_most_stranger_is_the_client() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(
            client(&trusted, "10.0.0.1", &["1.1.1.1, 198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            client(&trusted, "10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(
            client(&trusted, "10.0.0.1", &["1.1.1.1", "198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            client(&trusted, "10.0.0.1", &["198.51.100.1:4711"]),
            "198.51.100.1"
        );
        assert_eq!(
            client(&trusted, "10.0.0.1", &["[2001:db8::1]:4711"]),
            "2001:db8::1"
        );
        assert_eq!(
            client(&trusted, "::ffff:10.0.0.1", &["198.51.100.1"]),
            "198.51.100.1"
        );
    }

    #[test]
    fn nonsense_falls_back_to_what_is_known() {
        assert_eq!(
            client(&["10.0.0.0/8"], "10.0.0.1", &["unknown"]),
            "10.0.0.1"
        );
        assert_eq!(
            client(&["10.0.0.0/8"], "10.0.0.1", &["1.1.1.1, evil, 10.0.0.2"]),
            "10.0.0.2"
        );
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn an_odd_byte_does_not_hide_the_client() {
        let trust = ProxyTrust::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_bytes(b"\xff, 198.51.100.1").unwrap(),
        );
        let client = trust.client("10.0.0.1".parse().unwrap(), &headers);
        assert_eq!(client.to_string(), "198.51.100.1");
    }

    #[test]
    fn what_a_private_peer_forwards_in_vain_is_counted() {
        let trust = ProxyTrust::new(Vec::new());
        let mut headers = HeaderMap::new();
        let ask = |peer: &str, headers: &HeaderMap| trust.client(peer.parse().unwrap(), headers);
        ask("127.0.0.1", &headers);
        headers.insert(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static("198.51.100.1"),
        );
        ask("203.0.113.7", &headers);
        assert_eq!(trust.ignored(), 0);
        for peer in ["127.0.0.1", "::1", "10.0.0.1", "::ffff:10.0.0.1", "fd00::1"] {
            ask(peer, &headers);
        }
        assert_eq!(trust.ignored(), 5);
    }
}
