//! Requests that two servers could read differently, or that do not arrive.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::first_bytes;
use crate::support::{MINI_PROGRAM, Service};

/// All that the server says before it closes the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut said));
    // A connection that is reset is closed, too.
    drop(read.await.expect("a closed connection"));
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn framing_that_two_servers_could_read_differently_is_refused() {
    let service = Service::start().await;
    let body = "{\"refresh_token\":\"x\"}";
    let length = body.len();
    for framing in [
        format!("content-length: {length}\r\ntransfer-encoding: chunked"),
        format!("content-length: {length}\r\ncontent-length: 1"),
        format!("content-length: +{length}"),
        format!("content-length: {length}, {length}"),
        format!("content-length: 0x{length:x}"),
        format!("content-length: -{length}"),
        "content-length: 99999999999999999999".to_owned(),
        "transfer-encoding: xchunked".to_owned(),
        "transfer-encoding: chunked, identity".to_owned(),
        "transfer-encoding: chunked\r\ntransfer-encoding: identity".to_owned(),
        "transfer-encoding: \u{b}chunked".to_owned(),
        "transfer-encoding\0: chunked".to_owned(),
        format!("content-length : {length}"),
        format!("x-folded: a\r\n content-length: {length}"),
    ] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        let request = format!(
            "POST /v1/token/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             {framing}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = first_bytes(&mut stream).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(refused, "{framing}: {answer}");
    }
    service.get("/healthz").send().await;
}

/// Whatever a front server took for the body is not taken for a request here.
#[tokio::test]
async fn what_follows_an_ambiguous_request_is_not_read() {
    let service = Service::start().await;
    let hidden = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for framing in [
        "content-length: 5\r\ntransfer-encoding: chunked".to_owned(),
        format!("content-length: 0\r\ncontent-length: {}", hidden.len()),
        "content-length: +0".to_owned(),
        "content-length: 0, 0".to_owned(),
        "content-length: 0x0".to_owned(),
        "content-length: -0".to_owned(),
        "transfer-encoding: xchunked".to_owned(),
        "transfer-encoding: chunked, identity".to_owned(),
        "transfer-encoding: chunked\r\ntransfer-encoding: identity".to_owned(),
        "transfer-encoding: \u{b}chunked".to_owned(),
        "content-length : 0".to_owned(),
    ] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        let request = format!(
            "POST /v1/token/refresh HTTP/1.1\r\nhost: x\r\n\
             content-type: application/json\r\n{framing}\r\n\r\n0\r\n\r\n{hidden}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = until_closed(&mut stream).await;
        assert!(!answer.contains("HTTP/1.1 200"), "{framing}: {answer}");
        assert!(
            answer.matches("HTTP/1.1 ").count() <= 1,
            "{framing}: {answer}"
        );
    }
}

/// Whoever reads the size of a chunk more kindly finds another end of the body.
#[tokio::test]
async fn a_chunk_of_a_doubtful_size_ends_the_connection() {
    let service = Service::start().await;
    let hidden = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for size in ["0x0", "+0", "-0", " 0", "0 0", "g", "", "10000000000000000"] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        let request = format!(
            "POST /v1/token/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n{size}\r\n\r\n{hidden}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = until_closed(&mut stream).await;
        assert!(!answer.contains("HTTP/1.1 200"), "{size:?}: {answer}");
    }
}

#[tokio::test]
async fn a_head_that_does_not_arrive_is_not_waited_for() {
    let service = Service::start().await;
    for begun in ["", "GET /v1/me HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let answer = until_closed(&mut stream).await;
        let told = answer.is_empty() || answer.starts_with("HTTP/1.1 408");
        assert!(told, "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let service = Service::start().await;
    let push = format!("/v1/wechat/push/{MINI_PROGRAM}?timestamp=1&nonce=n&msg_signature=s");
    let waits = ["/v1/token/refresh", &push].map(|path| {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: 100\r\n\r\n{{\"refresh"
        );
        async move {
            let mut stream = TcpStream::connect(service.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            first_bytes(&mut stream).await
        }
    });
    let [refresh, push] = waits;
    for answer in <[String; 2]>::from(tokio::join!(refresh, push)) {
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("\"request_id\""), "{answer}");
    }
}
