//! Phone codes over real HTTP, and the access token that they need.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{
    CODE, OPENID, PHONE, SECRET, TOKEN, errcode, gateway, mini, openid, phone_code, phone_info,
    sent_token, server, token, unspent,
};
use menshen_domain::ports::wechat_gateway::{WeChatGateway as _, WeChatGatewayError as E};
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use menshen_wechat::OfficialGateway;
use tokio::task::JoinSet;

async fn phone(gateway: &OfficialGateway) -> Result<String, E> {
    let phone = gateway
        .phone_number(&mini(), &phone_code(), &openid())
        .await?;
    Ok(phone.number.as_e164().to_owned())
}

/// Hands out `T1`, `T2`, … and takes only the tokens that `taken` names.
async fn renewing(life: u64, taken: impl Fn(&str) -> bool + Send + Sync + 'static) -> MockServer {
    let issued = AtomicUsize::new(0);
    server(move |seen: &Seen, _| {
        if seen.path() == TOKEN {
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            return token(&format!("T{number}"), life);
        }
        match sent_token(seen) {
            sent if taken(sent) => Reaction::ok(phone_info()),
            _ => errcode(40001),
        }
    })
    .await
}

#[tokio::test]
async fn code_and_openid_go_along_under_a_stable_token() {
    let wechat = renewing(7200, |_| true).await;
    let gateway = gateway(&[&wechat.url()]);
    assert_eq!(phone(&gateway).await.unwrap(), "+8613580006666");
    assert_eq!(phone(&gateway).await.unwrap(), "+8613580006666");
    assert_eq!(wechat.count(TOKEN), 1, "the token is kept");
    let seen = wechat.seen();
    let asked: serde_json::Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!(asked["grant_type"], "client_credential");
    assert_eq!(asked["secret"], SECRET);
    assert_eq!(asked["force_refresh"], false);
    assert_eq!(seen[0].query(), "");
    let sent: serde_json::Value = serde_json::from_slice(&seen[1].body).unwrap();
    assert_eq!(sent, serde_json::json!({"code": CODE, "openid": OPENID}));
    for request in &seen {
        assert_eq!(request.method, "POST");
        assert!(request.header("content-length").is_some());
        assert!(request.header("transfer-encoding").is_none());
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_user_notices_nothing() {
    for refusal in [40001, 40014, 42001] {
        let issued = AtomicUsize::new(0);
        let wechat = server(move |seen: &Seen, _| {
            if seen.path() == TOKEN {
                let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
                return token(&format!("T{number}"), 7200);
            }
            match sent_token(seen) {
                "T1" => errcode(refusal),
                _ => Reaction::ok(phone_info()),
            }
        })
        .await;
        assert!(phone(&gateway(&[&wechat.url()])).await.is_ok());
        assert_eq!((wechat.count(TOKEN), wechat.count(PHONE)), (2, 2));
    }
}

#[tokio::test]
async fn a_token_that_is_always_refused_ends_after_one_renewal() {
    let wechat = renewing(7200, |_| false).await;
    let error = phone(&gateway(&[&wechat.url()])).await.unwrap_err();
    assert_eq!(unspent(&error), Some(true));
    assert_eq!((wechat.count(TOKEN), wechat.count(PHONE)), (2, 2));
}

#[tokio::test]
async fn a_hundred_at_once_fetch_one_token() {
    let wechat = renewing(7200, |_| true).await;
    let gateway = Arc::new(gateway(&[&wechat.url()]));
    let mut all = JoinSet::new();
    for _ in 0..100 {
        let gateway = Arc::clone(&gateway);
        all.spawn(async move { phone(&gateway).await.is_ok() });
    }
    assert!(all.join_all().await.into_iter().all(|ok| ok));
    assert_eq!(wechat.count(TOKEN), 1);
}

#[tokio::test]
async fn the_very_token_that_was_refused_is_renewed_by_force_once() {
    let wechat = server(|seen: &Seen, _| match seen.path() {
        TOKEN if seen.text().contains(r#""force_refresh":true"#) => token("FORCED", 7200),
        TOKEN => token("STUCK", 7200),
        _ if sent_token(seen) == "FORCED" => Reaction::ok(phone_info()),
        _ => errcode(40001),
    })
    .await;
    let gateway = gateway(&[&wechat.url()]);
    assert!(phone(&gateway).await.is_ok());
    assert_eq!(wechat.count(TOKEN), 3);

    let stuck = server(|seen: &Seen, _| match seen.path() {
        TOKEN => token("STUCK", 7200),
        _ => errcode(40001),
    })
    .await;
    let gateway = crate::support::gateway(&[&stuck.url()]);
    for _ in 0..10 {
        assert_eq!(unspent(&phone(&gateway).await.unwrap_err()), Some(true));
    }
    let forced = stuck
        .seen()
        .iter()
        .filter(|s| s.text().contains("true"))
        .count();
    assert_eq!(forced, 1, "force is rationed");
    assert!(stuck.count(TOKEN) <= 15);
}

#[tokio::test]
async fn a_wrong_secret_is_asked_about_once_in_a_while() {
    for refusal in [40001, 40125, 40164, 40243] {
        let wechat = server(move |_, _| errcode(refusal)).await;
        let gateway = gateway(&[&wechat.url()]);
        for _ in 0..20 {
            assert!(matches!(phone(&gateway).await, Err(E::Misconfigured(_))));
        }
        assert_eq!(
            (wechat.count(TOKEN), wechat.count(PHONE)),
            (1, 0),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn a_short_life_makes_no_hot_loop_and_no_eternal_token() {
    for life in [0, 1] {
        let wechat = renewing(life, |_| true).await;
        let gateway = gateway(&[&wechat.url()]);
        for _ in 0..20 {
            phone(&gateway).await.unwrap();
        }
        assert!(wechat.count(TOKEN) <= 2, "{life}");
        tokio::time::sleep(Duration::from_millis(1100)).await;
        phone(&gateway).await.unwrap();
        assert!(wechat.count(TOKEN) >= 2, "{life}");
    }
    let wechat = renewing(299, |_| true).await;
    let gateway = gateway(&[&wechat.url()]);
    for _ in 0..20 {
        phone(&gateway).await.unwrap();
    }
    assert_eq!(wechat.count(TOKEN), 1);
}

#[tokio::test]
async fn trouble_with_the_token_leaves_the_code_unspent() {
    for reaction in [
        Reaction::Hang,
        Reaction::Close,
        Reaction::ok(""),
        Reaction::ok(r#"{"expires_in":7200}"#),
        errcode(-1),
        errcode(77_777),
    ] {
        let wechat = server(move |_, _| reaction.clone()).await;
        let error = phone(&gateway(&[&wechat.url()])).await.unwrap_err();
        assert_eq!(unspent(&error), Some(true));
        assert_eq!(wechat.count(PHONE), 0);
    }
}

#[tokio::test]
async fn a_phone_code_is_sent_once_unless_wechat_was_busy() {
    for (reaction, calls, expected) in [
        (Reaction::Hang, 1, Some(false)),
        (Reaction::Close, 1, Some(false)),
        (Reaction::status(412, ""), 1, Some(false)),
        (errcode(-1), 2, Some(true)),
        (errcode(40029), 1, None),
        (errcode(40013), 1, None),
        (errcode(48001), 1, None),
    ] {
        let wechat = server(move |seen: &Seen, _| match seen.path() {
            TOKEN => token("T", 7200),
            _ => reaction.clone(),
        })
        .await;
        let error = phone(&gateway(&[&wechat.url()])).await.unwrap_err();
        assert_eq!(unspent(&error), expected, "{error}");
        assert_eq!(wechat.count(PHONE), calls, "{error}");
    }
}

#[tokio::test]
async fn a_limit_on_the_application_is_kept_without_asking_again() {
    let wechat = server(|seen: &Seen, _| match seen.path() {
        TOKEN => token("T", 7200),
        _ => errcode(45011),
    })
    .await;
    let gateway = gateway(&[&wechat.url()]);
    for _ in 0..3 {
        let Err(E::Busy { retry_after }) = phone(&gateway).await else {
            panic!("expected to be told to slow down");
        };
        assert!((50..=60).contains(&retry_after.as_secs()));
    }
    assert_eq!(wechat.count(PHONE), 1);
}

#[tokio::test]
async fn an_old_token_serves_while_wechat_gives_no_new_one() {
    // Fresh for one second, good for two.
    let wechat = server(|seen: &Seen, before| match seen.path() {
        TOKEN if before == 0 => token("T1", 2),
        TOKEN => Reaction::status(502, ""),
        _ => Reaction::ok(phone_info()),
    })
    .await;
    let gateway = gateway(&[&wechat.url()]);
    phone(&gateway).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1900)).await;
    phone(&gateway).await.unwrap();
}
