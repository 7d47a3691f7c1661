//! What guessing at a number comes to, and what the answers tell of it.

use serde_json::{Value, json};

use crate::support::{Answer, Login, Service, client};

const PHONE: &str = "13900000001";
/// Somebody who never came.
const STRANGER: &str = "13900000009";

/// A code that is certainly wrong.
fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

async fn guess(service: &Service, code: &str, challenge: Option<&Value>) -> Answer {
    let mut body = json!({ "phone": PHONE, "code": code, "client": client() });
    if let Some(challenge) = challenge {
        body["challenge_id"] = challenge.clone();
    }
    service.post("/v1/login/sms").json(body).send().await
}

/// Guesses until it is refused; how many of the guesses were compared.
async fn guess_on(service: &Service, code: &str, challenge: Option<&Value>) -> usize {
    for compared in 0.. {
        let answer = guess(service, other_than(code), challenge).await;
        match answer.code().as_str() {
            "sms_code_incorrect" => {}
            "sms_code_locked" | "sms_code_expired" => return compared,
            _ => panic!("{answer:?}"),
        }
    }
    unreachable!("a loop without an end")
}

/// Whoever asks for as many codes as a day allows, from as many addresses as they
/// like, and spends every try of each: with a challenge and without.
#[tokio::test]
async fn a_day_of_guessing_at_one_number_is_seventy_tries() {
    let service = Service::with(&[
        // Neither waiting nor many addresses are a bound for a whole day.
        ("sms.resend_interval", "0s"),
        ("sms.per_phone_hour", "0"),
        ("sms.failures_per_ip", "0"),
    ])
    .await;
    let (mut asked, mut compared) = (0, 0);
    loop {
        let sent = service.ask(PHONE).await;
        if sent.status != 200 {
            sent.fails(429, "sms_limit_reached");
            break;
        }
        asked += 1;
        let code = service.code_at(PHONE).await;
        service.forget_messages().await;
        compared += guess_on(&service, &code, Some(&sent.ok()["challenge_id"])).await;
        compared += guess_on(&service, &code, None).await;
    }
    assert_eq!((asked, compared), (10, 70));
}

#[tokio::test]
async fn a_locked_number_keeps_its_owner_from_nothing_else() {
    let service = Service::with(&[
        ("sms.resend_interval", "0s"),
        ("sms.failures_per_phone_day", "2"),
    ])
    .await;
    let login = Login::of(&service.press_button("alice").await);
    let phone = login.0["user"]["phone"].as_str().expect("a number");
    service.ask(phone).await.ok();
    let code = service.code_at(phone).await;
    for _ in 0..2 {
        let wrong = service.try_code(phone, other_than(&code)).await;
        wrong.fails(400, "sms_code_incorrect");
    }
    let locked = service.try_code(phone, &code).await;
    locked.fails(429, "sms_code_locked");
    let next = Login::of(&service.refresh(login.refresh()).await);
    service.me(next.access()).await.ok();
    assert_eq!(service.one_tap("alice").await.user(), login.user());
    let pressed = Login::of(&service.press_button("alice").await);
    assert_eq!(pressed.user(), login.user());
}

#[tokio::test]
async fn the_messages_of_every_purpose_count_against_one_number() {
    let service = Service::start().await;
    service.ask(PHONE).await.ok();
    let login = service.one_tap("bob").await;
    let ask = json!({ "phone": PHONE, "purpose": "bind_phone", "client_type": "mini_program" });
    let asked = service.post("/v1/sms/codes").bearer(login.access());
    let refused = asked.json(ask).send().await;
    refused.fails(429, "sms_too_frequent");
    assert_eq!(service.inbox(PHONE).await.len(), 1);
}

/// The status, the members of the body and the headers, without their values.
fn shape(answer: &Answer) -> (u16, String, Vec<String>, Vec<String>) {
    let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
    headers.sort();
    let body = answer.body();
    let mut members: Vec<_> = body.as_object().expect("members").keys().cloned().collect();
    let data = body["data"].as_object();
    members.extend(data.into_iter().flat_map(|data| data.keys().cloned()));
    (answer.status, answer.code(), headers, members)
}

/// What a number is answered that asks for a code, asks again, guesses wrong, and
/// guesses where nothing is outstanding.
async fn answers(service: &Service, phone: &str) -> Vec<(u16, String, Vec<String>, Vec<String>)> {
    let expired = service.try_code(phone, "123456").await;
    let sent = service.ask(phone).await;
    let again = service.ask(phone).await;
    let code = service.code_at(phone).await;
    let wrong = service.try_code(phone, other_than(&code)).await;
    let told = [&expired, &sent, &again, &wrong].map(shape);
    let codes: Vec<&str> = told.iter().map(|one| one.1.as_str()).collect();
    let expected = [
        "sms_code_expired",
        "ok",
        "sms_too_frequent",
        "sms_code_incorrect",
    ];
    assert_eq!(codes, expected);
    told.into()
}

#[tokio::test]
async fn no_answer_tells_whether_a_number_has_an_account_or_in_what_state() {
    let service = Service::with(&[("sms.failures_per_ip", "0")]).await;
    let unknown = answers(&service, STRANGER).await;
    for (person, status, purge_at) in [
        ("known", "active", "NULL"),
        ("shut", "disabled", "NULL"),
        ("leaving", "cancelling", "'2099-01-01T00:00:00+00:00'"),
    ] {
        let phone = format!("1390000010{}", person.len());
        service.person(person, Some(&phone)).await;
        let login = Login::of(&service.press_button(person).await);
        let user = login.user();
        let change = format!(
            "UPDATE users SET status = '{status}', purge_at = {purge_at} WHERE id = '{user}'"
        );
        service.sql(&change).await;
        assert_eq!(answers(&service, &phone).await, unknown, "{status}");
    }
}

/// Nobody gets a number onto their account without a code that came to it: whoever
/// owns it makes an account of their own.
#[tokio::test]
async fn asking_for_a_number_does_not_take_it() {
    let service = Service::with(&[("sms.resend_interval", "0s")]).await;
    let thief = service.one_tap("bob").await;
    let ask = json!({ "phone": PHONE, "purpose": "bind_phone", "client_type": "mini_program" });
    let asked = service.post("/v1/sms/codes").bearer(thief.access());
    asked.json(ask).send().await.ok();
    let code = service.code_at(PHONE).await;
    let bind = json!({ "phone": PHONE, "code": other_than(&code) });
    let bound = service.post("/v1/me/phone").bearer(thief.access());
    let refused = bound.json(bind).send().await;
    refused.fails(400, "sms_code_incorrect");
    let named = json!({ "phone": PHONE });
    let edit = service.patch("/v1/me").bearer(thief.access()).json(named);
    edit.send().await.fails(400, "invalid_request");
    assert_eq!(
        service.count("users WHERE phone_index IS NOT NULL").await,
        0
    );
    service.forget_messages().await;
    let owner = service.sms_login(PHONE).await;
    assert!(owner.is_new());
    assert_ne!(owner.user(), thief.user());
    assert_eq!(service.me(thief.access()).await.ok()["phone"], Value::Null);
}
