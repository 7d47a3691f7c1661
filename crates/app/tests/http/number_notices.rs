//! Whoever held a number is told that it does not sign in to its account any more;
//! whoever changed it never waits for that, and never hears of it.

use menshen_outbound::mock::{MockServer, Reaction};
use serde_json::{Value, json};

use crate::support::{Login, Service, ended, menshen, said};
use crate::webhooks::{metric, until};

const OLD: &str = "13900000001";
const NEW: &str = "13900000002";

/// Messages without a code.
async fn notices(service: &Service, phone: &str) -> Vec<Value> {
    let inbox = service.inbox(phone).await;
    let notices = inbox.into_iter().filter(|message| message["code"] == "");
    notices.collect()
}

async fn came_to(service: &Service, outcome: &str, times: u64) {
    let name = format!("menshen_number_notices_total{{outcome=\"{outcome}\"}}");
    let what = format!("{outcome} {times}");
    until(&what, async || metric(service, &name).await == times).await;
}

/// An address of the operator's own that sends messages.
struct Hook {
    server: MockServer,
    url: String,
}

impl Hook {
    async fn answering(reaction: Reaction) -> Self {
        let server = MockServer::start(move |_, _| reaction.clone()).await;
        let server = server.expect("a receiver");
        let url = server.url();
        Self { server, url }
    }

    /// It alone, knowing notices or not.
    fn settings<'a>(&'a self, notices: &'a str) -> [(&'a str, &'a str); 4] {
        [
            ("sms.vendors", "[\"webhook\"]"),
            ("sms.webhook.url", &self.url),
            (
                "sms.webhook.secret",
                "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            ),
            ("sms.webhook.notices", notices),
        ]
    }
}

/// Dave signs in with his old number by WeChat's button.
async fn dave(service: &Service) -> Login {
    service.person("dave", Some(OLD)).await;
    Login::of(&service.press_button("dave").await)
}

/// Dave has another number now, and binds it.
async fn change_to(service: &Service, login: &Login, phone: &str) {
    service.person("dave", Some(phone)).await;
    let bound = service.bind_by_button(login, "dave").await.ok();
    assert_eq!(bound["user"]["phone"], format!("+86{phone}"));
}

#[tokio::test]
async fn the_old_number_is_told_by_any_vendor_and_the_new_one_is_not() {
    for vendor in ["aliyun", "tencent", "huawei", "volcengine", "twilio"] {
        let vendors = format!("[\"{vendor}\"]");
        let given = [
            ("sms.vendors", vendors.as_str()),
            ("sms.resend_interval", "0s"),
        ];
        let service = Service::with(&given).await;
        let login = service.sms_login(OLD).await;
        assert_eq!(service.bind_by_sms(&login, NEW).await.ok()["merged"], false);
        came_to(&service, "sent", 1).await;
        let told = notices(&service, OLD).await;
        assert_eq!(told.len(), 1, "{vendor}: {told:?}");
        let text = told[0]["text"].as_str().expect("a text");
        assert!(text.contains("不再用于登录"), "{text}");
        assert!(!text.contains("0002"), "not the new number: {text}");
        assert!(notices(&service, NEW).await.is_empty(), "{vendor}");
        let kept = "sms_sends WHERE purpose = 'number_notice' AND verdict = 'accepted' \
                    AND phone_masked = '139****0001' AND client_type = 'mini_program'";
        assert_eq!(service.count(kept).await, 1);
        let audited = "audit_events WHERE action = 'account.number_told' \
                       AND subject = '139****0001' AND user_id IS NOT NULL";
        assert_eq!(service.count(audited).await, 1);
    }
}

/// A number that changes hands again and again costs one message a day.
#[tokio::test]
async fn one_number_is_told_once_a_day() {
    let service = Service::start().await;
    let login = dave(&service).await;
    change_to(&service, &login, NEW).await;
    change_to(&service, &login, OLD).await;
    came_to(&service, "sent", 2).await;
    change_to(&service, &login, NEW).await;
    came_to(&service, "limited", 1).await;
    assert_eq!(notices(&service, OLD).await.len(), 1);
    assert_eq!(notices(&service, NEW).await.len(), 1);
}

