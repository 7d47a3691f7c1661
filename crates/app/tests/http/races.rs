//! Many at once: one account, one use of a code, one successor, one message.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, client};

const PHONE: &str = "13900000001";
const CODE2SESSION: &str = "/sns/jscode2session";
const STABLE_TOKEN: &str = "/cgi-bin/stable_token";

/// How often each code was answered; never a 5xx.
fn tally(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        assert!(answer.status < 500, "{answer:?}");
        *tally.entry(answer.code()).or_insert(0) += 1;
    }
    tally
}

fn logins(answers: &[Answer]) -> Vec<Login> {
    let good = answers.iter().filter(|answer| answer.status == 200);
    good.map(Login::of).collect()
}

fn distinct<'l>(values: impl IntoIterator<Item = &'l str>) -> usize {
    values.into_iter().collect::<BTreeSet<_>>().len()
}

#[tokio::test]
async fn of_a_hundred_callers_with_one_code_exactly_one_signs_in() {
    let service = Service::with(&[("sms.failures_per_ip", "0")]).await;
    let sent = service.ask(PHONE).await.ok();
    let body = json!({
        "phone": PHONE, "code": service.code_at(PHONE).await, "client": client(),
        "challenge_id": sent["challenge_id"],
    });
    let tries = (0..100).map(|_| service.post("/v1/login/sms").json(body.clone()).send());
    let answers = join_all(tries).await;
    let tally = tally(&answers);
    assert_eq!(tally.get("ok"), Some(&1), "{tally:?}");
    for code in tally.keys() {
        let known = ["ok", "sms_code_expired", "sms_code_locked"];
        assert!(known.contains(&code.as_str()), "{tally:?}");
    }
    let rows = service.rows().await;
    assert_eq!((rows["users"], rows["sessions"]), (1, 1));
}

#[tokio::test]
async fn a_hundred_identical_first_logins_by_sms_are_one_login() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let body = json!({
        "phone": PHONE, "code": service.code_at(PHONE).await, "client": client(),
    });
    let tries = (0..100).map(|_| {
        let call = service.post("/v1/login/sms").json(body.clone());
        call.header("idempotency-key", "the-same").send()
    });
    let answers = join_all(tries).await;
    let logins = logins(&answers);
    assert_eq!(logins.len(), 100, "{:?}", tally(&answers));
    assert_eq!(distinct(logins.iter().map(Login::session)), 1);
    assert_eq!(distinct(logins.iter().map(Login::refresh)), 1);
    let rows = service.rows().await;
    assert_eq!((rows["users"], rows["sessions"]), (1, 1));
}

#[tokio::test]
async fn a_hundred_times_the_same_wechat_code_is_one_exchange_and_one_session() {
    let service = Service::start().await;
    let code = service.login_code("alice").await;
    let answers = join_all((0..100).map(|_| service.hand_in(&code, client()))).await;
    let logins = logins(&answers);
    assert_eq!(logins.len(), 100, "{:?}", tally(&answers));
    assert_eq!(distinct(logins.iter().map(Login::session)), 1);
    assert_eq!(service.calls(CODE2SESSION).await, 1);
    let rows = service.rows().await;
    assert_eq!((rows["users"], rows["sessions"]), (1, 1));
}

#[tokio::test]
async fn a_hundred_first_logins_of_one_person_make_one_account() {
    let service = Service::with(&[("sessions.max_per_client_type", "0")]).await;
    let codes = join_all((0..100).map(|_| service.login_code("alice"))).await;
    // As many at once as calls may be under way to WeChat.
    let all = codes.iter().map(|code| service.hand_in(code, client()));
    let answers: Vec<Answer> = stream::iter(all).buffer_unordered(60).collect().await;
    let logins = logins(&answers);
    assert_eq!(logins.len(), 100, "{:?}", tally(&answers));
    assert_eq!(distinct(logins.iter().map(Login::user)), 1);
    assert_eq!(distinct(logins.iter().map(Login::session)), 100);
    assert_eq!(logins.iter().filter(|login| login.is_new()).count(), 1);
    let rows = service.rows().await;
    assert_eq!((rows["users"], rows["sessions"]), (1, 100));
}

#[tokio::test]
async fn a_hundred_phone_logins_outlive_a_revoked_access_token() {
    for errcode in [40001, 40014, 42001] {
        let service = Service::start().await;
        Login::of(&service.press_button("alice").await);
        assert_eq!(service.calls(STABLE_TOKEN).await, 1);
        let people: Vec<String> = (0..100).map(|n| format!("person-{n}")).collect();
        for (n, person) in people.iter().enumerate() {
            let phone = format!("1390000{n:04}");
            service.person(person, Some(&phone)).await;
        }
        let revocation = json!({ "errcode": errcode });
        let path = "wechat/revoke-token";
        let revoked = service.control(Method::POST, path, revocation).await;
        assert_eq!(revoked["revoked"], true);
        let presses = people.iter().map(|person| service.press_button(person));
        let answers = join_all(presses).await;
        let logins = logins(&answers);
        assert_eq!(logins.len(), 100, "{errcode}: {:?}", tally(&answers));
        assert_eq!(distinct(logins.iter().map(Login::user)), 100);
        assert_eq!(service.calls(STABLE_TOKEN).await, 2, "{errcode}");
    }
}

