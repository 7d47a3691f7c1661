//! Processes that serve: their first run, their end, what they print.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{KEY, folder, production, refused, serve};
use crate::support::{Process, client, ended, menshen, said};

async fn control(menshen: &Process, path: &str, body: Value) -> Value {
    let url = format!("http://{}/simulator/control/{path}", menshen.address);
    let method = if path == "faults" {
        Method::PUT
    } else {
        Method::POST
    };
    let answer = menshen.http.request(method, url).json(&body).send().await;
    answer.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn a_first_run_needs_nothing_and_says_where_everything_is() {
    let folder = folder();
    let menshen = serve(folder.path(), &[]);
    let heard = menshen.heard();
    for word in [
        "Playground",
        "API docs",
        "development profile",
        "Simulated",
        "data/menshen.db",
    ] {
        assert!(heard.contains(word), "{word}: {heard}");
    }
    let code = control(&menshen, "wechat/login", json!({ "person": "alice" })).await;
    let body = json!({ "code": code["code"], "client": client() });
    menshen
        .post("/v1/login/wechat")
        .json(body)
        .send()
        .await
        .ok();
    let mode = |name: &str| {
        let file = fs::metadata(folder.path().join(name)).expect("a file");
        file.permissions().mode() & 0o777
    };
    assert_eq!(mode("data"), 0o700);
    for name in ["data/master.key", "data/menshen.db", "data/menshen.db-wal"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    menshen.signal("TERM");
    let (status, heard) = menshen.end();
    assert_eq!(status, Some(0), "{heard}");
    assert!(!heard.contains("panicked"), "{heard}");
}

#[tokio::test]
async fn what_is_in_flight_is_finished_before_the_end() {
    for name in ["TERM", "INT"] {
        let folder = folder();
        let menshen = serve(folder.path(), &[]);
        let slow = json!({ "target": "/sns/jscode2session", "latency_ms": 1500 });
        control(&menshen, "faults", slow).await;
        let code = control(&menshen, "wechat/login", json!({ "person": "alice" })).await;
        let body = json!({ "code": code["code"], "client": client() });
        let login = menshen.post("/v1/login/wechat").json(body).send();
        let stop = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            menshen.signal(name);
        };
        let (login, ()) = tokio::join!(login, stop);
        login.ok();
        let (status, heard) = menshen.end();
        assert_eq!(status, Some(0), "{heard}");
    }
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let folder = folder();
    let menshen = serve(folder.path(), &[]);
    let http = menshen.http.clone();
    menshen.get("/healthz").send().await;
    let begun = std::time::Instant::now();
    menshen.signal("TERM");
    let (status, heard) = menshen.end();
    assert_eq!(status, Some(0), "{heard}");
    // The grace time is for work, not for silence.
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    drop(http);
}

#[test]
fn an_address_that_is_taken_is_told_with_its_setting() {
    let folder = folder();
    let first = serve(folder.path(), &[]);
    let address = first.address.to_string();
    let other = self::folder();
    let settings = [("server.listen", address.as_str())];
    let err = refused(&ended(menshen(other.path(), &settings, &["serve"])));
    assert!(
        err.contains(&address) && err.contains("server.listen"),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1, "{err}");
}

#[tokio::test]
async fn the_console_prints_the_code_in_development() {
    let folder = folder();
    let menshen = serve(folder.path(), &[("sms.vendors", "[\"console\"]")]);
    let ask = json!({ "phone": "13900000001", "purpose": "login", "client_type": "mini_program" });
    menshen.post("/v1/sms/codes").json(ask).send().await.ok();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let heard = menshen.heard();
    let codes = heard.split(|c: char| !c.is_ascii_alphanumeric());
    let codes = codes.filter(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
    let mut statuses = Vec::new();
    for code in codes {
        let body = json!({ "phone": "13900000001", "code": code, "client": client() });
        statuses.push(menshen.post("/v1/login/sms").json(body).send().await.status);
    }
    assert!(statuses.contains(&200), "{statuses:?} of {heard}");
}

#[tokio::test]
async fn the_offline_vendors_run_alone_and_serve_a_production() {
    let folder = folder();
    let arguments = ["simulate", "--listen", "127.0.0.1:0"];
    let offline = Process::start(menshen(folder.path(), &[], &arguments), "Listening");
    let heard = offline.heard();
    for word in [
        "NOT WeChat",
        "wx5f3a9c0d7e1b2a48",
        "fa4e0000000000000000000000000001",
        "aliyun",
    ] {
        assert!(heard.contains(word), "{word}: {heard}");
    }
    let base = format!("http://{}", offline.address);
    let settings = production(&[("wechat.base_url", &base)]);
    let production = Process::start(menshen(folder.path(), &settings, &["serve"]), "listens on");
    let code = offline.http.post(format!("{base}/control/wechat/login"));
    let code = code
        .json(&json!({ "person": "alice" }))
        .send()
        .await
        .expect("an answer");
    let code: Value = code.json().await.expect("JSON");
    let body = json!({ "code": code["code"], "client": client() });
    let login = production
        .post("/v1/login/wechat")
        .json(body)
        .send()
        .await
        .ok();
    assert_eq!(login["is_new_user"], true);
    // No stand-in is served.
    for path in [
        "/playground",
        "/playground/app.js",
        "/simulator/control/people",
    ] {
        production.get(path).send().await.fails(404, "not_found");
    }
    assert_eq!(production.get("/docs").send().await.status, 200);
    assert!(!production.heard().contains(KEY));
    production.signal("TERM");
    assert_eq!(production.end().0, Some(0));
    offline.signal("TERM");
    assert_eq!(offline.end().0, Some(0));
}

#[test]
fn an_old_database_is_migrated_only_where_that_is_allowed() {
    let folder = folder();
    let settings = production(&[("database.auto_migrate", "false")]);
    let err = refused(&ended(menshen(folder.path(), &settings, &["serve"])));
    assert!(err.contains("menshen migrate up"), "{err}");
    let output = ended(menshen(folder.path(), &settings, &["migrate", "up"]));
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    let process = Process::start(menshen(folder.path(), &settings, &["serve"]), "listens on");
    process.signal("TERM");
    assert_eq!(process.end().0, Some(0));
}

#[test]
fn the_health_of_a_server_is_asked_with_its_own_settings() {
    let folder = folder();
    let server = serve(folder.path(), &[]);
    let here = server.address.to_string();
    let settings = [("server.listen", here.as_str())];
    let output = ended(menshen(folder.path(), &settings, &["health"]));
    let (out, err) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(out.contains("\"database\""), "{out}");
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
    let err = refused(&ended(menshen(folder.path(), &settings, &["health"])));
    assert!(err.contains("does not answer"), "{err}");
}
