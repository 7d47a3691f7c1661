//! What cannot be understood changes nothing, and is told in the envelope.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Login, MINI_PROGRAM, Service, client};

/// One route that takes a body, with a body that is in order but proves nothing.
struct Route {
    method: Method,
    path: &'static str,
    body: Value,
    bearer: bool,
}

fn routes() -> Vec<Route> {
    let device = json!({
        "type": "mini_program", "device_id": "d", "device_name": "n", "version": "1",
    });
    let route = |path, bearer, body| Route {
        method: if path == "/v1/me" {
            Method::PATCH
        } else {
            Method::POST
        },
        path,
        body,
        bearer,
    };
    vec![
        route(
            "/v1/sms/codes",
            true,
            json!({ "phone": "1390000", "purpose": "login", "client_type": "web", "captcha": "x" }),
        ),
        route(
            "/v1/login/sms",
            false,
            json!({
                "phone": "13900000001", "code": "123456", "client": device, "restore": false,
                "challenge_id": "9f86d081884c7d659a2feaa0c55ad015", "consent": { "version": "1" },
                "wechat": { "code": "x", "app_id": "wx5f3a9c0d7e1b2a48" },
            }),
        ),
        route(
            "/v1/login/wechat",
            false,
            json!({
                "code": "x", "client": device, "restore": false, "consent": { "version": "1" },
                "app_id": "wx5f3a9c0d7e1b2a48",
            }),
        ),
        route(
            "/v1/login/wechat-phone",
            false,
            json!({
                "phone_code": "x", "login_code": "x", "client": device, "restore": false,
                "consent": { "version": "1" }, "app_id": "wx5f3a9c0d7e1b2a48",
            }),
        ),
        route(
            "/v1/login/wechat-oauth",
            false,
            json!({ "code": "x", "client": { "type": "app" }, "app_id": "wx8c2d4e6f0a1b3c5d" }),
        ),
        route("/v1/token/refresh", false, json!({ "refresh_token": "x" })),
        route("/v1/logout", true, json!({ "scope": "nobody" })),
        route(
            "/v1/me",
            true,
            json!({ "nickname": "", "avatar_url": "", "birthday": "", "bio": "\0" }),
        ),
        route(
            "/v1/me/phone",
            true,
            json!({
                "phone": "13900000001", "code": "123456",
                "challenge_id": "9f86d081884c7d659a2feaa0c55ad015",
            }),
        ),
        route(
            "/v1/me/wechat",
            true,
            json!({ "code": "x", "app_id": "wx5f3a9c0d7e1b2a48" }),
        ),
        route(
            "/v1/me/step-up",
            true,
            json!({ "code": "123456", "challenge_id": "9f86d081884c7d659a2feaa0c55ad015" }),
        ),
    ]
}

/// A service without limits, and somebody who is signed in.
async fn open() -> (Service, Login) {
    let service = Service::with(&[("sms.failures_per_ip", "0")]).await;
    let login = service.one_tap("alice").await;
    (service, login)
}

impl Route {
    fn call(&self, service: &Service, login: &Login) -> crate::support::Call {
        let call = service.call(self.method.clone(), self.path);
        if self.bearer {
            call.bearer(login.access())
        } else {
            call
        }
    }
}

/// The body with the member at `path` replaced.
fn with(body: &Value, path: &[String], value: &Value) -> Value {
    let mut changed = body.clone();
    let pointer = format!("/{}", path.join("/"));
    *changed.pointer_mut(&pointer).expect("a member") = value.clone();
    changed
}

/// The paths to all members of a body.
fn members(body: &Value) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        paths.push(vec![name.clone()]);
        for mut inner in members(value) {
            inner.insert(0, name.clone());
            paths.push(inner);
        }
    }
    paths
}

#[tokio::test]
async fn what_is_not_json_is_malformed_wherever_it_arrives() {
    let (service, login) = open().await;
    let before = service.rows().await;
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let nested = format!("{{\"a\":{deep}}}");
    for route in routes() {
        let good = route.body.to_string();
        let names = route.body.as_object().expect("members");
        let first = names.keys().next().expect("a member");
        let trailing = format!("{good} x");
        let twice = format!("{good}{good}");
        let marked = format!("\u{feff}{good}");
        let bodies: Vec<Vec<u8>> = vec![
            b"{".to_vec(),
            b"not json".to_vec(),
            b"{'code':1}".to_vec(),
            format!("{{\"{first}\":\"\\ud800\"}}").into_bytes(),
            b"{\"code\":\"\xff\xfe\"}".to_vec(),
            b"\x00".to_vec(),
            trailing.into_bytes(),
            twice.into_bytes(),
            marked.into_bytes(),
        ];
        for body in bodies {
            let shown = String::from_utf8_lossy(&body).into_owned();
            let answer = route.call(&service, &login).text(body).send().await;
            let code = answer.code();
            assert_eq!(
                (answer.status, code.as_str()),
                (400, "malformed_json"),
                "{shown}"
            );
        }
        for body in [deep.clone(), nested.clone()] {
            let answer = route.call(&service, &login).text(body).send().await;
            assert_eq!(answer.status, 400, "{answer:?}");
        }
    }
    assert_eq!(service.rows().await, before);
}

