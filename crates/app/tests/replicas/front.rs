//! nginx as it is shipped: what it lets through, what it takes away, and what it says
//! itself.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use menshen_cluster::nginx::{Nginx, check, copy_shipped, shipped_configuration};
use reqwest::{Method, StatusCode, redirect};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::stage::{Client, Hand, Tables, cluster};

const NAME: &str = "login.example.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_lets_through_what_is_for_people_and_says_the_rest_in_the_envelope() {
    let mut cluster = cluster(&[]).await;
    let client = Client::new(&cluster.nginx.url(), 1);
    for path in [
        "/",
        "/metrics",
        "/readyz",
        "/healthz",
        "/admin/v1/users",
        "/console",
        "/v1/auth/verify",
        "/v1/token/introspect",
        "/v1/token/revoke",
        "/playground",
        "/docs",
        "/simulator/control/people",
    ] {
        let answer = client
            .ask(Method::GET, path, None, None)
            .await
            .expect("an answer");
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{path}");
    }
    assert!(
        !cluster
            .nginx
            .requests()
            .contains("\"uri\":\"/metrics\",\"status\":\"200\"")
    );
    let keys = client
        .ask(Method::GET, "/.well-known/jwks.json", None, None)
        .await;
    assert!(keys.expect("an answer").body["keys"].is_array());
    // As large as the service takes, and one byte more.
    for (bytes, code) in [
        (16 * 1024, "malformed_json"),
        (16 * 1024 + 1, "payload_too_large"),
    ] {
        let answer = client.raw("/v1/login/sms", "x".repeat(bytes)).await;
        assert_eq!(answer.code(), code, "{bytes}");
    }
    // Vendors push more at a time; that nobody takes it here is the service's word.
    let receipts = "/v1/sms/receipts/aliyun/hush-hush";
    let answer = client.raw(receipts, "[]".repeat(100 * 1024)).await;
    assert_eq!((answer.status, answer.code()), (404, "not_found"));
    // A picture is longer than any other body; its address is for those who are given it.
    let answer = client.raw("/v1/me/avatar", "x".repeat(1024 * 1024)).await;
    assert_eq!((answer.status, answer.code()), (401, "token_missing"));
    let picture = "/avatars/0000000000000000000000000000c0de";
    let answer = client.ask(Method::GET, picture, None, None).await;
    assert_eq!(answer.expect("an answer").code(), "not_found");
    // The line is written after the answer.
    let since = Instant::now();
    while !cluster
        .nginx
        .requests()
        .contains("/v1/sms/receipts/aliyun/-")
    {
        assert!(since.elapsed() < Duration::from_secs(10), "no line");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let log = cluster.nginx.requests() + &cluster.nginx.log();
    assert!(
        !log.contains("hush-hush") && !log.contains(picture),
        "{log}"
    );
    for replica in &mut cluster.replicas {
        replica.kill().expect("a running replica");
    }
    let answer = client.get("/v1/me", "x").await.expect("an answer");
    assert_eq!((answer.status, answer.code()), (503, "unavailable"));
    assert_eq!(answer.body["retry_after"], 1);
    assert_eq!(answer.body["message"], "服务暂不可用，请稍后再试");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_a_client_is_nginx_says_and_not_the_client() {
    let cluster = cluster(&[]).await;
    let (hand, tables) = (Hand::of(&cluster), Tables::of(&cluster).await);
    let client = Client::new(&cluster.nginx.url(), 9);
    hand.person("masked", None).await;
    let code = hand.login_code("masked").await;
    let body = json!({ "code": code, "client": { "type": "mini_program" } });
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
        ("x-real-ip", "203.0.113.7"),
        ("x-wx-openid", "somebody-else"),
    ];
    let answer = client
        .with_headers("/v1/login/wechat", &headers, &body)
        .await;
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(
        tables.count("sessions WHERE address = '127.0.1.9'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_from_one_address_is_held_back_and_nobody_else() {
    let cluster = cluster(&[]).await;
    let (flood, other) = (
        Client::new(&cluster.nginx.url(), 1),
        Client::new(&cluster.nginx.url(), 2),
    );
    let asks = (0..600).map(|_| flood.get("/v1/me", "x"));
    let answers: Vec<_> = join_all(asks).await.into_iter().flatten().collect();
    let held = answers.iter().filter(|answer| answer.status == 429);
    let held: Vec<_> = held.collect();
    assert!(held.len() > 50, "{}", held.len());
    for answer in &held {
        assert_eq!(
            (answer.code(), &answer.body["retry_after"]),
            ("rate_limited", &json!(1))
        );
    }
    // The burst that is allowed got through to the service.
    let through = answers
        .iter()
        .filter(|answer| answer.code() == "token_invalid");
    assert!(through.count() >= 200);
    let answer = other.get("/v1/me", "x").await.expect("an answer");
    assert_eq!(answer.code(), "token_invalid");
}

/// The shipped configuration over these ports, with a certificate made for it.
fn shipped(folder: &Path, ports: [u16; 2], replicas: &[SocketAddr], backend: SocketAddr) {
    let [plain, tls] = ports;
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=login.example.com"])
        .args(["-addext", "subjectAltName=DNS:login.example.com"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "chain.pem"])
        .current_dir(folder)
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{made:?}");
    let at = |name: &str| folder.join(name).display().to_string();
    let [one, other] = replicas else {
        unreachable!("two replicas")
    };
    let mut text = shipped_configuration().expect("the configuration");
    for (from, to) in [
        ("</etc/nginx/tls/fullchain.pem>", at("chain.pem")),
        ("</etc/nginx/tls/privkey.pem>", at("key.pem")),
        ("/run/nginx.pid", at("nginx.pid")),
        ("/var/log/nginx/error.log", at("error.log")),
        ("/var/log/nginx/access.log", at("access.log")),
        ("<10.0.0.11>:8080", one.to_string()),
        ("<10.0.0.12>:8080", other.to_string()),
        ("<10.0.0.21>:3000", backend.to_string()),
        ("<login.example.com>", NAME.to_owned()),
        ("listen 80 ", format!("listen 127.0.0.1:{plain} ")),
        ("listen [::]:80 default_server;", String::new()),
        ("listen 443 ", format!("listen 127.0.0.1:{tls} ")),
        ("listen [::]:443 ssl default_server;", String::new()),
        ("listen [::]:443 ssl http2;", String::new()),
        ("http {", format!("http {{ {}", temporary(folder))),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, &to);
    }
    assert!(!text.contains('<'), "a placeholder is left: {text}");
    fs::write(folder.join("nginx.conf"), text).expect("a file");
    copy_shipped(folder).expect("the shipped files");
}

/// Where Debian's nginx may write only if it is root.
fn temporary(folder: &Path) -> String {
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let lines = kinds.map(|kind| format!("{kind}_temp_path {}/{kind};", folder.display()));
    lines.join(" ")
}

fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

/// A backend that answers with the head of what it was asked.
async fn backend() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let read = stream.read(&mut head).await.unwrap_or(0);
            let head = &head[..read];
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {read}\r\nConnection: close\r\n\r\n");
            drop(stream.write_all(answer.as_bytes()).await);
            drop(stream.write_all(head).await);
        }
    });
    address
}

