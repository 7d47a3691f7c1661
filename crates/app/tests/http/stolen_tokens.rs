//! What somebody can do with the access token of somebody else, and nothing more.

use std::collections::BTreeSet;

use menshen_app::http::operations::{self, Operation};
use reqwest::Method;
use serde_json::{Value, json};

use crate::avatars;
use crate::support::{Answer, Login, Service, client};

const PHONE: &str = "13900000001";
/// A native app, through which nobody has come so far.
const APP: &str = "wx8c2d4e6f0a1b3c5d";
const PAGE: &str = include_str!("../../../../docs/security/copies.md");

/// What a stolen token is worth for an operation.
#[derive(Debug, PartialEq)]
enum Worth {
    /// It is carried out.
    Done,
    /// Nothing without a recent proof of who is there.
    Refused,
    /// It proves nothing: another proof is asked for, which the thief has not.
    Unproven,
}

/// What each operation with a bearer token is asked with, and what comes of it. The
/// thief knows the token, and has a phone and a `WeChat` of their own.
async fn ask(service: &Service, operation: &Operation, victim: &Login) -> (Answer, Worth) {
    let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
    let identity = service.me(victim.access()).await.ok()["identities"][0]["id"].clone();
    let id = match operation.path {
        "/v1/me/identities/{id}" => identity.as_str().expect("an id").to_owned(),
        "/v1/me/sessions/{id}" => service.one_tap("alice").await.session().to_owned(),
        _ => String::new(),
    };
    let path = operation.path.replace("{id}", &id);
    let (body, worth): (Option<Value>, Worth) = match (operation.method, operation.path) {
        ("GET", "/v1/me" | "/v1/me/sessions" | "/v1/auth/verify")
        | ("DELETE", "/v1/me/sessions/{id}")
        | ("POST", "/v1/me/avatar") => (None, Worth::Done),
        ("PATCH", "/v1/me") => (Some(json!({ "bio": "x" })), Worth::Done),
        ("POST", "/v1/logout") => (Some(json!({ "scope": "others" })), Worth::Done),
        ("POST", "/v1/sms/codes") => {
            let ask = json!({ "purpose": "step_up", "client_type": "mini_program" });
            (Some(ask), Worth::Done)
        }
        ("POST", "/v1/me/wechat/decrypt") => (Some(service.open_data("alice").await), Worth::Done),
        ("POST", "/v1/me/wechat") => {
            let code = service.oauth_code(APP, "bob").await;
            (Some(json!({ "code": code, "app_id": APP })), Worth::Done)
        }
        ("POST", "/v1/me/phone") => (
            Some(json!({ "phone": PHONE, "code": "123456" })),
            Worth::Refused,
        ),
        ("GET", "/v1/me/export") | ("DELETE", "/v1/me" | "/v1/me/identities/{id}") => {
            (None, Worth::Refused)
        }
        ("POST", "/v1/me/step-up") => (
            Some(json!({ "wechat_code": service.login_code("carol").await })),
            Worth::Unproven,
        ),
        unknown => panic!("{unknown:?} is new: is it for whoever holds an access token?"),
    };
    // Whoever has a WeChat of the platform already takes in no other.
    let victim = match operation.path {
        "/v1/me/wechat" => service.sms_login(PHONE).await,
        _ => Login(victim.0.clone()),
    };
    service.age_proofs().await;
    let call = service.call(method, &path).bearer(victim.access());
    let answer = match body {
        _ if operation.parts.is_some() => {
            let call = call.header("content-type", avatars::KIND);
            call.body(avatars::form(&avatars::red())).send().await
        }
        Some(body) => call.json(body).send().await,
        None => call.send().await,
    };
    (answer, worth)
}

fn with_bearer() -> impl Iterator<Item = &'static Operation> {
    let asked = operations::all().filter(|operation| operation.bearer);
    // Codes are for everybody; of somebody signed in they are asked with a token.
    asked.chain(
        operations::all()
            .filter(|operation| operation.path == "/v1/sms/codes" && !operation.bearer),
    )
}

/// The operations that the page lists.
fn listed() -> BTreeSet<String> {
    let (_, rest) = PAGE
        .split_once("<!-- what an access token does begins -->")
        .expect("a mark");
    let (list, _) = rest
        .split_once("<!-- what an access token does ends -->")
        .expect("a mark");
    let rows = list.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().expect("a name").to_owned())
        .collect()
}

#[tokio::test]
async fn a_stolen_access_token_does_what_the_page_lists_and_nothing_that_needs_a_proof() {
    let service = Service::start().await;
    let victim = Login::of(&service.press_button("alice").await);
    let mut done = BTreeSet::new();
    for operation in with_bearer() {
        let what = format!("{} {}", operation.method, operation.path);
        let (answer, worth) = ask(&service, operation, &victim).await;
        match worth {
            Worth::Done => {
                assert_eq!(answer.status, 200, "{what}: {}", answer.text);
                done.insert(what);
            }
            Worth::Refused => {
                answer.fails(403, "step_up_required");
            }
            Worth::Unproven => {
                assert!(
                    matches!(answer.status, 400 | 403),
                    "{what}: {}",
                    answer.text
                );
            }
        }
    }
    assert_eq!(done, listed());
    // What was refused has changed nothing.
    let me = service.me(victim.access()).await.ok();
    assert_eq!(me["phone"], "+8613800138000");
}

#[tokio::test]
async fn a_stolen_access_token_dies_with_its_session_and_refreshes_nothing() {
    let service = Service::start().await;
    let victim = Login::of(&service.press_button("alice").await);
    service
        .refresh(victim.access())
        .await
        .fails(401, "refresh_token_invalid");
    // The owner refreshes, and signs out; both tokens of the session are dead.
    let next = Login::of(&service.refresh(victim.refresh()).await);
    let out = service.post("/v1/logout").bearer(next.access());
    out.send().await.ok();
    for operation in operations::all().filter(|operation| operation.bearer) {
        let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
        let path = operation.path.replace("{id}", victim.session());
        let call = service.call(method, &path).bearer(victim.access());
        let answer = match operation.body {
            Some(_) => call.json(body_of(operation.path)).send().await,
            None => call.send().await,
        };
        answer.fails(401, "session_revoked");
    }
}

/// A body that is read without a complaint.
fn body_of(path: &str) -> Value {
    match path {
        "/v1/me" => json!({ "bio": "x" }),
        "/v1/me/phone" => json!({ "phone": PHONE, "code": "123456" }),
        "/v1/me/step-up" => json!({ "code": "123456" }),
        "/v1/me/wechat" => json!({ "code": "someCode" }),
        "/v1/me/wechat/decrypt" => {
            json!({ "encrypted_data": "c2VhbGVk", "iv": "AAECAwQFBgcICQoLDA0ODw==" })
        }
        "/v1/sms/codes" => json!({ "purpose": "step_up", "client_type": "mini_program" }),
        "/v1/logout" => json!({ "scope": "all" }),
        _ => json!({ "client": client() }),
    }
}
