//! What a dump of Redis tells: nothing of anybody. And that every key has an end.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod support;

use std::time::Duration;

use menshen_domain::model::client::ClientType;
use menshen_domain::model::evidence::WeChatIdentity;
use menshen_domain::model::limits::{LimitKey, LimitRule, Window};
use menshen_domain::model::spend::SpendScope;
use menshen_domain::model::verification::{ChallengeId, CodeScope, CodeSeed, Purpose};
use menshen_domain::model::wechat::{
    AppId, AppKind, OpenId, Platform, SessionKey, UnionId, WeChatApp,
};
use menshen_domain::ports::code_store::CodeStore as _;
use menshen_domain::ports::rate_limiter::{Admission, MessagePlaces, RateLimiter as _, Remembered};
use menshen_domain::ports::replay_ledger::{Binding, ProofKey, ProofRecord, ReplayLedger as _};
use menshen_domain::ports::wechat_gateway::WeChatIdentification;
use menshen_domain::ports::wechat_token_cache::{WeChatAccessToken, WeChatTokenCache as _};
use menshen_redis::rate_limiter::RedisRateLimiter;
use menshen_testkit::sample::{SeededRandomness, phone};
use menshen_testkit::servers::redis::RedisServer;
use support::Stores;

const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
const UNIONID: &str = "o6_bmasdasdsad6_2sgVt7hMZOPfL";
const SESSION_KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const TOKEN: &str = "ACCESS-TOKEN-OF-THE-APP";
const HOUR: Duration = Duration::from_hours(1);

/// Messages whose past is told, weighed, given back and proven.
async fn send_and_prove(limiter: &RedisRateLimiter, windows: &[Window]) {
    assert!(limiter.recall(&[]).await.unwrap());
    let person = LimitKey::SmsPhone(phone(2));
    assert!(limiter.recall_person(&person, &[]).await.unwrap());
    let places = MessagePlaces {
        windows: windows.to_vec(),
        person: Some(LimitKey::SmsPhone(phone(1))),
        scopes: vec![
            SpendScope::Deployment,
            SpendScope::Network([203, 0, 113, 0].into()),
            SpendScope::Prefix(phone(1).prefix()),
        ],
    };
    for gives_back in [true, false] {
        let sent = limiter.reserve_recalled(&places).await.unwrap();
        let Remembered::Known(Admission::Reserved(sent)) = sent else {
            panic!("{sent:?}");
        };
        if gives_back {
            limiter.release(&sent).await.unwrap();
        } else {
            let failures = LimitKey::FailuresPhone(phone(1));
            let proven = limiter
                .pardon(&sent, std::slice::from_ref(&failures), &places.scopes)
                .await;
            proven.unwrap();
            limiter.unprove(&places.scopes).await.unwrap();
        }
    }
    limiter.reserve(windows).await.unwrap();
}

