//! HTTP/1.1 at its cheapest: requests made by hand, one connection, no
//! pipelining, as little parsing as an answer needs.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer's head at most.
const HEADERS: usize = 48;
/// An answer at most; the service's own are a few hundred bytes.
const LONGEST: usize = 1 << 20;

/// A connection that is kept alive.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

/// What came back; the body is in the connection's buffer until the next call.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// A connection to this address, made when it is first used.
    #[must_use]
    pub fn to(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            received: Vec::with_capacity(4096),
        }
    }

    /// Sends a request and waits for its answer. After a failure the connection
    /// is made anew by the next call; nothing is sent twice.
    ///
    /// # Errors
    ///
    /// If the connection breaks, or what comes is not HTTP.
    pub async fn call(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        match self.exchange(request).await {
            Ok(head) => Ok(Answer {
                status: head.status,
                body: &self.received[head.body],
            }),
            Err(error) => {
                self.stream = None;
                Err(error)
            }
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Head> {
        self.received.clear();
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                none.insert(stream)
            }
        };
        stream.write_all(request).await?;
        let mut head = None;
        loop {
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if head.is_none() {
                head = read_head(&self.received)?;
            }
            match &head {
                Some(head) if self.received.len() >= head.body.end => break,
                _ if self.received.len() > LONGEST => return Err(not_http()),
                _ => {}
            }
        }
        let head = head.ok_or_else(not_http)?;
        if head.closes {
            self.stream = None;
        }
        Ok(head)
    }
}

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    body: Range<usize>,
    closes: bool,
}

fn read_head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let Ok(parsed) = answer.parse(bytes) else {
        return Err(not_http());
    };
    let httparse::Status::Complete(start) = parsed else {
        return Ok(None);
    };
    let (mut length, mut closes) = (0, false);
    for header in answer.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).ok();
            length = text
                .and_then(|text| text.parse::<usize>().ok())
                .filter(|length| *length <= LONGEST)
                .ok_or_else(not_http)?;
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(not_http());
        } else if header.name.eq_ignore_ascii_case("connection") {
            closes = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    Ok(Some(Head {
        status: answer.code.unwrap_or_default(),
        body: start..start + length,
        closes,
    }))
}

fn not_http() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not an answer of HTTP/1.1")
}

/// A `POST` of JSON.
#[must_use]
pub fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A `GET`, as the holder of an access token if there is one.
#[must_use]
pub fn get(path: &str, token: Option<&str>) -> Vec<u8> {
    let bearer = token.map_or_else(String::new, |token| {
        format!("authorization: Bearer {token}\r\n")
    });
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{bearer}\r\n").into_bytes()
}

/// The text of a member, the first of its name, by looking for it: what our own
/// service answers holds no escapes there.
#[must_use]
pub fn member<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let mut rest = std::str::from_utf8(body).ok()?;
    loop {
        let at = rest.find(name)?;
        let whole = rest[..at].ends_with('"');
        rest = &rest[at + name.len()..];
        if let Some(value) = rest.strip_prefix("\":\"").filter(|_| whole) {
            return value.split('"').next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_its_status_and_where_the_body_is() {
        let whole = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 5\r\n\r\nhello";
        let head = read_head(whole).unwrap().unwrap();
        assert_eq!((head.status, head.closes), (429, false));
        assert_eq!(&whole[head.body], b"hello");
    }

    #[test]
    fn half_a_head_is_waited_for() {
        assert!(read_head(b"HTTP/1.1 200 OK\r\nContent-").unwrap().is_none());
    }

    #[test]
    fn what_is_not_understood_is_an_error_and_never_an_empty_body() {
        for head in [
            "SSH-2.0-OpenSSH\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        ] {
            assert!(read_head(head.as_bytes()).is_err(), "{head}");
        }
    }

    #[test]
    fn a_member_is_found_by_its_whole_name() {
        let body = br#"{"x_code":"no","n":1,"code":"ok","data":{"access_token":"abc"}}"#;
        assert_eq!(member(body, "code"), Some("ok"));
        assert_eq!(member(body, "access_token"), Some("abc"));
        assert_eq!(member(body, "refresh_token"), None);
    }
}
