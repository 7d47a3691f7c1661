//! Our own token when it is lost behind our back, many at once, and what is
//! counted of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{
    OPENID, PHONE, TOKEN, clock, config, counted, errcode, gateway, login_code, mini, openid,
    phone_code, phone_info, sent_token, server, session, token,
};
use menshen_domain::model::wechat_login::LoginProof;
use menshen_domain::ports::wechat_gateway::WeChatGateway as _;
use menshen_domain::ports::wechat_token_cache::{WeChatAccessToken, WeChatTokenCache as _};
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use menshen_wechat::{LocalTokenCache, OfficialGateway};
use tokio::task::JoinSet;

async fn phones(gateway: &Arc<OfficialGateway>, people: usize) -> usize {
    let mut all = JoinSet::new();
    for _ in 0..people {
        let gateway = Arc::clone(gateway);
        all.spawn(async move {
            let (app, code, openid) = (mini(), phone_code(), openid());
            gateway.phone_number(&app, &code, &openid).await.is_ok()
        });
    }
    all.join_all().await.into_iter().filter(|ok| *ok).count()
}

/// Hands out `T1`, `T2`, …; refuses `T1` with `refusal` once it is revoked.
async fn revocable(refusal: i64) -> (MockServer, Arc<AtomicBool>) {
    let (issued, revoked) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
    let flag = Arc::clone(&revoked);
    let wechat = server(move |seen: &Seen, _| {
        let revoked = flag.load(Ordering::SeqCst);
        match seen.path() {
            TOKEN => {
                let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
                token(&format!("T{number}"), 7200)
            }
            _ if sent_token(seen) == "T1" && revoked => errcode(refusal),
            _ => Reaction::ok(phone_info()),
        }
    })
    .await;
    (wechat, revoked)
}

#[tokio::test]
async fn a_hundred_at_once_notice_nothing_of_a_revoked_token_and_cost_one_call() {
    for refusal in [40001, 42001, 40014] {
        let (wechat, revoked) = revocable(refusal).await;
        let (gateway, counts) = counted(&[&wechat.url()]);
        let gateway = Arc::new(gateway);
        assert_eq!(phones(&gateway, 1).await, 1);
        revoked.store(true, Ordering::SeqCst);
        assert_eq!(phones(&gateway, 100).await, 100, "{refusal}");
        assert_eq!(wechat.count(TOKEN), 2, "{refusal}: one extra call");
        let renewals =
            |cause| counts.of(&format!("wechat_token_renewals_total{{cause=\"{cause}\"}}"));
        assert_eq!(renewals("expired"), 1);
        assert_eq!(renewals("foreign_invalidation"), 1);
        assert_eq!(renewals("forced"), 0);
    }
}

#[tokio::test]
async fn two_replicas_that_share_a_store_ask_for_one_token() {
    let (wechat, revoked) = revocable(40001).await;
    let cache = Arc::new(LocalTokenCache::default());
    let replica = || {
        let config = config(&[&wechat.url()], Duration::from_millis(1200));
        OfficialGateway::with_token_cache(config, clock(), cache.clone()).unwrap()
    };
    let (one, two) = (Arc::new(replica()), Arc::new(replica()));
    assert_eq!((phones(&one, 1).await, phones(&two, 1).await), (1, 1));
    assert_eq!(wechat.count(TOKEN), 1);
    revoked.store(true, Ordering::SeqCst);
    assert_eq!(phones(&one, 10).await, 10);
    assert_eq!(
        phones(&two, 10).await,
        10,
        "it takes what the other renewed"
    );
    assert_eq!(wechat.count(TOKEN), 2);
}

#[tokio::test]
async fn a_process_that_starts_while_wechat_gives_no_token_takes_the_shared_one() {
    let cache = Arc::new(LocalTokenCache::default());
    let old = WeChatAccessToken {
        value: "OLD".into(),
        fresh_for: Duration::ZERO,
        expires_in: Duration::from_mins(5),
    };
    cache.keep(&mini().id, &old).await.unwrap();
    let wechat = server(|seen: &Seen, _| match seen.path() {
        TOKEN => Reaction::status(502, ""),
        _ if sent_token(seen) == "OLD" => Reaction::ok(phone_info()),
        _ => errcode(40001),
    })
    .await;
    let config = config(&[&wechat.url()], Duration::from_millis(1200));
    let gateway = OfficialGateway::with_token_cache(config, clock(), cache).unwrap();
    assert_eq!(phones(&Arc::new(gateway), 1).await, 1);
}

#[tokio::test]
async fn logins_by_code_do_without_a_token_that_cannot_be_had() {
    for refusal in [40164, 40243, 40125] {
        let wechat = server(move |seen: &Seen, _| match seen.path() {
            TOKEN => errcode(refusal),
            _ => Reaction::ok(session()),
        })
        .await;
        let gateway = Arc::new(gateway(&[&wechat.url()]));
        assert_eq!(phones(&gateway, 1).await, 0);
        let code = login_code();
        let person = gateway.identify(&mini(), LoginProof::Code(&code)).await;
        assert_eq!(person.unwrap().openid.as_str(), OPENID);
        assert_eq!(wechat.count(PHONE), 0);
    }
}

#[tokio::test]
async fn a_token_that_wechat_gives_out_and_refuses_is_counted_as_forced() {
    let wechat = server(|seen: &Seen, _| match seen.path() {
        TOKEN if seen.text().contains(r#""force_refresh":true"#) => token("FORCED", 7200),
        TOKEN => token("STUCK", 7200),
        _ if sent_token(seen) == "FORCED" => Reaction::ok(phone_info()),
        _ => errcode(40001),
    })
    .await;
    let (gateway, counts) = counted(&[&wechat.url()]);
    assert_eq!(phones(&Arc::new(gateway), 1).await, 1);
    let forced = counts.of("wechat_token_renewals_total{cause=\"forced\"}");
    assert_eq!(forced, 1);
}
