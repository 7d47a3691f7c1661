//! Who is asked next, who is asked again, and who never.

use std::time::{Duration, Instant};

use menshen_domain::ports::sms_sender::{SmsDelivery, SmsSendError as E, SmsSender as _};
use menshen_outbound::mock::Reaction;

use crate::support::{aliyun, always, code, code_saying, message, sender, server, webhook};

fn took(delivery: &SmsDelivery) -> &'static str {
    match delivery {
        SmsDelivery::Accepted { vendor, .. } | SmsDelivery::Unknown { vendor } => vendor,
    }
}

#[tokio::test]
async fn the_next_vendor_takes_what_the_first_refuses_for_its_own_reasons() {
    for (reaction, calls) in [
        (code("isv.AMOUNT_NOT_ENOUGH"), 1),
        (code("isv.SMS_SIGNATURE_ILLEGAL"), 1),
        (code("isv.SMS_CONTENT_ILLEGAL"), 1),
        (code("isp.SYSTEM_ERROR"), 2),
        (code("Throttling"), 2),
        (code("InvalidTimeStamp.Expired"), 2),
        (Reaction::status(502, "<html>"), 2),
    ] {
        let first = always(reaction).await;
        let second = always(Reaction::ok("")).await;
        let sender = sender(vec![aliyun(&first.url()), webhook(&second.url())]);
        let sent = sender.send(&message()).await.verdict.unwrap();
        assert_eq!(took(&sent), "webhook");
        assert_eq!((first.seen().len(), second.seen().len()), (calls, 1));
        assert!(second.seen()[0].text().contains("048291"), "the same code");
    }
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_sent_nothing() {
    let second = always(Reaction::ok("")).await;
    let sender = sender(vec![aliyun("http://127.0.0.1:1"), webhook(&second.url())]);
    assert_eq!(
        took(&sender.send(&message()).await.verdict.unwrap()),
        "webhook"
    );
}

#[tokio::test]
async fn what_blames_or_protects_the_recipient_goes_no_further() {
    for reaction in [
        code("isv.MOBILE_NUMBER_ILLEGAL"),
        code("isv.CUSTOMER_REFUSED"),
        code_saying("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1"),
    ] {
        let first = always(reaction).await;
        let second = always(Reaction::ok("")).await;
        let sender = sender(vec![aliyun(&first.url()), webhook(&second.url())]);
        let error = sender.send(&message()).await.verdict.unwrap_err();
        assert!(matches!(error, E::Unreachable | E::NumberLimited { .. }));
        assert_eq!((first.seen().len(), second.seen().len()), (1, 0));
    }
}

#[tokio::test]
async fn what_may_have_been_sent_is_sent_by_nobody_else() {
    let first = always(Reaction::Hang).await;
    let second = always(Reaction::ok("")).await;
    let sender = sender(vec![aliyun(&first.url()), webhook(&second.url())]);
    let begun = Instant::now();
    let sent = sender.send(&message()).await.verdict.unwrap();
    assert_eq!(sent, SmsDelivery::Unknown { vendor: "aliyun" });
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!((first.seen().len(), second.seen().len()), (1, 0));
}

#[tokio::test]
async fn everything_ends_within_six_seconds() {
    let slow = |first: Reaction| Reaction::Slow(Duration::from_millis(1900), Box::new(first));
    let first = always(slow(Reaction::status(502, ""))).await;
    let second = always(slow(Reaction::status(502, ""))).await;
    let third = always(Reaction::Hang).await;
    let vendors = vec![
        aliyun(&first.url()),
        webhook(&second.url()),
        webhook(&third.url()),
    ];
    let begun = Instant::now();
    let _ = sender(vendors).send(&message()).await.verdict;
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_vendor_that_fails_again_and_again_is_left_alone() {
    let first = always(Reaction::status(502, "")).await;
    let second = always(Reaction::ok("")).await;
    let sender = sender(vec![aliyun(&first.url()), webhook(&second.url())]);
    for _ in 0..8 {
        assert_eq!(
            took(&sender.send(&message()).await.verdict.unwrap()),
            "webhook"
        );
    }
    assert_eq!(first.seen().len(), 10, "five messages, two tries each");
    assert_eq!(second.seen().len(), 8);
}

#[tokio::test]
async fn a_vendor_that_refuses_our_account_is_asked_last_for_a_while() {
    let first = always(code("isv.AMOUNT_NOT_ENOUGH")).await;
    let second = always(Reaction::ok("")).await;
    let sender_ = sender(vec![aliyun(&first.url()), webhook(&second.url())]);
    for _ in 0..3 {
        assert_eq!(
            took(&sender_.send(&message()).await.verdict.unwrap()),
            "webhook"
        );
    }
    assert_eq!((first.seen().len(), second.seen().len()), (1, 3));

    // Alone it is asked every time: the operator may just have paid.
    let only = server(|_, before| match before {
        0 => code("isv.AMOUNT_NOT_ENOUGH"),
        _ => code("OK"),
    })
    .await;
    let sender = sender(vec![aliyun(&only.url())]);
    assert!(matches!(
        sender.send(&message()).await.verdict,
        Err(E::Misconfigured(_))
    ));
    assert!(sender.send(&message()).await.verdict.is_ok());
}

#[tokio::test]
async fn a_number_that_the_template_does_not_serve_costs_the_vendor_nothing() {
    let first = server(|_, before| match before {
        0 => code("isv.DOMESTIC_NUMBER_NOT_SUPPORTED"),
        _ => code("OK"),
    })
    .await;
    let second = always(Reaction::ok("")).await;
    let sender = sender(vec![aliyun(&first.url()), webhook(&second.url())]);
    assert_eq!(
        took(&sender.send(&message()).await.verdict.unwrap()),
        "webhook"
    );
    assert_eq!(
        took(&sender.send(&message()).await.verdict.unwrap()),
        "aliyun"
    );
}

#[tokio::test]
async fn without_a_vendor_nothing_is_sent() {
    let error = sender(Vec::new())
        .send(&message())
        .await
        .verdict
        .unwrap_err();
    assert!(matches!(error, E::Unavailable { .. }));
}
