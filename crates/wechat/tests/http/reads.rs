//! Calls that change nothing: profiles, risk, session keys.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::support::{
    APP, CHECK, OPENID, PROFILE, RISK, SESSION_KEY, TOKEN, app, counted, errcode, gateway,
    gateway_within, mini, openid, sent_token, server, token, unspent,
};
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::wechat::{AppKind, SessionKey};
use menshen_domain::model::wechat_login::{ProfileTicket, RiskRank, UserRisk};
use menshen_domain::ports::wechat_gateway::{WeChatGateway as _, WeChatGatewayError as E};
use menshen_outbound::mock::{Reaction, Seen};
use menshen_wechat::OfficialGateway;
use serde_json::{Value, json};

fn ticket() -> ProfileTicket {
    ProfileTicket::new(openid(), "USER-TOKEN".into())
}

fn profile() -> Reaction {
    Reaction::ok(format!(
        r#"{{"openid":"{OPENID}","nickname":"Band","headimgurl":"http://thirdwx.qlogo.cn/a/132"}}"#
    ))
}

fn ranked(rank: u8) -> Reaction {
    Reaction::ok(format!(
        r#"{{"errcode":0,"errmsg":"getuserriskrank succ","risk_rank":{rank},"unoin_id":2258658297}}"#
    ))
}

async fn risk(gateway: &OfficialGateway, phone: Option<&str>) -> UserRisk {
    let address: IpAddr = "::ffff:203.0.113.7".parse().unwrap();
    let phone = phone.map(|text| PhoneNumber::parse(text).unwrap());
    gateway.user_risk(&mini(), &openid(), address, phone).await
}

async fn is_live(gateway: &OfficialGateway) -> Result<bool, E> {
    let key = SessionKey::parse(SESSION_KEY).unwrap();
    gateway.session_key_is_live(&mini(), &openid(), &key).await
}

#[tokio::test]
async fn a_profile_is_read_with_the_users_own_token() {
    let wechat = server(|_, _| profile()).await;
    let read = gateway(&[&wechat.url()])
        .profile(&app(AppKind::Website), &ticket())
        .await
        .unwrap();
    assert_eq!(read.nickname.unwrap().as_str(), "Band");
    let avatar = read.avatar_url.unwrap();
    assert_eq!(avatar.as_str(), "https://thirdwx.qlogo.cn/a/132");
    let seen = wechat.seen();
    assert_eq!(seen.len(), 1, "our own token is not asked for");
    assert_eq!(seen[0].method, "GET");
    assert_eq!(
        seen[0].target,
        format!("{PROFILE}?access_token=USER-TOKEN&openid={OPENID}&lang=zh_CN")
    );
}

#[tokio::test]
async fn a_ticket_that_is_no_good_renews_nothing() {
    for refusal in [40001, 40014, 42001, 40003] {
        let wechat = server(move |_, _| errcode(refusal)).await;
        let gateway = gateway(&[&wechat.url()]);
        let error = gateway.profile(&app(AppKind::App), &ticket()).await;
        assert!(matches!(error, Err(E::CodeRefused)), "{refusal}");
        assert_eq!((wechat.count(PROFILE), wechat.count(TOKEN)), (1, 0));
    }
}

#[tokio::test]
async fn a_read_is_tried_once_more_whatever_happened_to_it() {
    for reaction in [
        errcode(-1),
        Reaction::Close,
        Reaction::status(502, "<html>"),
        Reaction::ok(""),
    ] {
        let wechat = server(move |_, before| match before {
            0 => reaction.clone(),
            _ => profile(),
        })
        .await;
        let gateway = gateway(&[&wechat.url()]);
        let read = gateway.profile(&app(AppKind::App), &ticket()).await;
        assert!(read.is_ok());
        assert_eq!(wechat.count(PROFILE), 2);
    }
}

/// Each kind of read, against each way of failing for good.
#[tokio::test]
async fn no_read_is_tried_more_than_twice() {
    for reaction in [
        errcode(-1),
        Reaction::Close,
        Reaction::status(502, ""),
        Reaction::ok(""),
    ] {
        let label = format!("{reaction:?}");
        let wechat = server(move |seen: &Seen, _| match seen.path() {
            TOKEN => token("T", 7200),
            _ => reaction.clone(),
        })
        .await;
        let gateway = gateway(&[&wechat.url()]);
        let read = gateway.profile(&app(AppKind::App), &ticket()).await;
        assert!(matches!(read, Err(E::Unavailable { .. })), "{label}");
        assert_eq!(risk(&gateway, None).await, UserRisk::Unknown, "{label}");
        assert!(is_live(&gateway).await.is_err(), "{label}");
        for path in [PROFILE, RISK, CHECK] {
            assert_eq!(wechat.count(path), 2, "{label}: {path}");
        }
    }
}

#[tokio::test]
async fn a_read_moves_on_to_a_host_that_answers() {
    let wechat = server(|_, _| profile()).await;
    let gateway = gateway(&["http://127.0.0.1:1", &wechat.url()]);
    assert!(gateway.profile(&app(AppKind::App), &ticket()).await.is_ok());
}

