//! A mistake of ours in a handler.

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use menshen_app::clock::SystemClock;
use menshen_app::http::front_door::front_door;
use menshen_app::settings::source;
use menshen_app::{settings, wiring};
use menshen_domain::ports::clock::Clock as _;
use serde_json::Value;

use crate::support::variable;

async fn panics() -> HttpResponse {
    panic!("with a secret that nobody is told");
}

async fn panics_later() -> HttpResponse {
    tokio::task::yield_now().await;
    panic!("later");
}

/// A server with handlers that panic behind the real front door.
async fn server() -> (String, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("menshen.db").display());
    let given = source::collect(None, [(variable("database.url"), url)].into_iter());
    let (settings, _) = settings::read(given.expect("settings"), SystemClock.now());
    let parts = wiring::wire(&settings).await.expect("parts");
    let app = Data::new(parts.app);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(app.clone())
            .wrap(from_fn(front_door))
            .route("/v1/panics", web::get().to(panics))
            .route("/v1/panics-later", web::get().to(panics_later))
            .configure(|config| menshen_app::http::routes(config, true, true))
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .expect("a port");
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    (format!("http://{address}"), folder)
}

#[tokio::test]
async fn a_panic_is_told_in_the_envelope_and_the_process_serves_on() {
    let (base, _folder) = server().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/v1/panics", "/v1/panics-later", "/v1/panics"] {
        let call = http.get(format!("{base}{path}"));
        let call = call.header("x-request-id", "panic-0001");
        let answer = call.header("accept-language", "en").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 500);
        assert_eq!(answer.headers()["x-request-id"], "panic-0001");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let body: Value = answer.json().await.unwrap();
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(body, @r#"
            {
              "code": "internal",
              "message": "Something went wrong on our side",
              "request_id": "panic-0001"
            }
            "#);
        }
        let live = http.get(format!("{base}/healthz")).send().await.unwrap();
        assert_eq!(live.status().as_u16(), 200);
    }
}
