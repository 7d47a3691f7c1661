//! Bodies of every route that cannot be understood.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{Route, first_bytes, with};
use crate::support::{Login, Service, client};

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

/// A service without limits, and somebody who is signed in.
async fn open() -> (Service, Login) {
    let service = Service::with(&[("sms.failures_per_ip", "0")]).await;
    let login = service.one_tap("alice").await;
    (service, login)
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
