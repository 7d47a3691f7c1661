//! A server that speaks TLS.

use std::fs;
use std::path::{Path, PathBuf};

use super::ROLE;
use super::server::{PostgresServer, initdb};
use crate::authority::{Authority, Certificate};

impl PostgresServer {
    /// Starts a server on a private port of the loopback that speaks TLS and shows
    /// this certificate, with an empty database named `menshen`.
    ///
    /// # Panics
    ///
    /// If there is no PostgreSQL to start, or it does not start.
    #[must_use]
    pub fn start_with_tls(certificate: &Certificate) -> Self {
        let server = Self::start_filled(&initdb, |server| {
            let shown = server.keep(&certificate.certificate, "server.pem");
            let key = server.keep(&certificate.key, "server.key");
            vec![
                "ssl=on".to_owned(),
                format!("ssl_cert_file={}", shown.display()),
                format!("ssl_key_file={}", key.display()),
            ]
        });
        server.client("createdb", [ROLE]);
        server
    }

    /// Asks whoever comes over the loopback for a certificate of this authority,
    /// from the next [`restart`](Self::restart) on.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn require_certificates(&self, authority: &Authority) {
        let file = self.keep(&authority.file(), "clients.pem");
        let sql = format!("ALTER SYSTEM SET ssl_ca_file = '{}'", file.display());
        self.execute(&sql);
        let rules = "local all all trust\nhostssl all all all trust clientcert=verify-ca\n";
        let (folder, _) = self.place();
        fs::write(folder.join("data/pg_hba.conf"), rules).expect("a file of the server");
    }

    /// Copies a file to where the server may read it, and nobody else.
    fn keep(&self, file: &Path, name: &str) -> PathBuf {
        let (folder, owner) = self.place();
        let kept = folder.join(name);
        fs::copy(file, &kept).expect("a copy for the server");
        owner.take_alone(&kept).expect("a file of the server");
        kept
    }
}
