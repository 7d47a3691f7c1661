//! Other services are told what happened: signed, in order, at least once, whoever is
//! down meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use serde_json::{Value, json};

use crate::support::{Process, Service, client, menshen};

const KEY: &[u8] = b"0123456789abcdefghijklmn";
/// How long to wait for what happens in the background.
const PATIENCE: Duration = Duration::from_mins(1);

/// A service of somebody's own, that is told of events.
pub(crate) struct Told {
    server: MockServer,
    up: Arc<AtomicBool>,
}

impl Told {
    /// One that takes everything while it is up, and answers `down` otherwise.
    pub(crate) async fn answering(up: bool, down: Reaction) -> Self {
        let up = Arc::new(AtomicBool::new(up));
        let is_up = up.clone();
        let server = MockServer::start(move |_, _| {
            if is_up.load(Ordering::SeqCst) {
                Reaction::status(204, "")
            } else {
                down.clone()
            }
        });
        let server = server.await.expect("a server");
        Self { server, up }
    }

    pub(crate) async fn start() -> Self {
        Self::answering(true, Reaction::Hang).await
    }

    pub(crate) fn goes(&self, up: bool) {
        self.up.store(up, Ordering::SeqCst);
    }

    /// As a receiver of the settings.
    pub(crate) fn named(&self, name: &str, events: &str) -> String {
        let (url, secret) = (self.server.url(), BASE64_STANDARD.encode(KEY));
        format!(
            r#"{{ url = "{url}/{name}", secret = "whsec_{secret}", name = "{name}", events = [{events}] }}"#
        )
    }

    /// As all receivers of the settings.
    pub(crate) fn alone(&self) -> String {
        format!("[{}]", self.named("crm", ""))
    }

    fn seen(&self) -> Vec<Seen> {
        self.server.seen()
    }

    /// The names of the events, in the order in which they came.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |seen: &Seen| text(&message(seen)["type"]);
        self.seen().iter().map(name).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn message(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).expect("JSON")
}

/// By the text of Standard Webhooks, and not by what signs.
#[track_caller]
fn is_signed(seen: &Seen) {
    let header = |name| seen.header(name).unwrap_or_else(|| panic!("no {name}"));
    let signed = [
        header("webhook-id"),
        header("webhook-timestamp"),
        &seen.text(),
    ]
    .join(".");
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY);
    let tag = BASE64_STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
    assert_eq!(header("webhook-signature"), format!("v1,{tag}"));
}

pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "it never holds: {what}");
}

pub(crate) async fn metric(service: &Service, name: &str) -> u64 {
    let text = service.get("/metrics").raw().await.text().await;
    let text = text.expect("a text");
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let value = value.unwrap_or_else(|| panic!("no {name} in {text}"));
    value.trim().parse().expect("a number")
}

const HELD: &str = "menshen_webhook_lease_held";
/// What a first login by one tap tells.
const FIRST: [&str; 3] = ["user.created", "user.identity_linked", "session.created"];

#[tokio::test]
async fn a_login_arrives_signed_in_order_and_with_ids_alone() {
    let told = Told::start().await;
    let service = Service::with(&[("webhooks", &told.alone())]).await;
    let login = service.one_tap("alice").await;
    until("three events", async || told.seen().len() >= 3).await;
    assert_eq!(told.names(), FIRST);
    let seen = told.seen();
    for one in &seen {
        is_signed(one);
        assert_eq!(one.header("content-type"), Some("application/json"));
        let message = message(one);
        let at = text(&message["timestamp"]);
        chrono::DateTime::parse_from_rfc3339(&at).expect("RFC 3339");
        assert_eq!(message["data"]["user_id"], login.user());
        assert_eq!(message.as_object().expect("an object").len(), 3);
    }
    let opened = &message(&seen[2])["data"];
    let wanted = json!({ "user_id": login.user(), "session_id": login.session() });
    assert_eq!(*opened, wanted);
    until("nothing is kept", async || {
        service.count("webhook_deliveries").await == 0
    })
    .await;
    let delivered = r#"menshen_webhook_attempts_total{receiver="crm",outcome="delivered"}"#;
    assert_eq!(metric(&service, delivered).await, 3);
}