#[tokio::test]
async fn tries_of_a_read_share_one_deadline() {
    let wechat = server(|_, _| Reaction::Hang).await;
    let gateway = gateway_within(&[&wechat.url()], Duration::from_millis(400));
    let begun = Instant::now();
    assert!(
        gateway
            .profile(&app(AppKind::App), &ticket())
            .await
            .is_err()
    );
    assert!(begun.elapsed() < Duration::from_millis(900));
}

#[tokio::test]
async fn the_risk_of_a_sign_up_is_asked_as_documented() {
    let wechat = server(|seen: &Seen, _| match seen.path() {
        TOKEN => token("T", 7200),
        _ => ranked(3),
    })
    .await;
    let gateway = gateway(&[&wechat.url()]);
    let three = UserRisk::Rank(RiskRank::new(3).unwrap());
    assert_eq!(risk(&gateway, None).await, three);
    assert_eq!(risk(&gateway, Some("+8613580006666")).await, three);
    let seen = wechat.seen();
    let bodies: Vec<Value> = seen[1..]
        .iter()
        .map(|seen| serde_json::from_slice(&seen.body).unwrap())
        .collect();
    let mut expected =
        json!({"appid": APP, "openid": OPENID, "scene": 0, "client_ip": "203.0.113.7"});
    assert_eq!(bodies[0], expected);
    expected["mobile_no"] = "+8613580006666".into();
    assert_eq!(bodies[1], expected);
    assert_eq!(seen[1].method, "POST");
    assert_eq!(sent_token(&seen[1]), "T");
    assert!(seen[1].header("content-length").is_some());
}

#[tokio::test]
async fn an_unknown_risk_is_no_error_and_is_counted() {
    for reaction in [
        errcode(61010),
        errcode(48001),
        errcode(40003),
        errcode(43104),
        errcode(99_999),
        errcode(45009),
        ranked(9),
        Reaction::status(502, ""),
        Reaction::Close,
    ] {
        let label = format!("{reaction:?}");
        let wechat = server(move |seen: &Seen, _| match seen.path() {
            TOKEN => token("T", 7200),
            _ => reaction.clone(),
        })
        .await;
        let (gateway, counts) = counted(&[&wechat.url()]);
        assert_eq!(risk(&gateway, None).await, UserRisk::Unknown, "{label}");
        assert_eq!(counts.of("wechat_unknown_risks_total"), 1, "{label}");
    }
    let gateway = gateway(&["http://127.0.0.1:1"]);
    assert_eq!(risk(&gateway, None).await, UserRisk::Unknown);
}

#[tokio::test]
async fn an_application_without_the_right_to_ask_is_not_asked_about_each_sign_up() {
    let wechat = server(|seen: &Seen, _| match seen.path() {
        TOKEN => token("T", 7200),
        _ => errcode(48001),
    })
    .await;
    let gateway = gateway(&[&wechat.url()]);
    for _ in 0..10 {
        assert_eq!(risk(&gateway, None).await, UserRisk::Unknown);
    }
    assert_eq!(wechat.count(RISK), 1);
}

#[tokio::test]
async fn a_session_key_is_shown_to_wechat_by_its_signature_alone() {
    let wechat = server(|seen: &Seen, _| match seen.path() {
        TOKEN => token("T", 7200),
        _ => Reaction::ok(r#"{"errcode":0,"errmsg":"ok"}"#),
    })
    .await;
    assert!(is_live(&gateway(&[&wechat.url()])).await.unwrap());
    let seen = &wechat.seen()[1];
    assert_eq!(
        (seen.method.as_str(), seen.body.as_slice()),
        ("GET", &[][..])
    );
    assert_eq!(
        seen.target,
        format!(
            "{CHECK}?access_token=T&openid={OPENID}&signature=7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735&sig_method=hmac_sha256"
        )
    );
}

#[tokio::test]
async fn a_dead_session_key_is_told_from_a_question_that_failed() {
    for (refusal, expected) in [
        (87009, Some(false)),
        (87007, Some(false)),
        (40003, Some(false)),
        (87008, None),
        (45009, None),
        (-1, None),
    ] {
        let wechat = server(move |seen: &Seen, _| match seen.path() {
            TOKEN => token("T", 7200),
            _ => errcode(refusal),
        })
        .await;
        let answer = is_live(&gateway(&[&wechat.url()])).await;
        assert_eq!(answer.as_ref().ok().copied(), expected, "{refusal}");
        if refusal == -1 {
            assert_eq!(unspent(&answer.unwrap_err()), Some(true));
            assert_eq!(wechat.count(CHECK), 2);
        }
    }
}

#[tokio::test]
async fn a_read_under_our_token_renews_it_once() {
    let wechat = server(|seen: &Seen, before| match seen.path() {
        TOKEN if before == 0 => token("T1", 7200),
        TOKEN => token("T2", 7200),
        _ if sent_token(seen) == "T1" => errcode(42001),
        _ => ranked(0),
    })
    .await;
    let none = UserRisk::Rank(RiskRank::new(0).unwrap());
    assert_eq!(risk(&gateway(&[&wechat.url()]), None).await, none);
    assert_eq!((wechat.count(TOKEN), wechat.count(RISK)), (2, 2));
}
