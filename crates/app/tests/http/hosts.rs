//! Names that a client gives us decide nothing.

use serde_json::json;

use crate::support::{Call, Service, client};

/// Whose links somebody would like people to follow.
const EVIL: &str = "evil.example";

/// The call with every header that may name the host of an address.
fn misled(call: Call) -> Call {
    let call = call.header("x-forwarded-proto", "http");
    let names = ["host", "x-forwarded-host", "x-host", "x-forwarded-server"];
    let call = names
        .iter()
        .fold(call, |call, name| call.header(name, EVIL));
    call.header("forwarded", &format!("host={EVIL};proto=http"))
}

/// Behind a proxy that is trusted, too: its word is taken for the client's address,
/// and for nothing else.
#[tokio::test]
async fn a_host_that_the_client_names_is_in_no_answer() {
    for trusted in ["[]", "[\"127.0.0.1\"]"] {
        let service = Service::with(&[("server.trusted_proxies", trusted)]).await;
        let code = service.login_code("alice").await;
        let login = json!({ "code": code, "client": client() });
        let token = service.one_tap("alice").await;
        let mut answers = vec![
            misled(service.post("/v1/login/wechat").json(login))
                .send()
                .await,
        ];
        for path in [
            "/v1/me",
            "/v1/nothing",
            "/v1/auth/verify",
            "/.well-known/jwks.json",
            "/openapi.json",
            "/docs",
            "/playground",
            "/healthz",
            "/readyz",
            "/metrics",
        ] {
            answers.push(
                misled(service.get(path).bearer(token.access()))
                    .send()
                    .await,
            );
        }
        for answer in answers {
            assert!(!answer.text.contains(EVIL), "{answer:?}");
            let headers = format!("{:?}", answer.headers);
            assert!(!headers.contains(EVIL), "{answer:?}");
        }
    }
}