/// As an address of the operator's own that knows of codes alone.
#[tokio::test]
async fn a_vendor_without_a_text_for_it_is_sent_nothing() {
    let hook = Hook::answering(Reaction::ok("")).await;
    let service = Service::with(&hook.settings("off")).await;
    let login = dave(&service).await;
    change_to(&service, &login, NEW).await;
    came_to(&service, "no_channel", 1).await;
    assert!(hook.server.seen().is_empty());
    assert_eq!(service.count("sms_sends").await, 0);
    drop(service);

    let service = Service::with(&hook.settings("on")).await;
    let login = dave(&service).await;
    change_to(&service, &login, NEW).await;
    came_to(&service, "sent", 1).await;
    let body: Value = serde_json::from_str(&hook.server.seen().remove(0).text()).expect("JSON");
    let expected = json!({ "phone": format!("+86{OLD}"), "purpose": "number_notice" });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_number_is_changed_though_no_vendor_tells_the_old_one() {
    let service = Service::start().await;
    let login = dave(&service).await;
    let fault = json!({ "target": "sms/aliyun", "http_status": 502 });
    service.fault(fault).await;
    change_to(&service, &login, NEW).await;
    came_to(&service, "failed", 1).await;
    let me = service.me(login.access()).await.ok();
    assert_eq!(me["phone"], format!("+86{NEW}"));
    assert!(notices(&service, OLD).await.is_empty());
    let told = "audit_events WHERE action = 'account.number_not_told'";
    assert_eq!(service.count(told).await, 1);
    // What was not sent took no place: the number is told the next time.
    service.heal().await;
    change_to(&service, &login, OLD).await;
    change_to(&service, &login, NEW).await;
    came_to(&service, "sent", 2).await;
    assert_eq!(notices(&service, OLD).await.len(), 1);
}

/// The vendor answers after its time is over: whoever waited for it would see the end
/// of the message with the answer.
#[tokio::test]
async fn nobody_waits_for_a_vendor_that_hangs() {
    let service = Service::start().await;
    let login = dave(&service).await;
    let fault = json!({ "target": "sms/aliyun", "latency_ms": 8_000 });
    service.fault(fault).await;
    change_to(&service, &login, NEW).await;
    let ended = "sms_sends WHERE purpose = 'number_notice' AND verdict IS NOT NULL";
    assert_eq!(service.count(ended).await, 0, "the request has waited");
    came_to(&service, "unknown", 1).await;
    assert_eq!(service.count(ended).await, 1);
}

/// A process that ends as it should tells who is waiting first.
#[tokio::test]
async fn a_server_that_stops_tells_those_who_wait() {
    let service = Service::start().await;
    let login = dave(&service).await;
    let fault = json!({ "target": "sms/aliyun", "latency_ms": 1_000 });
    service.fault(fault).await;
    change_to(&service, &login, NEW).await;
    let ended = "sms_sends WHERE purpose = 'number_notice' AND verdict = 'accepted'";
    assert_eq!(service.count(ended).await, 0, "it is on its way");
    let service = service.restarted().await;
    assert_eq!(service.count(ended).await, 1);
}

/// They go by their own will, and need no word of it.
#[tokio::test]
async fn who_leaves_is_not_written_to() {
    const NEXT: &str = "13900000003";
    let service = Service::with(&[("accounts.cancel_after", "0s")]).await;
    let login = dave(&service).await;
    let left = service.delete("/v1/me").bearer(login.access()).send().await;
    left.ok();
    // Whoever was to be told would have been handed over before this one.
    service.person("dave", Some(NEXT)).await;
    let login = Login::of(&service.press_button("dave").await);
    change_to(&service, &login, NEW).await;
    came_to(&service, "sent", 1).await;
    assert_eq!(notices(&service, NEXT).await.len(), 1);
    assert!(notices(&service, OLD).await.is_empty());
    let begun = "audit_events WHERE action = 'account.number_notice_begun'";
    assert_eq!(service.count(begun).await, 1);
}

/// A command is a process of its own, and has told the number when it ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_a_command_takes_away_is_told_before_it_ends() {
    for (answer, verdict, action) in [
        (200, "accepted", "account.number_told"),
        // What was done stands, whatever becomes of the word to the number.
        (502, "unavailable", "account.number_not_told"),
    ] {
        let hook = Hook::answering(Reaction::status(answer, "")).await;
        let given = hook.settings("on");
        let service = Service::with(&given).await;
        let login = dave(&service).await;
        let detach = ["admin", "detach-phone", login.user(), "--reason", "x"];
        let output = ended(menshen(service.folder(), &given, &detach));
        assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
        assert!(!hook.server.seen().is_empty());
        let kept = format!(
            "sms_sends WHERE purpose = 'number_notice' AND client_type = 'operator' \
             AND verdict = '{verdict}'"
        );
        assert_eq!(service.count(&kept).await, 1, "{answer}");
        let audited = format!("audit_events WHERE action = '{action}'");
        assert_eq!(service.count(&audited).await, 1, "{answer}");
        let me = service.me(login.access()).await;
        me.fails(401, "session_revoked");
    }
}