#[tokio::test]
async fn an_empty_body_is_malformed_where_one_is_needed() {
    let (service, login) = open().await;
    for route in routes() {
        if route.path == "/v1/logout" {
            continue;
        }
        let answer = route.call(&service, &login).text("").send().await;
        answer.fails(400, "malformed_json");
    }
}

#[tokio::test]
async fn a_member_of_the_wrong_type_is_named() {
    let (service, login) = open().await;
    let before = service.rows().await;
    for route in routes() {
        for path in members(&route.body) {
            let dotted = path.join(".");
            let is_text = route
                .body
                .pointer(&format!("/{}", path.join("/")))
                .is_some_and(Value::is_string);
            let mut wrong = vec![json!(7), json!(["x"]), json!(1.5)];
            if is_text {
                wrong.extend([json!(true), json!({ "x": 1 })]);
            }
            for value in wrong {
                let body = with(&route.body, &path, &value);
                let answer = route.call(&service, &login).json(body).send().await;
                let failure = answer.fails(400, "invalid_request");
                assert_eq!(failure["errors"][0]["field"], dotted, "{value}: {failure}");
                assert_eq!(failure["errors"][0]["code"], "invalid_type", "{failure}");
            }
        }
    }
    assert_eq!(service.rows().await, before);
}

#[tokio::test]
async fn unknown_and_doubled_members_are_named() {
    let (service, login) = open().await;
    let before = service.rows().await;
    for route in routes() {
        let mut body = route.body.clone();
        body["is_admin"] = json!(true);
        let answer = route.call(&service, &login).json(body).send().await;
        answer.fails(400, "invalid_request");
        answer.blames("is_admin", "unknown_field");
        let text = route.body.to_string();
        for name in route.body.as_object().expect("members").keys() {
            let doubled = format!("{{\"{name}\":{},{}", route.body[name], &text[1..]);
            let answer = route.call(&service, &login).text(doubled).send().await;
            answer.fails(400, "invalid_request");
            answer.blames(name, "duplicate_field");
        }
        if route.body.get("client").is_some() {
            let mut body = route.body.clone();
            body["client"]["os"] = json!("x");
            let answer = route.call(&service, &login).json(body).send().await;
            answer.fails(400, "invalid_request");
            answer.blames("client.os", "unknown_field");
        }
    }
    assert_eq!(service.rows().await, before);
}

#[tokio::test]
async fn no_text_may_hold_control_characters_or_be_without_end() {
    let (service, login) = open().await;
    let before = service.rows().await;
    let long = "9".repeat(12_000);
    for route in routes() {
        for path in members(&route.body) {
            let pointer = format!("/{}", path.join("/"));
            let member = route.body.pointer(&pointer).expect("a member");
            let Some(text) = member.as_str() else {
                continue;
            };
            let odd = [
                format!("{text}\0"),
                format!("\u{1}{text}"),
                format!("{text}\u{7f}\u{85}"),
                format!("{text}\u{202e}"),
                long.clone(),
            ];
            for value in odd {
                let body = with(&route.body, &path, &json!(value));
                let answer = route.call(&service, &login).json(body).send().await;
                let refused = matches!(answer.status, 400 | 401);
                assert!(refused, "{pointer} {value:?}: {answer:?}");
                assert!(!answer.text.contains('\0'));
            }
        }
    }
    assert_eq!(service.rows().await, before);
}

#[tokio::test]
async fn labels_of_the_client_are_bounded_and_plain() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    let odd = [
        ("device_id", "d".repeat(65)),
        ("device_name", "n".repeat(129)),
        ("version", "v".repeat(65)),
        ("device_id", "a\0b".to_owned()),
        ("device_name", "a\u{200b}b".to_owned()),
        ("device_name", "a\u{202e}b".to_owned()),
        ("version", "a\nb".to_owned()),
        ("type", "desktop".to_owned()),
        ("type", "MINI_PROGRAM".to_owned()),
    ];
    for (member, value) in odd {
        let mut client = client();
        client[member] = json!(value);
        let answer = service.hand_in(&code, client).await;
        answer.fails(400, "invalid_request");
        answer.blames(&format!("client.{member}"), "invalid_value");
    }
    let full = json!({
        "type": "mini_program", "device_id": "d".repeat(64),
        "device_name": "字".repeat(128), "version": "v".repeat(64),
    });
    service.hand_in(&code, full).await.ok();
}

