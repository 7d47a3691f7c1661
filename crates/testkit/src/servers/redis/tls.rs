//! Servers that speak TLS.

use super::node::RedisServer;
use crate::authority::{Authority, Certificate};

/// What a server shows, and who certified it. The files of both must outlive the
/// servers.
#[derive(Debug, Clone, Copy)]
pub struct RedisTls<'a> {
    /// The certificate, for `IP:127.0.0.1` where servers find each other.
    pub certificate: &'a Certificate,
    /// Who certified it.
    pub authority: &'a Authority,
}

impl RedisTls<'_> {
    /// What makes a server on this port speak TLS, to others like it too.
    pub(super) fn arguments(&self, port: u16) -> Vec<String> {
        let port = port.to_string();
        let (shown, key) = (&self.certificate.certificate, &self.certificate.key);
        let words = [
            ("--port", "0"),
            ("--tls-port", &port),
            ("--tls-cert-file", &shown.display().to_string()),
            ("--tls-key-file", &key.display().to_string()),
            (
                "--tls-ca-cert-file",
                &self.authority.file().display().to_string(),
            ),
            ("--tls-auth-clients", "no"),
            ("--tls-replication", "yes"),
            ("--tls-cluster", "yes"),
        ];
        let words = words.map(|(name, value)| [name.to_owned(), value.to_owned()]);
        words.into_iter().flatten().collect()
    }
}

impl RedisServer {
    /// Starts a server that is empty and speaks TLS only.
    ///
    /// # Panics
    ///
    /// If there is no Redis to start, or it does not start.
    #[must_use]
    pub fn start_with_tls(tls: RedisTls<'_>) -> Self {
        Self::start_with(|port| tls.arguments(port))
    }
}
