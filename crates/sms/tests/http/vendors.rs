//! What every vendor makes of answers that are none.

use menshen_domain::ports::sms_sender::{SmsDelivery, SmsSendError as E, SmsSender as _};
use menshen_outbound::mock::Reaction;

use crate::support::{CODE, always, every_vendor, message, sender};

#[tokio::test]
async fn nonsense_after_the_request_leaves_its_fate_open() {
    for reaction in [
        Reaction::ok("<html>"),
        Reaction::ok(r#"{"Response":{"SendStatusSet":[{"Code":"Ok""#),
        Reaction::Close,
        Reaction::Endless,
        Reaction::CutShort(b"{".to_vec()),
    ] {
        let label = format!("{reaction:?}");
        let server = always(reaction).await;
        for vendor in every_vendor(&server.url()) {
            // To a webhook any whole 2xx means sent.
            let name = vendor.name();
            let sent = sender(vec![vendor]).send(&message()).await.verdict;
            let open = matches!(sent, Ok(SmsDelivery::Unknown { .. }));
            let taken = matches!(sent, Ok(SmsDelivery::Accepted { .. }));
            assert!(
                open || (name == "webhook" && taken),
                "{name} {label}: {sent:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_front_proxys_page_goes_by_its_status() {
    for (status, ours) in [(302, true), (403, true), (429, false), (502, false)] {
        let server = always(Reaction::status(status, "<html>")).await;
        for vendor in every_vendor(&server.url()) {
            let name = vendor.name();
            let refused = sender(vec![vendor]).send(&message()).await.verdict;
            let told = matches!(refused, Err(E::Misconfigured(_)));
            assert_eq!(told, ours, "{name} {status}: {refused:?}");
        }
    }
}

/// The code travels in a body or a signed query, never in a path or a header.
#[tokio::test]
async fn the_code_is_where_no_proxy_logs_it() {
    let server = always(Reaction::status(502, "")).await;
    for vendor in every_vendor(&server.url()) {
        let _ = sender(vec![vendor]).send(&message()).await;
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 14, "seven vendors, each asked twice");
    for request in seen {
        assert!(!request.path().contains(CODE), "{}", request.path());
        let told = request
            .headers
            .iter()
            .any(|(_, value)| value.contains(CODE));
        assert!(!told, "{}", request.path());
        assert!(request.text().contains(CODE) || request.query().contains(CODE));
    }
}