#[tokio::test]
async fn too_much_is_too_much() {
    let (service, login) = open().await;
    let before = service.rows().await;
    for route in routes() {
        for size in [16 * 1024 + 1, 1024 * 1024] {
            let body = format!("{{\"x\":\"{}\"}}", "a".repeat(size));
            let answer = route.call(&service, &login).text(body).send().await;
            answer.fails(413, "payload_too_large");
        }
    }
    assert_eq!(service.rows().await, before);
}

#[tokio::test]
async fn a_body_whose_length_is_not_told_is_bounded_all_the_same() {
    let service = Service::start().await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head = "POST /v1/login/wechat HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("400\r\n{}\r\n", "a".repeat(0x400));
    for _ in 0..20 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let answer = first_bytes(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_body_is_plain_json_and_says_so() {
    let (service, login) = open().await;
    for route in routes() {
        let text = route.body.to_string();
        for media_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=gbk",
            "application/jsonp",
            "multipart/form-data; boundary=x",
            "*/*",
        ] {
            let call = service.call(route.method.clone(), route.path);
            let call = if route.bearer {
                call.bearer(login.access())
            } else {
                call
            };
            let answer = call.header("content-type", media_type).body(text.clone());
            answer.send().await.fails(415, "unsupported_media_type");
        }
        let call = route.call(&service, &login).body(text.clone());
        call.send().await.fails(415, "unsupported_media_type");
        for encoding in ["gzip", "br", "identity"] {
            let call = route.call(&service, &login).text(text.clone());
            let answer = call.header("content-encoding", encoding).send().await;
            answer.fails(415, "unsupported_media_type");
        }
    }
    let code = service.login_code("alice").await;
    let body = json!({ "code": code, "client": client() }).to_string();
    let call = service.post("/v1/login/wechat").body(body);
    let call = call.header("content-type", "Application/JSON; Charset=UTF-8");
    call.send().await.ok();
}

#[tokio::test]
async fn what_is_not_there_is_not_found_in_the_envelope() {
    let service = Service::start().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/me/",
        "/v1//me",
        "/v2/me",
        "/admin/v1/users",
        "/v1/login/sms/x",
        "/%2e%2e/etc/passwd",
        "/docs/../../etc/passwd",
        "/docs/no-such-file.js",
        "/playground/no-such-file.js",
        "/%00",
    ] {
        let answer = service.get(path).send().await;
        answer.fails(404, "not_found");
    }
}

#[tokio::test]
async fn odd_methods_are_refused() {
    let service = Service::start().await;
    for method in ["TRACE", "OPTIONS", "PUT", "BREW", "CONNECT"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        if method == Method::CONNECT {
            continue;
        }
        let answer = service.call(method, "/v1/me").send().await;
        answer.fails(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("GET, PATCH, DELETE"));
    }
}

#[tokio::test]
async fn addresses_and_headers_are_bounded() {
    let service = Service::start().await;
    let long = format!("/v1/me?x={}", "a".repeat(2100));
    let answer = service.get(&long).send().await;
    answer.fails(414, "invalid_request");
    let mut call = service.get("/v1/me");
    for n in 0..65 {
        call = call.header(&format!("x-filler-{n}"), "x");
    }
    call.send().await.fails(431, "invalid_request");
    let mut call = service.get("/v1/me");
    for n in 0..5 {
        call = call.header(&format!("x-filler-{n}"), &"x".repeat(4000));
    }
    call.send().await.fails(431, "invalid_request");
    let mut call = service.get("/v1/me");
    for n in 0..40 {
        call = call.header(&format!("x-filler-{n}"), "x");
    }
    call.send().await.fails(401, "token_missing");
}

#[tokio::test]
async fn a_request_is_named_by_the_client_where_the_name_is_well_formed() {
    let service = Service::start().await;
    let good = "0123abcd-ABCD";
    let call = service.get("/v1/me").header("x-request-id", good);
    let failure = call.send().await.fails(401, "token_missing");
    assert_eq!(failure["request_id"], good);
    for bad in [
        "short",
        &"x".repeat(65),
        "has space1",
        "semi;colon",
        "quote\"quote",
        "é-é-é-é-é",
    ] {
        let call = service.get("/v1/me").header("x-request-id", bad);
        let failure = call.send().await.fails(401, "token_missing");
        assert_ne!(failure["request_id"], bad);
    }
}

/// What the server says first, or nothing where it only closes.
async fn first_bytes(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut buffer));
    let read = read.await.expect("an answer in time").unwrap_or(0);
    String::from_utf8_lossy(&buffer[..read]).into_owned()
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

/// All that the server says before it closes the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut said));
    // A connection that is reset is closed, too.
    drop(read.await.expect("a closed connection"));
    String::from_utf8_lossy(&said).into_owned()
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
