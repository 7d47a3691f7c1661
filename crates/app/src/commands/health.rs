//! `menshen health`: asks a running server from beside it, where no HTTP client is.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::commands::read_settings;
use crate::wiring::StartError;

/// How long the answer may take; readiness asks its dependencies for a second.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than the answer holds.
const LONGEST: u64 = 64 * 1024;

/// Prints what `/readyz` answers.
///
/// # Errors
///
/// If nobody answers in three seconds, or the server is not ready.
pub async fn run(file: Option<&Path>) -> Result<(), StartError> {
    // Settings that the server would refuse still say where it would be.
    let (settings, _) = read_settings(file)?;
    let address = from_here(settings.server.listen);
    let asked = tokio::time::timeout(PATIENCE, ask(address)).await;
    let answer = asked
        .map_err(|_| format!("{address} does not answer in time"))?
        .map_err(|error| format!("{address} does not answer: {error}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.starts_with("HTTP/1.1 200 ") {
        println!("{body}");
        Ok(())
    } else {
        Err(format!("{address} is not ready: {body}").into())
    }
}

/// Where a server that listens there is found from the same machine.
fn from_here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn ask(address: SocketAddr) -> io::Result<String> {
    let mut connection = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.take(LONGEST).read_to_string(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_the_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("10.1.2.3:80", "10.1.2.3:80"),
        ] {
            let listen = listen.parse().expect("an address");
            assert_eq!(from_here(listen).to_string(), asked);
        }
    }
}
