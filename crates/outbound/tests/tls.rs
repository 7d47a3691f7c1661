//! The client in front of an HTTPS server that nobody vouches for.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use menshen_outbound::{CallError, Client, Method, Request, base_url};
use menshen_testkit::authority::Authority;
use tokio::time::Instant;

const SECRET: &str = "s3cr3t-of-the-query";

/// OpenSSL's own server, which answers every request with 200. It ends with this.
struct Https {
    server: Child,
    port: u16,
    /// Open for as long as the server lives, which would end without.
    _said: BufReader<ChildStdout>,
}

impl Https {
    fn start(authority: &Authority) -> Self {
        let certificate = authority.certify("vendor", "DNS:localhost,IP:127.0.0.1");
        let mut server = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert"])
            .arg(certificate.certificate)
            .arg("-key")
            .arg(certificate.key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("ACCEPT ") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "no server");
        }
        let (_, port) = line.trim().rsplit_once(':').unwrap();
        Self {
            server,
            port: port.parse().unwrap(),
            _said: said,
        }
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

/// A certificate of an authority that this machine does not know, for the right name.
#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let server = Https::start(&Authority::new());
    for host in ["localhost", "127.0.0.1"] {
        let mut url = base_url(&format!("https://{host}:{}", server.port)).unwrap();
        url.set_query(Some(&format!("secret={SECRET}")));
        let request = Request {
            method: Method::GET,
            url,
            headers: Vec::new(),
            body: None,
        };
        let client = Client::new(Duration::from_secs(10)).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let error = client.send(request, deadline).await.unwrap_err();
        assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
        let mut chain = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            chain = format!("{chain} {inner} {inner:?}");
            source = inner.source();
        }
        assert!(chain.to_lowercase().contains("certificate"), "{chain}");
        assert!(!chain.contains(SECRET), "{chain}");
    }
}
