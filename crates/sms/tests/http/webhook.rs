//! What the operator's own address is sent, and what its answers mean.

use menshen_domain::model::sms_delivery::SendOutcome;
use menshen_domain::ports::sms_sender::{SmsDelivery, SmsSendError as E, SmsSender as _};
use menshen_outbound::mock::Reaction;
use menshen_sms::webhook::signature::WebhookKey;
use menshen_sms::{VendorConfigError, Webhook, WebhookConfig};

use crate::support::{HOOK_SECRET, NOW, always, clock, message, sender, server, webhook};

#[tokio::test]
async fn the_body_is_the_contracts_and_is_signed() {
    let hook = always(Reaction::status(204, "")).await;
    let sent = sender(vec![webhook(&hook.url())])
        .send(&message())
        .await
        .verdict
        .unwrap();
    assert_eq!(sent, SmsDelivery::Accepted { vendor: "webhook" });
    let seen = hook.seen().remove(0);
    assert_eq!(
        seen.text(),
        r#"{"phone":"+8613800138000","code":"048291","purpose":"login","expires_in":600}"#
    );
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(
        seen.header("webhook-timestamp"),
        Some(NOW.to_string().as_str())
    );
    let id = seen.header("webhook-id").unwrap();
    assert!(id.starts_with("msg_"));
    let signature = WebhookKey::parse(&HOOK_SECRET.into())
        .unwrap()
        .sign(id, NOW, &seen.body);
    assert_eq!(seen.header("webhook-signature"), Some(signature.as_str()));
}

#[tokio::test]
async fn all_tries_of_a_message_have_one_id_and_two_messages_have_two() {
    let hook = server(|_, before| match before {
        0 => Reaction::status(500, ""),
        _ => Reaction::ok(r#"{"message_id":"m-1"}"#),
    })
    .await;
    let sender = sender(vec![webhook(&hook.url())]);
    let report = sender.send(&message()).await;
    let sent = SmsDelivery::Accepted { vendor: "webhook" };
    assert_eq!(report.verdict.unwrap(), sent);
    let told = report.attempts.iter().map(|attempt| {
        let message_id = attempt.message_id.as_deref();
        (attempt.vendor, attempt.outcome, message_id)
    });
    let told: Vec<_> = told.collect();
    assert_eq!(
        told,
        [
            ("webhook", SendOutcome::VendorFault, None),
            ("webhook", SendOutcome::Accepted, Some("m-1")),
        ]
    );
    sender.send(&message()).await.verdict.unwrap();
    let ids: Vec<String> = hook
        .seen()
        .iter()
        .map(|seen| seen.header("webhook-id").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
}

#[tokio::test]
async fn a_2xx_means_sent_unless_its_body_says_otherwise() {
    for body in ["", "ok", "{}", "[1]", r#"{"error":null}"#] {
        let hook = always(Reaction::ok(body)).await;
        let sent = sender(vec![webhook(&hook.url())])
            .send(&message())
            .await
            .verdict;
        assert!(matches!(sent, Ok(SmsDelivery::Accepted { .. })), "{body}");
    }
    let hook = always(Reaction::ok(
        r#"{"error":{"http_code":401,"message":"no"}}"#,
    ))
    .await;
    let refused = sender(vec![webhook(&hook.url())])
        .send(&message())
        .await
        .verdict;
    assert!(matches!(refused, Err(E::Misconfigured(_))));
}

#[tokio::test]
async fn a_status_has_its_meaning() {
    for (status, ours, calls) in [
        (401, true, 1),
        (302, true, 1),
        (500, false, 2),
        (429, false, 2),
    ] {
        let hook = always(Reaction::status(status, "")).await;
        let error = sender(vec![webhook(&hook.url())])
            .send(&message())
            .await
            .verdict
            .unwrap_err();
        assert_eq!(matches!(error, E::Misconfigured(_)), ours, "{status}");
        assert_eq!(hook.seen().len(), calls, "{status}");
    }
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_not_waited_for() {
    let hook = always(Reaction::Answer {
        status: 503,
        headers: vec![("retry-after", "30".to_owned())],
        body: Vec::new(),
    })
    .await;
    let refused = sender(vec![webhook(&hook.url())])
        .send(&message())
        .await
        .verdict;
    assert!(matches!(refused, Err(E::Unavailable { .. })));
    assert_eq!(hook.seen().len(), 1);
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let of = |url: &str| {
        let config = WebhookConfig {
            url: url.to_owned(),
            secret: HOOK_SECRET.into(),
            notices: false,
        };
        Webhook::new(&config, clock()).err()
    };
    assert!(of("https://sms.example/hook").is_none());
    assert!(of("http://localhost:9000/hook").is_none());
    assert!(matches!(
        of("http://sms.example/hook"),
        Some(VendorConfigError::NotHttps)
    ));
    assert!(matches!(
        of("sms.example"),
        Some(VendorConfigError::Address(_))
    ));
}
