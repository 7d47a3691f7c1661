//! As much HTTP as it takes to see whether somebody is ready.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body, as it came.
    pub body: String,
}

/// Asks for a path over a connection of its own, and waits for five seconds at most.
///
/// # Errors
///
/// If nobody listens, nothing comes in time, or what comes is not HTTP.
pub async fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    let asked = timeout(PATIENCE, exchange(address, path)).await;
    let text = asked.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(|| io::Error::other("no HTTP answer"))?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

async fn exchange(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut connection = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    connection.read_to_string(&mut text).await?;
    Ok(text)
}
