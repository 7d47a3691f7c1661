//! Twilio, by a client of our own.

use menshen_simulator::{SimulatorConfig, TwilioAccount, defaults};
use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};

use super::offline::{Offline, text};

const SID: &str = defaults::TWILIO_ACCOUNT_SID;
const TOKEN: &str = defaults::TWILIO_AUTH_TOKEN;

fn encoded(form: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("http://x/", form).expect("a URL");
    url.query().unwrap_or_default().to_owned()
}

fn path(sid: &str) -> String {
    format!("/sms/twilio/2010-04-01/Accounts/{sid}/Messages.json")
}

async fn send_as(
    offline: &Offline,
    path: &str,
    (user, password): (&str, &str),
    form: &[(&str, &str)],
) -> (u16, Value) {
    let request = offline
        .client
        .post(offline.url(path))
        .basic_auth(user, Some(password));
    let answer = request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encoded(form))
        .send()
        .await
        .expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn send(offline: &Offline, form: &[(&str, &str)]) -> (u16, Value) {
    send_as(offline, &path(SID), (SID, TOKEN), form).await
}

fn form<'f>(to: &'f str, from: (&'f str, &'f str), body: &'f str) -> [(&'f str, &'f str); 3] {
    [("To", to), from, ("Body", body)]
}

const FROM: (&str, &str) = ("From", defaults::TWILIO_FROM);
const BODY: &str = "Your code is 048291, good for 10 minutes";

/// Sends a code, whose receipts go to `callback`.
pub(crate) async fn send_code(offline: &Offline, phone: &str, callback: &str) -> Value {
    let form = [
        ("To", phone),
        FROM,
        ("Body", BODY),
        ("StatusCallback", callback),
    ];
    send(offline, &form).await.1
}

/// A right request of a code, with these members in place of its own.
pub(crate) fn prepared(
    offline: &Offline,
    phone: &str,
    members: &[(&'static str, Value)],
) -> RequestBuilder {
    let mut form = form(phone, FROM, BODY)
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec();
    for (name, value) in members {
        form.retain(|(known, _)| known != name);
        form.push((
            name,
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        ));
    }
    let form: Vec<_> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    offline
        .client
        .post(offline.url(&path(SID)))
        .basic_auth(SID, Some(TOKEN))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encoded(&form))
}

#[tokio::test]
async fn a_sent_code_reaches_the_phone() {
    let offline = Offline::start().await;
    let (status, message) = send(&offline, &form("+85298765432", FROM, BODY)).await;
    assert_eq!(status, 201, "{message}");
    let sid = text(&message, "sid");
    assert!(sid.starts_with("SM") && sid.len() == 34, "{sid}");
    assert_eq!(message["status"], "queued");
    assert_eq!(message["num_segments"], "1");
    assert_eq!(message["error_code"], json!(null));
    assert_eq!(
        offline.inbox("+85298765432").await,
        [json!({
            "vendor": "twilio", "phone": "+85298765432", "code": "048291",
            "text": BODY, "at": "2026-01-01T00:00:00Z",
        })]
    );
    let service = (
        "MessagingServiceSid",
        defaults::TWILIO_MESSAGING_SERVICE_SID,
    );
    let key = (defaults::TWILIO_API_KEY, defaults::TWILIO_API_SECRET);
    let bare = path(SID).replace("/sms/twilio", "");
    let sent = send_as(&offline, &bare, key, &form("+14155550123", service, BODY)).await;
    assert_eq!((sent.0, &sent.1["status"]), (201, &json!("accepted")));
}

#[tokio::test]
async fn each_refusal_has_its_number() {
    let offline = Offline::start_with(SimulatorConfig {
        twilio: TwilioAccount {
            closed_countries: vec!["44".to_owned()],
            ..TwilioAccount::default()
        },
        ..SimulatorConfig::default()
    })
    .await;
    let long = "x".repeat(1601);
    let to = "+14155550123";
    for (form, status, code) in [
        (form("", FROM, BODY), 400, 21604),
        (form(to, FROM, ""), 400, 21602),
        (form(to, ("From", ""), BODY), 400, 21603),
        (form(to, ("From", "+14155550199"), BODY), 400, 21659),
        (form(to, ("From", "Nobody"), BODY), 400, 21606),
        (form(to, ("MessagingServiceSid", "MG1"), BODY), 400, 21701),
        (form(to, FROM, &long), 400, 21617),
        (form("14155550123", FROM, BODY), 400, 21211),
        (form("+1", FROM, BODY), 400, 21211),
        (form("+447911123456", FROM, BODY), 403, 21408),
    ] {
        let (got, answer) = send(&offline, &form).await;
        assert_eq!(
            (got, answer["code"].as_i64()),
            (status, Some(code)),
            "{form:?}"
        );
        assert_eq!(answer["status"], status);
        assert!(text(&answer, "more_info").ends_with(&code.to_string()));
    }
    assert!(offline.inbox("").await.is_empty());
}

#[tokio::test]
async fn only_the_holder_sends() {
    let offline = Offline::start().await;
    let form = form("+14155550123", FROM, BODY);
    for (user, password) in [
        (SID, "wrong"),
        ("AC1", TOKEN),
        (defaults::TWILIO_API_KEY, TOKEN),
        ("", ""),
    ] {
        let (status, answer) = send_as(&offline, &path(SID), (user, password), &form).await;
        assert_eq!((status, &answer["code"]), (401, &json!(20003)), "{user}");
    }
    let unsigned = offline
        .client
        .post(offline.url(&path(SID)))
        .body(encoded(&form));
    assert_eq!(unsigned.send().await.unwrap().status(), 401);
    for path in [
        path("AC00000000000000000000000000000002"),
        path(SID).replace(".json", ""),
        "/sms/twilio".to_owned(),
    ] {
        let (status, answer) = send_as(&offline, &path, (SID, TOKEN), &form).await;
        assert_eq!((status, &answer["code"]), (404, &json!(20404)), "{path}");
    }
}

#[tokio::test]
async fn a_fault_may_answer_any_number_of_the_vendor() {
    let offline = Offline::start().await;
    for (code, status) in [
        (20429, 429),
        (20500, 500),
        (21610, 403),
        (63038, 429),
        (99999, 400),
    ] {
        let fault = json!({"target": "sms/twilio", "errcode": code, "times": 1});
        offline.set_fault(&fault).await;
        let (got, answer) = send(&offline, &form("+14155550123", FROM, BODY)).await;
        assert_eq!((got, &answer["code"]), (status, &json!(code)));
    }
    assert!(offline.inbox("").await.is_empty());
}