#[tokio::test]
async fn every_way_in_at_once_leads_to_one_account() {
    let service = Service::with(&[
        ("sessions.max_per_client_type", "0"),
        ("wechat.phone_per_user_day", "0"),
    ])
    .await;
    service.ask("13800138000").await.ok();
    let code = service.code_at("13800138000").await;
    let presses = join_all((0..10).map(|_| service.press_button("alice")));
    let taps = async {
        let codes = join_all((0..10).map(|_| service.login_code("alice"))).await;
        join_all(codes.iter().map(|code| service.hand_in(code, client()))).await
    };
    let text = service.try_code("13800138000", &code);
    let (presses, taps, text) = tokio::join!(presses, taps, text);
    let answers: Vec<Answer> = presses.into_iter().chain(taps).chain([text]).collect();
    assert_eq!(logins(&answers).len(), 21, "{:?}", tally(&answers));
    assert_eq!(service.count("users WHERE status = 'active'").await, 1);
    let last = Login::of(&service.press_button("alice").await);
    assert_eq!(service.one_tap("alice").await.user(), last.user());
}

#[tokio::test]
async fn fifty_refreshes_at_once_have_one_successor() {
    let service = Service::start().await;
    let mut newest = service.one_tap("alice").await;
    for round in 1..=5 {
        let answers = join_all((0..50).map(|_| service.refresh(newest.refresh()))).await;
        let all: Vec<Login> = answers.iter().map(Login::of).collect();
        assert_eq!(distinct(all.iter().map(Login::refresh)), 1, "round {round}");
        let step = "sessions WHERE generation = previous_generation + 1";
        assert_eq!(service.count(step).await, 1, "round {round}");
        newest = all[0].clone();
    }
    let told = "audit_events WHERE action = 'refresh.reused'";
    assert_eq!(service.count(told).await, 0);
}

#[tokio::test]
async fn a_refresh_that_races_with_signing_out_leaves_nothing_alive() {
    let service = Service::with(&[("tokens.refresh_per_ip", "0")]).await;
    for round in 0..20 {
        let login = service.one_tap(["alice", "bob", "carol"][round % 3]).await;
        let out = service.post("/v1/logout").bearer(login.access());
        let (out, refreshed) = tokio::join!(out.send(), service.refresh(login.refresh()));
        out.ok();
        let mut tokens = vec![login.clone()];
        tokens.extend((refreshed.status == 200).then(|| Login::of(&refreshed)));
        for token in tokens {
            let me = service.me(token.access()).await;
            me.fails(401, "session_revoked");
            let again = service.refresh(token.refresh()).await;
            again.fails(401, "session_revoked");
        }
    }
}

#[tokio::test]
async fn fifty_asks_for_one_number_send_one_message() {
    let service = Service::start().await;
    let answers = join_all((0..50).map(|_| service.ask(PHONE))).await;
    let tally = tally(&answers);
    let expected = [("ok".to_owned(), 1), ("sms_too_frequent".to_owned(), 49)];
    assert_eq!(tally, BTreeMap::from(expected));
    assert_eq!(service.calls("sms/aliyun").await, 1);
    let code = service.code_at(PHONE).await;
    service.try_code(PHONE, &code).await.ok();
}

#[tokio::test]
async fn a_hundred_guesses_at_once_are_five() {
    let service = Service::with(&[("sms.failures_per_ip", "0")]).await;
    let sent = service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    let body = |code: &str| {
        json!({
            "phone": PHONE, "code": code, "client": client(),
            "challenge_id": sent["challenge_id"],
        })
    };
    let wrong: Value = body(if code == "000000" { "000001" } else { "000000" });
    let tries = (0..100).map(|_| service.post("/v1/login/sms").json(wrong.clone()).send());
    let answers = join_all(tries).await;
    let tally = tally(&answers);
    let expected = [
        ("sms_code_incorrect".to_owned(), 5),
        ("sms_code_locked".to_owned(), 95),
    ];
    assert_eq!(tally, BTreeMap::from(expected));
    let right = service.post("/v1/login/sms").json(body(&code)).send().await;
    right.fails(429, "sms_code_locked");
    assert_eq!(service.count("users").await, 0);
}

#[tokio::test]
async fn racing_logins_leave_as_many_sessions_as_are_allowed() {
    let service = Service::with(&[("sessions.max_per_client_type", "3")]).await;
    service.one_tap("alice").await;
    let codes = join_all((0..50).map(|_| service.login_code("alice"))).await;
    let answers = join_all(codes.iter().map(|code| service.hand_in(code, client()))).await;
    let logins = logins(&answers);
    assert_eq!(logins.len(), 50, "{:?}", tally(&answers));
    assert_eq!(service.count("sessions").await, 51);
    assert_eq!(service.count("sessions WHERE ended_at IS NULL").await, 3);
    let checks = join_all(logins.iter().map(|login| service.me(login.access()))).await;
    let alive = checks.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(alive, 3);
}

#[tokio::test]
async fn one_number_is_bound_once_however_many_ask() {
    let service = Service::with(&[("sms.failures_per_ip", "0")]).await;
    let login = service.one_tap("bob").await;
    let ask = json!({ "phone": PHONE, "purpose": "bind_phone", "client_type": "mini_program" });
    let asked = service
        .post("/v1/sms/codes")
        .bearer(login.access())
        .json(ask);
    let sent = asked.send().await.ok();
    let body = json!({
        "phone": PHONE, "code": service.code_at(PHONE).await, "challenge_id": sent["challenge_id"],
    });
    let tries = (0..20).map(|_| {
        let call = service.post("/v1/me/phone").bearer(login.access());
        call.json(body.clone()).send()
    });
    let tally = tally(&join_all(tries).await);
    assert_eq!(tally.get("ok"), Some(&1), "{tally:?}");
    assert_eq!(
        service.me(login.access()).await.ok()["phone"],
        "+8613900000001"
    );
}