/// A browser that knows the certificate.
fn browser(folder: &Path, tls: u16) -> reqwest::Client {
    let pem = fs::read(folder.join("chain.pem")).expect("a certificate");
    let root = reqwest::Certificate::from_pem(&pem).expect("a certificate");
    let address = SocketAddr::from(([127, 0, 0, 1], tls));
    reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .local_address(IpAddr::from([127, 0, 1, 1]))
        .tls_certs_only([root])
        .resolve_to_addrs(NAME, &[address])
        .resolve_to_addrs("other.example.com", &[address])
        .timeout(Duration::from_secs(20))
        .build()
        .expect("a client")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shipped_configuration_serves_people_over_tls_and_guards_a_backend() {
    let cluster = cluster(&[]).await;
    let hand = Hand::of(&cluster);
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path();
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder, readable).expect("a folder for nginx's workers");
    let ports = free_ports();
    let replicas: Vec<_> = cluster
        .replicas
        .iter()
        .map(menshen_cluster::Process::address)
        .collect();
    shipped(folder, ports, &replicas, backend().await);
    check(folder).expect("a configuration that nginx takes");
    let plain = SocketAddr::from(([127, 0, 0, 1], ports[0]));
    let nginx = Nginx::start(folder, plain).await.expect("nginx");
    let http = browser(folder, ports[1]);
    let base = format!("https://{NAME}:{}", ports[1]);

    let redirected = http.get(format!("{}/v1/me?a=b", nginx.url())).send().await;
    let redirected = redirected.expect("an answer");
    assert_eq!(redirected.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(
        redirected.headers()["location"],
        "https://login.example.com/v1/me?a=b"
    );
    // Another name gets no certificate.
    let other = http.get(format!("https://other.example.com:{}/", ports[1]));
    assert!(other.send().await.is_err());

    hand.person("secure", None).await;
    let code = hand.login_code("secure").await;
    let body = json!({ "code": code, "client": { "type": "mini_program" } });
    let login = http.post(format!("{base}/v1/login/wechat")).json(&body);
    let login = login.send().await.expect("an answer");
    assert_eq!(
        login.headers()["strict-transport-security"],
        "max-age=63072000"
    );
    assert!(
        !login.headers()["server"]
            .to_str()
            .expect("a word")
            .contains('/')
    );
    let login: serde_json::Value = login.json().await.expect("JSON");
    let token = login["data"]["access_token"].as_str().expect("a token");
    let user = login["data"]["user"]["id"].as_str().expect("an id");

    let page = http
        .get(format!("{base}/api/orders"))
        .header("x-user-id", "somebody-else");
    let page = page.bearer_auth(token).send().await.expect("an answer");
    let seen = page
        .text()
        .await
        .expect("what the backend saw")
        .to_ascii_lowercase();
    assert!(seen.contains(&format!("x-user-id: {user}")), "{seen}");
    assert!(!seen.contains("somebody-else"), "{seen}");
    assert!(seen.contains("x-client-type: mini_program"), "{seen}");
    assert!(seen.contains("x-forwarded-for: 127.0.1.1"), "{seen}");

    let refused = http
        .get(format!("{base}/api/orders"))
        .bearer_auth("nonsense");
    let refused = refused.send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(refused.headers().contains_key("www-authenticate"));
    let refused: serde_json::Value = refused.json().await.expect("JSON");
    assert_eq!(refused["code"], "token_invalid");
}
