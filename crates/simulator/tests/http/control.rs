//! The control API.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use actix_web::{App, HttpServer, web};
use aws_lc_rs::digest;
use menshen_simulator::{Simulator, SimulatorConfig};
use reqwest::Method;
use serde_json::{Value, json};

use super::offline::{APP_ID, Offline, SECRET, text};

#[tokio::test]
async fn alice_bob_and_carol_are_there_from_the_start() {
    let offline = Offline::start().await;
    let people = offline.get_json("/control/people", &[]).await;
    let named: Vec<_> = people
        .as_array()
        .unwrap()
        .iter()
        .map(|person| (text(person, "name"), text(person, "phone")))
        .collect();
    let expected = [
        ("alice", "+8613800138000"),
        ("bob", "+8613800138001"),
        ("carol", "+8613800138002"),
    ];
    assert_eq!(
        named,
        expected.map(|(name, phone)| (name.to_owned(), phone.to_owned()))
    );
}

#[tokio::test]
async fn a_person_is_made_changed_and_kept() {
    let offline = Offline::start().await;
    let (status, made) = offline
        .control(
            Method::POST,
            "/control/people",
            &json!({"name": "戴夫", "phone": "13900139000"}),
        )
        .await;
    assert_eq!((status, &made["phone"]), (200, &json!("+8613900139000")));
    let (_, again) = offline
        .control(Method::POST, "/control/people", &json!({"name": "戴夫"}))
        .await;
    assert_eq!(again["phone"], "+8613900139000", "what is left out stays");
    let (_, changed) = offline
        .control(
            Method::POST,
            "/control/people/戴夫",
            &json!({"phone": null, "blocked": true}),
        )
        .await;
    assert_eq!(
        (&changed["phone"], &changed["blocked"]),
        (&Value::Null, &json!(true))
    );
    for (path, body, status) in [
        ("/control/people", json!({"name": ""}), 400),
        ("/control/people", json!({"phone": "13900139000"}), 400),
        ("/control/people", json!({"name": "x", "phone": "12"}), 400),
        ("/control/people", json!({"name": "x", "age": 3}), 400),
        ("/control/people/nobody", json!({}), 404),
        ("/control/wechat/login", json!({"person": "nobody"}), 404),
        (
            "/control/wechat/login",
            json!({"person": "alice", "app_id": "wx0"}),
            404,
        ),
        (
            "/control/wechat/oauth",
            json!({"person": "alice", "app_id": APP_ID}),
            400,
        ),
        (
            "/control/wechat/oauth",
            json!({"person": "alice", "scope": "all"}),
            400,
        ),
        ("/control/nothing", json!({}), 404),
        ("/control/requests", json!({}), 405),
    ] {
        let (answered, failure) = offline.control(Method::POST, path, &body).await;
        assert_eq!(answered, status, "{path} {body}");
        assert!(failure["error"].is_string());
    }
}

#[tokio::test]
async fn the_request_log_shows_names_and_digests_but_no_value() {
    let offline = Offline::start().await;
    let hostile = "a&secret=x\"%+ ";
    offline.code2session(hostile).await;
    let code = offline.login_code("alice").await;
    let session = offline.code2session(&code).await;
    let token = text(&offline.stable_token(false).await, "access_token");
    let answer = offline
        .get("/control/requests", &[])
        .await
        .text()
        .await
        .unwrap();
    for secret in [
        code,
        token,
        text(&session, "session_key"),
        text(&session, "openid"),
        SECRET.to_owned(),
    ] {
        assert!(!answer.contains(&secret), "{secret}");
    }
    let log: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        log["counts"],
        json!({"/sns/jscode2session": 2, "/cgi-bin/stable_token": 1})
    );
    let first = &log["requests"][0];
    assert_eq!(
        first["query"],
        json!(["appid", "secret", "js_code", "grant_type"])
    );
    assert_eq!(
        first["sha256"]["js_code"],
        hex::encode(digest::digest(&digest::SHA256, hostile.as_bytes()))
    );
    assert_eq!(
        (&first["verdict"], &first["fault"], &first["method"]),
        (&json!("40029"), &json!(false), &json!("GET"))
    );
    assert_eq!(
        (
            &log["requests"][1]["verdict"],
            &log["requests"][2]["content_length"]
        ),
        (&json!("ok"), &json!(true))
    );
    assert_eq!(
        log["requests"][2]["body"],
        json!(["appid", "force_refresh", "grant_type", "secret"])
    );
    let one = offline
        .get_json("/control/requests", &[("target", "cgi-bin/stable_token")])
        .await;
    assert_eq!(one["requests"].as_array().unwrap().len(), 1);
    offline
        .control(Method::DELETE, "/control/requests", &json!(null))
        .await;
    assert_eq!(
        offline.get_json("/control/requests", &[]).await,
        json!({"counts": {}, "requests": []})
    );
}