#[tokio::test]
async fn a_receiver_hears_of_what_it_asked_for() {
    let told = Told::start().await;
    let some = told.named("some", r#""session.created", "session.ended""#);
    let all = told.named("all", "");
    let service = Service::with(&[("webhooks", &format!("[{some}, {all}]"))]).await;
    let login = service.one_tap("alice").await;
    let logout = service.post("/v1/logout").bearer(login.access());
    logout.send().await.ok();
    until("six messages", async || told.seen().len() >= 6).await;
    let mut by_path: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for seen in told.seen() {
        let names = by_path.entry(seen.path().to_owned()).or_default();
        names.push(text(&message(&seen)["type"]));
    }
    let whole = [&FIRST[..], &["session.ended"]].concat();
    assert_eq!(by_path["/all"], whole);
    assert_eq!(by_path["/some"], ["session.created", "session.ended"]);
}

#[tokio::test]
async fn what_fails_is_tried_again_byte_for_byte_and_nothing_overtakes_it() {
    let told = Told::answering(false, Reaction::status(500, "")).await;
    let service = Service::with(&[("webhooks", &told.alone())]).await;
    let login = service.one_tap("alice").await;
    until("a try", async || !told.seen().is_empty()).await;
    let edit = service.patch("/v1/me").bearer(login.access());
    edit.json(json!({ "nickname": "小明" })).send().await.ok();
    until("two tries", async || told.seen().len() >= 2).await;
    let failed = told.names();
    assert!(
        failed.iter().all(|name| name == "user.created"),
        "{failed:?}"
    );
    told.goes(true);
    let refused = failed.len();
    until("all of it", async || {
        told.names()
            .last()
            .is_some_and(|last| last == "user.updated")
    })
    .await;
    let names = told.names();
    let tries = names.iter().filter(|name| *name == "user.created").count();
    assert!(tries > refused, "{names:?}");
    assert_eq!(
        names[tries..],
        ["user.identity_linked", "session.created", "user.updated"]
    );
    let seen = told.seen();
    for one in &seen[..tries] {
        is_signed(one);
        assert_eq!(one.header("webhook-id"), seen[0].header("webhook-id"));
        assert_eq!(one.body, seen[0].body);
    }
}

#[tokio::test]
async fn who_hangs_keeps_neither_logins_nor_other_receivers() {
    let (hangs, hears) = (
        Told::answering(false, Reaction::Hang).await,
        Told::start().await,
    );
    let both = format!(
        "[{}, {}]",
        hangs.named("hangs", ""),
        hears.named("hears", "")
    );
    let service = Service::with(&[("webhooks", &both)]).await;
    for person in ["alice", "bob", "carol"] {
        service.one_tap(person).await;
    }
    until("all at the other", async || hears.seen().len() >= 9).await;
    // One head of each person is under way there, and none was answered.
    assert!(hangs.seen().len() <= 3, "{:?}", hangs.names());
    let waiting = "webhook_deliveries WHERE receiver = 'hangs'";
    assert_eq!(service.count(waiting).await, 9);
}

#[tokio::test]
async fn one_of_two_replicas_delivers_and_the_other_one_after_its_end() {
    let told = Told::start().await;
    let one = Service::with(&[("webhooks", &told.alone())]).await;
    until("a holder", async || metric(&one, HELD).await == 1).await;
    let two = one.beside().await;
    one.one_tap("alice").await;
    two.one_tap("bob").await;
    until("six events", async || told.seen().len() >= 6).await;
    let ids = |told: &Told| {
        let id = |seen: &Seen| seen.header("webhook-id").expect("an id").to_owned();
        told.seen().iter().map(id).collect::<Vec<_>>()
    };
    let mut unlike = ids(&told);
    unlike.sort_unstable();
    unlike.dedup();
    assert_eq!(unlike.len(), 6, "{:?}", told.names());
    assert_eq!((metric(&one, HELD).await, metric(&two, HELD).await), (1, 0));
    drop(one);
    two.one_tap("carol").await;
    until("the rest", async || told.seen().len() >= 9).await;
    assert_eq!(metric(&two, HELD).await, 1);
}

#[tokio::test]
async fn a_server_that_was_killed_loses_nothing() {
    let told = Told::answering(false, Reaction::status(503, "")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let settings = format!("webhooks = {}", told.alone());
    std::fs::write(folder.path().join("menshen.toml"), settings).expect("a file");
    let serve = || {
        let listen = ("server.listen", "127.0.0.1:0");
        Process::start(menshen(folder.path(), &[listen], &["serve"]), "Playground")
    };
    let service = serve();
    let code = service.post("/simulator/control/wechat/login");
    let code = code.json(json!({ "person": "alice" })).raw().await;
    let code: Value = code.json().await.expect("JSON");
    let body = json!({ "code": code["code"], "client": client() });
    let login = service.post("/v1/login/wechat").json(body).send().await;
    login.ok();
    until("a try", async || !told.seen().is_empty()).await;
    service.signal("KILL");
    service.end();
    told.goes(true);
    let _service = serve();
    until("all of it", async || {
        told.names().last().is_some_and(|last| last == FIRST[2])
    })
    .await;
    // The first was tried before, once or more; what it was told in its end, too.
    let mut names = told.names();
    names.dedup();
    assert_eq!(names, FIRST);
}

#[tokio::test]
async fn what_waits_for_a_receiver_names_nobody_and_outlives_the_account() {
    const PHONE: &str = "+8613900000001";
    let told = Told::answering(false, Reaction::status(500, "")).await;
    let given = [
        ("webhooks", &*told.alone()),
        ("accounts.cancel_after", "0s"),
    ];
    let service = Service::with(&given).await;
    let login = service.sms_login_with(PHONE, client()).await;
    let edit = service.patch("/v1/me").bearer(login.access());
    edit.json(json!({ "nickname": "小明", "bio": "爱爬山" }))
        .send()
        .await
        .ok();
    let leave = service.delete("/v1/me").bearer(login.access());
    assert_eq!(leave.send().await.ok()["erased"], true);
    until("it was handed over", async || {
        service.count("outbox WHERE delivered_at IS NULL").await == 0
    })
    .await;
    let waiting = service.count("webhook_deliveries").await;
    assert!(waiting >= 6, "{waiting}");
    for word in ["13900000001", "小明", "爱爬山", "nickname", "139****0001"] {
        let named = format!("webhook_deliveries WHERE data LIKE '%{word}%'");
        assert_eq!(service.count(&named).await, 0, "{word}");
    }
    told.goes(true);
    until("the end", async || {
        service.count("webhook_deliveries").await == 0
    })
    .await;
    // Its session ended in the same step: nobody hears of whom they were to forget.
    let names = told.names();
    assert!(names.iter().any(|name| name == "session.ended"));
    assert_eq!(names.last().map(String::as_str), Some("user.erased"));
}

/// Without receivers nothing is handed over, and housekeeping sees to the outbox.
#[tokio::test]
async fn where_nobody_listens_nothing_is_delivered() {
    let service = Service::start().await;
    service.one_tap("alice").await;
    assert_eq!(service.count("leases WHERE name = 'webhooks'").await, 0);
    assert_eq!(service.count("webhook_receivers").await, 0);
    let text = service.get("/metrics").raw().await.text().await;
    assert!(!text.expect("a text").contains("menshen_webhook"));
}
