//! Metrics and administration at listeners of their own.

use std::net::SocketAddr;

use reqwest::Method;

use crate::administration::{READ, WRITE, with_keys};
use crate::support::{Answer, Service};

const OWN: [(&str, &str); 2] = [
    ("server.metrics_listen", "127.0.0.1:0"),
    ("server.admin_listen", "127.0.0.1:0"),
];

async fn asked(service: &Service, at: SocketAddr, path: &str) -> Answer {
    let call = service.call_at(at, Method::GET, path).bearer(READ);
    call.send().await
}

#[tokio::test]
async fn what_has_a_listener_of_its_own_is_there_and_nowhere_else() {
    let service = with_keys(&OWN).await;
    let metrics = service.doors.metrics.expect("a listener for metrics");
    let operators = service.doors.operators.expect("a listener for operators");
    let people = service.address;
    let watching = ["/healthz", "/readyz"];
    for (path, at) in [
        ("/metrics", metrics),
        ("/admin/v1/key", operators),
        ("/console", operators),
        ("/console/app.js", operators),
        ("/docs", people),
        ("/openapi.json", people),
        ("/playground", people),
        ("/.well-known/jwks.json", people),
    ] {
        for door in [people, metrics, operators] {
            let answer = asked(&service, door, path).await;
            if door == at {
                assert_eq!(answer.status, 200, "{path}");
            } else {
                answer.fails(404, "not_found");
            }
        }
    }
    for path in watching {
        for door in [people, metrics, operators] {
            assert_eq!(asked(&service, door, path).await.status, 200, "{path}");
        }
    }
    // However it is written.
    for path in [
        "/%61dmin/v1/key",
        "/admin%2fv1/key",
        "/admin/v1/../v1/key",
        "/%6detrics",
    ] {
        asked(&service, people, path).await.fails(404, "not_found");
    }
    for path in ["/v1/token/introspect", "/v1/token/revoke"] {
        for door in [people, metrics] {
            let call = service.call_at(door, Method::POST, path).bearer(WRITE);
            let call = call.form("token=x");
            call.send().await.fails(404, "not_found");
        }
        let call = service.call_at(operators, Method::POST, path).bearer(WRITE);
        assert_eq!(call.form("token=x").send().await.status, 200, "{path}");
    }
    // People sign in at theirs only.
    service.one_tap("alice").await;
    let elsewhere = service.call_at(operators, Method::POST, "/v1/login/wechat");
    let elsewhere = elsewhere.json(serde_json::json!({})).send().await;
    elsewhere.fails(404, "not_found");
}

#[tokio::test]
async fn without_listeners_of_their_own_they_are_where_people_are() {
    let service = with_keys(&[]).await;
    assert_eq!(
        (service.doors.metrics, service.doors.operators),
        (None, None)
    );
    for path in ["/metrics", "/admin/v1/key", "/console"] {
        let answer = asked(&service, service.address, path).await;
        assert_eq!(answer.status, 200, "{path}");
    }
}
