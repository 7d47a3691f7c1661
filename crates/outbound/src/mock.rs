//! A server that behaves as badly as a test asks for (feature `mock`).
//!
//! It speaks just enough HTTP/1.1 to be misunderstood, and writes down exactly
//! what came over the wire.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The target, query and all, undecoded.
    pub target: String,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Seen {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The path, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query, undecoded.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What to do about a request.
#[derive(Debug, Clone)]
pub enum Reaction {
    /// Answer it.
    Answer {
        /// The status.
        status: u16,
        /// Headers besides the length.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// Answer it after a while.
    Slow(Duration, Box<Reaction>),
    /// Never answer.
    Hang,
    /// Close the connection after the request was read.
    Close,
    /// Promise a longer body than is sent, and close the connection.
    CutShort(Vec<u8>),
    /// Send body without end.
    Endless,
}

impl Reaction {
    /// A 200 with this body, labelled as `WeChat` labels its JSON.
    #[must_use]
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200, body)
    }

    /// This status with this body.
    #[must_use]
    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type", "text/plain".to_owned())],
            body: body.into(),
        }
    }
}

type Handler = dyn Fn(&Seen, usize) -> Reaction + Send + Sync;

/// A server on a free port of this machine, gone when dropped.
pub struct MockServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl MockServer {
    /// Starts one; `handler` is told of each request and how many came before.
    ///
    /// # Errors
    ///
    /// If this machine has no free port.
    pub async fn start(
        handler: impl Fn(&Seen, usize) -> Reaction + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, handler): (_, Arc<Handler>) = (Arc::clone(&seen), Arc::new(handler));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, handler) = (Arc::clone(&log), Arc::clone(&handler));
                // A broken connection is the point of many a test.
                tokio::spawn(async move { serve(stream, &log, &*handler).await.ok() });
            }
        });
        Ok(Self {
            address,
            seen,
            task,
        })
    }

    /// `http://` and the address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    /// How many requests came for this path.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        lock(&self.seen).iter().filter(|s| s.path() == path).count()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(seen: &Mutex<Vec<Seen>>) -> std::sync::MutexGuard<'_, Vec<Seen>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Seen>>,
    handler: &Handler,
) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(seen) = read(&mut stream, &mut buffer).await? {
        let before = {
            let mut log = lock(log);
            log.push(seen.clone());
            log.len() - 1
        };
        if !react(&mut stream, handler(&seen, before)).await? {
            break;
        }
    }
    Ok(())
}

async fn react(stream: &mut TcpStream, reaction: Reaction) -> std::io::Result<bool> {
    match reaction {
        Reaction::Slow(wait, then) => {
            tokio::time::sleep(wait).await;
            Box::pin(react(stream, *then)).await
        }
        Reaction::Answer {
            status,
            headers,
            body,
        } => {
            let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head.extend([name, ": ", &value, "\r\n"]);
            }
            stream.write_all(format!("{head}\r\n").as_bytes()).await?;
            stream.write_all(&body).await?;
            Ok(true)
        }
        Reaction::Hang => std::future::pending().await,
        Reaction::Close => Ok(false),
        Reaction::CutShort(body) => {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                body.len() + 9
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
            Ok(false)
        }
        Reaction::Endless => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
            loop {
                stream.write_all(chunk.as_bytes()).await?;
            }
        }
    }
}

/// Reads one request, or nothing where the client has closed.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<Seen>> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut seen = Seen {
        method: first.next().unwrap_or_default().to_owned(),
        target: first.next().unwrap_or_default().to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: Vec::new(),
    };
    let length = seen.header("content-length").and_then(|l| l.parse().ok());
    let length: usize = length.unwrap_or(0);
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    seen.body = buffer.drain(..length).collect();
    Ok(Some(seen))
}