#[tokio::test]
async fn the_clock_is_moved_and_the_world_reset() {
    let offline = Offline::start().await;
    let code = offline.login_code("alice").await;
    let (_, clock) = offline
        .control(Method::POST, "/control/clock", &json!({"seconds": 300}))
        .await;
    assert_eq!(
        clock,
        json!({"now": "2026-01-01T00:05:00Z", "ahead_seconds": 300})
    );
    assert_eq!(offline.code2session(&code).await["errcode"], 40029);
    offline
        .control(Method::POST, "/control/people", &json!({"name": "dave"}))
        .await;
    offline
        .control(Method::POST, "/control/reset", &json!({}))
        .await;
    assert_eq!(
        offline.get_json("/control/clock", &[]).await["ahead_seconds"],
        0
    );
    assert_eq!(
        offline
            .get_json("/control/people", &[])
            .await
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn apps_are_listed_without_their_secrets() {
    let offline = Offline::start().await;
    let apps = offline.get_json("/control/apps", &[]).await;
    let kinds: Vec<_> = apps
        .as_array()
        .unwrap()
        .iter()
        .map(|app| text(app, "kind"))
        .collect();
    assert_eq!(kinds, ["mini_program", "app", "website"]);
    assert_eq!(
        apps[0],
        json!({
            "app_id": APP_ID, "kind": "mini_program", "platform": "menshen-demo", "verified": true,
            "secret_frozen": false, "account_frozen": false, "ip_allow": [], "phone_quota": null, "phone_billed": 0,
        })
    );
}

#[tokio::test]
async fn an_unknown_path_says_that_this_is_not_wechat() {
    let offline = Offline::start().await;
    for path in ["/", "/sns/unknown"] {
        let answer = offline.get(path, &[]).await;
        assert_eq!(answer.status(), 404);
        assert!(answer.text().await.unwrap().contains("not WeChat"));
    }
}

#[tokio::test]
async fn a_host_mounts_the_control_api_alone_and_shares_the_world() {
    let simulator = Simulator::new(SimulatorConfig::default());
    let running = simulator
        .start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap();
    let host = HttpServer::new(move || {
        let simulator = simulator.clone();
        App::new().service(
            web::scope("/simulator").configure(move |cfg| simulator.configure_control(cfg)),
        )
    });
    let host = host
        .workers(1)
        .disable_signals()
        .bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap();
    let address = host.addrs()[0];
    let server = host.run();
    let handle = server.handle();
    tokio::spawn(server);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let made = client
        .post(format!("http://{address}/simulator/control/people"))
        .json(&json!({"name": "dave"}));
    assert_eq!(made.send().await.unwrap().status(), 200);
    let seen = client
        .get(format!("http://{}/control/people", running.address()))
        .send()
        .await
        .unwrap();
    assert_eq!(
        seen.json::<Value>()
            .await
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let vendor = client
        .get(format!("http://{address}/sns/jscode2session"))
        .send()
        .await
        .unwrap();
    assert_eq!(vendor.status(), 404);
    handle.stop(false).await;
    running.stop().await;
}

#[tokio::test]
async fn it_starts_fast_and_frees_its_port_when_dropped() {
    let start = Instant::now();
    let simulator = Simulator::new(SimulatorConfig::default());
    let running = simulator
        .start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap();
    assert!(start.elapsed().as_millis() < 100, "{:?}", start.elapsed());
    let address = running.address();
    drop(running);
    for _ in 0..100 {
        if std::net::TcpListener::bind(address).is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the port is still taken");
}

#[actix_web::test]
async fn it_runs_inside_an_actix_system_too() {
    let offline = Offline::start().await;
    assert!(
        offline
            .code2session(&offline.login_code("alice").await)
            .await["openid"]
            .is_string()
    );
    offline.stop().await;
}

#[tokio::test]
async fn nonsense_is_answered_and_the_world_goes_on() {
    let offline = Offline::start().await;
    for target in [
        "/cgi-bin/stable_token",
        "/sms/aliyun",
        "/control/faults",
        "/sns/jscode2session?%ff=%zz&&=&=%",
        "/?x=\u{1F388}",
        "/%00",
    ] {
        for body in [
            &b"\xff\xfe\0"[..],
            b"{\"appid\":{\"a\":[]}}",
            b"[[[[",
            b"null",
            b"\"\"",
        ] {
            for method in [
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::DELETE,
                Method::OPTIONS,
            ] {
                let request = offline
                    .client
                    .request(method, offline.url(target))
                    .body(body);
                assert!(request.send().await.is_ok(), "{target}");
            }
        }
    }
    let long = "9".repeat(30_000);
    assert_eq!(offline.code2session(&long).await["errcode"], 40029);
    let big = offline
        .client
        .post(offline.url("/cgi-bin/stable_token"))
        .body(vec![b' '; 100_000])
        .send()
        .await
        .unwrap();
    assert_eq!(big.status(), 413);
    assert!(
        offline
            .code2session(&offline.login_code("alice").await)
            .await["openid"]
            .is_string()
    );
}
