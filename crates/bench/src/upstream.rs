//! A stand-in for WeChat and for the SMS vendor, as cheap as it can be: it
//! vouches for anybody, and remembers the last code of each number.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

use crate::http::member;
use crate::phone_book::PhoneBook;

/// The thread that answers; its processor time is that of the upstreams.
pub const THREAD: &str = "upstream";
/// How many characters of a login code are the openid that it stands for.
pub const OPENID_LENGTH: usize = 28;
/// A request at most.
const LONGEST: usize = 64 << 10;
/// 16 bytes, as WeChat answers them.
const SESSION_KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";

/// Starts it on a free port of the loopback; it ends with this process.
///
/// # Errors
///
/// If there is no port or no thread.
pub fn start(book: Arc<PhoneBook>) -> io::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let entered = runtime.enter();
    let listener = TcpListener::from_std(listener)?;
    drop(entered);
    let serve = move || {
        LocalSet::new().block_on(&runtime, async move {
            while let Ok((stream, _)) = listener.accept().await {
                let book = Arc::clone(&book);
                // A caller that goes away is no matter of ours.
                tokio::task::spawn_local(async move { answer_all(stream, &book).await.ok() });
            }
        });
    };
    thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(serve)?;
    Ok(address)
}

async fn answer_all(mut stream: TcpStream, book: &PhoneBook) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut received = Vec::with_capacity(4096);
    loop {
        let end = loop {
            if let Some(end) = whole(&received)? {
                break end;
            }
            if received.len() > LONGEST || stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
        };
        let answer = answer(&received[..end], book);
        received.drain(..end);
        stream.write_all(&answer).await?;
    }
}

/// How long the first request in the buffer is, once all of it is there.
fn whole(bytes: &[u8]) -> io::Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(bytes);
    let parsed = parsed.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let httparse::Status::Complete(start) = parsed else {
        return Ok(None);
    };
    let mut headers = request.headers.iter();
    let length = headers.find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    let end = start + length.unwrap_or(0_usize);
    Ok((bytes.len() >= end).then_some(end))
}

fn answer(request: &[u8], book: &PhoneBook) -> Vec<u8> {
    if request.starts_with(b"GET /sns/jscode2session") {
        return session(request).map_or_else(not_found, |body| {
            let length = body.len();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n";
            format!("{head}content-length: {length}\r\n\r\n{body}").into_bytes()
        });
    }
    let (phone, code) = (member(request, "phone"), member(request, "code"));
    match phone.zip(code) {
        Some((phone, code)) if book.write(phone, code) => {
            b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()
        }
        _ => not_found(),
    }
}

/// What `auth.code2Session` answers for a code of ours.
fn session(request: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(request.split(|byte| *byte == b'\r').next()?).ok()?;
    let code = line.split_once("js_code=")?.1;
    let openid = code.get(..OPENID_LENGTH)?;
    Some(format!(
        r#"{{"session_key":"{SESSION_KEY}","openid":"{openid}"}}"#
    ))
}

fn not_found() -> Vec<u8> {
    b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_code_leads_to_the_openid_in_front_of_it() {
        let request = b"GET /sns/jscode2session?appid=a&js_code=o000000000000000000000000001-77&x=y HTTP/1.1\r\n\r\n";
        let answer = answer(request, &PhoneBook::new(1));
        assert_eq!(
            member(&answer, "openid"),
            Some("o000000000000000000000000001")
        );
    }

    #[test]
    fn a_request_is_whole_when_its_body_is_there() {
        let request = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd";
        assert_eq!(whole(&request[..request.len() - 1]).unwrap(), None);
        assert_eq!(whole(request).unwrap(), Some(request.len()));
    }

    #[test]
    fn a_message_is_kept_for_its_number_and_for_no_other() {
        let book = PhoneBook::new(2);
        let body = r#"{"phone":"+8613900000001","code":"123456","purpose":"login"}"#;
        let request = format!("POST /sms HTTP/1.1\r\ncontent-length: 60\r\n\r\n{body}");
        assert!(answer(request.as_bytes(), &book).starts_with(b"HTTP/1.1 204"));
        assert_eq!(book.code(1), "123456");
        let stranger = request.replace("0000001", "9999999");
        assert!(answer(stranger.as_bytes(), &book).starts_with(b"HTTP/1.1 404"));
    }
}