/// Leaves something of every kind in Redis.
async fn use_everything(stores: &Stores) {
    let randomness = SeededRandomness::new(1);
    let scope = CodeScope {
        purpose: Purpose::Login,
        client_type: ClientType::App,
        phone: phone(1),
    };
    let codes = stores.codes();
    let seed = CodeSeed::generate(&randomness);
    let draft = codes.draft(&scope, seed, HOUR, HOUR).await.unwrap();
    let challenge = ChallengeId::generate(&randomness);
    codes.commit(&scope, &draft, challenge, 5).await.unwrap();
    codes.attempt(&scope, None, 5).await.unwrap();

    let window = |key| Window {
        rule: LimitRule::SmsVolume,
        key,
        limit: 3,
        per: HOUR,
    };
    let windows = [
        window(LimitKey::SmsPhone(phone(1))),
        window(LimitKey::SmsSource([203, 0, 113, 7].into())),
        window(LimitKey::SmsDeployment),
    ];
    let limiter = stores.limiter();
    limiter.reserve(&windows).await.unwrap();
    send_and_prove(&limiter, &windows).await;

    let app = WeChatApp {
        id: AppId::parse("wx0123456789abcdef").unwrap(),
        kind: AppKind::MiniProgram,
        platform: Some(Platform::parse("main").unwrap()),
    };
    let answer = WeChatIdentification {
        openid: OpenId::parse(OPENID).unwrap(),
        union_id: Some(UnionId::parse(UNIONID).unwrap()),
        session_key: Some(SessionKey::parse(SESSION_KEY).unwrap()),
        profile_ticket: None,
    };
    let vouched = ProofRecord::Vouched {
        binding: Binding([8; 32]),
        identity: WeChatIdentity::vouched(&app, answer),
        phone: None,
    };
    let ledger = stores.ledger();
    let key = ProofKey([1; 32]);
    ledger.claim(key, HOUR, Duration::ZERO).await.unwrap();
    ledger.record(key, vouched, HOUR, HOUR).await.unwrap();
    ledger.claim(ProofKey([2; 32]), HOUR, HOUR).await.unwrap();

    let tokens = stores.tokens();
    let token = WeChatAccessToken {
        value: TOKEN.into(),
        fresh_for: HOUR,
        expires_in: HOUR,
    };
    tokens.keep(&app.id, &token).await.unwrap();
    let claimed = tokens.claim_forced_renewal(&app.id, HOUR, 9).await;
    assert!(claimed.unwrap());
}

/// The user and the rights that `docs/redis.md` names are enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_the_documented_rights_can_do_everything() {
    let page = include_str!("../../../docs/redis.md");
    let (_, rights) = page.split_once("- An ACL needs `").unwrap();
    let (always, rest) = rights.split_once('`').unwrap();
    let (_, rest) = rest.split_once('`').unwrap();
    let (scripts, _) = rest.split_once('`').unwrap();
    let server = RedisServer::start();
    let mut rules = vec!["ACL", "SETUSER", "app", "on", ">p@ss/word", "~test-*"];
    rules.extend(
        always
            .split_whitespace()
            .filter(|rule| !rule.starts_with('~')),
    );
    rules.extend(scripts.split_whitespace());
    server.command(&rules);
    let url = server.url().replace("//", "//app:p%40ss%2Fword@");
    let stores = Stores::over(&format!("{url}/2"));
    use_everything(&stores).await;
    // Until connections are asked whether they still work.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    stores.redis.ping().await.unwrap();
    let stranger = Stores::over(&url.replace("p%40ss", "pass"));
    let refused = stranger.redis.ping().await.unwrap_err();
    let told = format!("{refused:?} {refused}");
    assert!(!told.contains("ss/word"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_tells_nothing_and_every_key_has_an_end() {
    let server = RedisServer::shared().await;
    let stores = Stores::over(&server.url());
    use_everything(&stores).await;
    let keys = server.command(&["KEYS", "*"]);
    let keys: Vec<_> = keys.lines().collect();
    // Code, three counts, a person and what else was told, three budgets, two proofs,
    // token, renewals.
    assert_eq!(keys.len(), 13, "{keys:?}");
    let mut dump = keys.join("\n");
    for key in &keys {
        let left: i64 = server.command(&["PTTL", key]).parse().unwrap();
        let end = i64::try_from(Duration::from_hours(25).as_millis()).unwrap();
        assert!((1..end).contains(&left), "{key}: {left}");
        let value = match server.command(&["TYPE", key]).as_str() {
            "string" => server.command(&["GET", key]),
            "hash" => server.command(&["HGETALL", key]),
            "zset" => server.command(&["ZRANGE", key, "0", "-1"]),
            other => panic!("{key} is a {other}"),
        };
        dump += &value;
    }
    let number = phone(1);
    let national = &number.as_e164()["+86".len()..];
    for secret in [
        national,
        "203.0.113",
        OPENID,
        UNIONID,
        SESSION_KEY,
        TOKEN,
        "wx0123456789abcdef",
    ] {
        assert!(!dump.contains(secret), "{secret} stands in Redis");
    }
}
