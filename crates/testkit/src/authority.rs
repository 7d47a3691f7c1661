//! An authority of our own, for servers that speak TLS.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// An authority that certifies whatever it is asked to. Its files go when it is
/// dropped.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

/// A certificate and its key, as PEM files.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key; for the eyes of its owner only.
    pub key: PathBuf,
}

impl Authority {
    /// A new authority.
    ///
    /// # Panics
    ///
    /// If the program `openssl` is missing or fails.
    #[must_use]
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        // No two have one name: a stranger's authority is seen as a stranger's.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let mut openssl = openssl("req");
        openssl.args([
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ]);
        openssl.args([
            "-nodes",
            "-days",
            "2",
            "-subj",
            &format!("/CN=authority {number} for tests"),
        ]);
        openssl.args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
        openssl.arg("-keyout").arg(path("ca.key"));
        run(openssl.arg("-out").arg(path("ca.pem")));
        Self { folder }
    }

    /// Its own certificate, which those who trust it are told.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Certifies a server under alternative names as OpenSSL writes them, such as
    /// `DNS:localhost,IP:127.0.0.1`.
    ///
    /// # Panics
    ///
    /// As of [`new`](Self::new).
    #[must_use]
    pub fn certify(&self, name: &str, alternative_names: &str) -> Certificate {
        let path = |end: &str| self.folder.path().join(format!("{name}.{end}"));
        let extensions = path("ext");
        let text =
            format!("subjectAltName={alternative_names}\nextendedKeyUsage=serverAuth,clientAuth\n");
        fs::write(&extensions, text).expect("a file");
        let mut request = openssl("req");
        request.args([
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ]);
        request
            .args(["-subj", &format!("/CN={name}")])
            .arg("-keyout")
            .arg(path("key"));
        run(request.arg("-out").arg(path("csr")));
        let mut sign = openssl("x509");
        sign.args(["-req", "-days", "2", "-CAcreateserial"]);
        sign.arg("-in").arg(path("csr")).arg("-CA").arg(self.file());
        sign.arg("-CAkey").arg(self.folder.path().join("ca.key"));
        sign.arg("-extfile").arg(&extensions);
        run(sign.arg("-out").arg(path("pem")));
        Certificate {
            certificate: path("pem"),
            key: path("key"),
        }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn openssl(verb: &str) -> Command {
    let mut command = Command::new("openssl");
    command.arg(verb);
    command
}

fn run(command: &mut Command) {
    let done = command.output();
    let done = done.expect("these tests need openssl: install it (Debian: `apt install openssl`)");
    let words = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {words}");
}
