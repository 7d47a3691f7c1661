//! The gateway against the offline WeChat, which was written without a look at
//! the gateway: where the two disagree, one has misread the protocol.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod open_data;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use menshen_domain::model::wechat::{AppId, AppKind, LoginCode, OpenId, PhoneCode, WeChatApp};
use menshen_domain::model::wechat_login::{LoginProof, ProfileTicket, RiskRank, UserRisk};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::wechat_gateway::{WeChatGateway as _, WeChatGatewayError as E};
use menshen_outbound::{Client, Method, Request, base_url};
use menshen_simulator::{RunningSimulator, Simulator, SimulatorConfig, defaults};
use menshen_wechat::{OfficialGateway, OfficialGatewayConfig, WeChatMetrics};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> DateTime<Utc> {
        SystemTime::now().into()
    }
}

/// The offline WeChat and a gateway to it.
struct World {
    simulator: RunningSimulator,
    gateway: OfficialGateway,
}

const APPS: [(&str, &str, AppKind); 3] = [
    (
        defaults::MINI_PROGRAM_APP_ID,
        defaults::MINI_PROGRAM_APP_SECRET,
        AppKind::MiniProgram,
    ),
    (defaults::APP_APP_ID, defaults::APP_APP_SECRET, AppKind::App),
    (
        defaults::WEBSITE_APP_ID,
        defaults::WEBSITE_APP_SECRET,
        AppKind::Website,
    ),
];

impl World {
    async fn new() -> Self {
        Self::of(SimulatorConfig::default()).await
    }

    async fn of(config: SimulatorConfig) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let simulator = Simulator::new(config).start(any).await.unwrap();
        let base = format!("http://{}", simulator.address());
        let gateway = gateway(&base, None);
        Self { simulator, gateway }
    }

    fn base(&self) -> String {
        format!("http://{}", self.simulator.address())
    }

    /// What a phone in a hand would do.
    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = base_url(&format!("{}/control/{path}", self.base())).unwrap();
        let request = Request {
            method,
            url,
            headers: vec![("content-type", "application/json".to_owned())],
            body: Some(body.to_string().into_bytes()),
        };
        let deadline = Instant::now() + Duration::from_secs(5);
        let client = Client::new(Duration::from_secs(1)).unwrap();
        let answer = client.send(request, deadline).await.unwrap();
        assert!(answer.is_success(), "{path} {}", answer.status());
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    async fn code(&self, what: &str, person: &str, app: &WeChatApp) -> String {
        let body = json!({"person": person, "app_id": app.id.as_str()});
        let answer = self
            .control(Method::POST, &format!("wechat/{what}"), body)
            .await;
        answer["code"].as_str().unwrap().to_owned()
    }

    async fn login_code(&self, person: &str) -> LoginCode {
        LoginCode::parse(&self.code("login", person, &app(AppKind::MiniProgram)).await).unwrap()
    }

    async fn phone_code(&self, person: &str) -> PhoneCode {
        PhoneCode::parse(&self.code("phone", person, &app(AppKind::MiniProgram)).await).unwrap()
    }

    async fn openid(&self, person: &str) -> OpenId {
        let code = self.login_code(person).await;
        let mini = app(AppKind::MiniProgram);
        self.gateway
            .identify(&mini, LoginProof::Code(&code))
            .await
            .unwrap()
            .openid
    }

    async fn fault(&self, fault: Value) {
        self.control(Method::PUT, "faults", fault).await;
    }

    async fn phone(&self, person: &str) -> Result<String, E> {
        let openid = self.openid(person).await;
        let code = self.phone_code(person).await;
        let mini = app(AppKind::MiniProgram);
        let phone = self.gateway.phone_number(&mini, &code, &openid).await?;
        Ok(phone.number.as_e164().to_owned())
    }
}

fn gateway(base: &str, secret: Option<&str>) -> OfficialGateway {
    let apps =
        APPS.map(|(id, known, _)| (AppId::parse(id).unwrap(), secret.unwrap_or(known).into()));
    let config = OfficialGatewayConfig {
        base_urls: vec![base.to_owned()],
        timeout: Duration::from_secs(2),
        apps: apps.into(),
        metrics: WeChatMetrics::default(),
    };
    OfficialGateway::new(config, Arc::new(MachineClock)).unwrap()
}

fn app(kind: AppKind) -> WeChatApp {
    let (id, ..) = APPS.into_iter().find(|(.., k)| *k == kind).unwrap();
    WeChatApp {
        id: AppId::parse(id).unwrap(),
        kind,
        platform: None,
    }
}

fn unspent(error: &E) -> Option<bool> {
    match error {
        E::Unavailable { code_unspent, .. } => Some(*code_unspent),
        _ => None,
    }
}

#[tokio::test]
async fn a_person_is_recognised_and_a_code_is_good_once() {
    let world = World::new().await;
    let mini = app(AppKind::MiniProgram);
    let code = world.login_code("alice").await;
    let first = world
        .gateway
        .identify(&mini, LoginProof::Code(&code))
        .await
        .unwrap();
    assert!(first.session_key.is_some());
    let again = world
        .gateway
        .identify(&mini, LoginProof::Code(&code))
        .await
        .unwrap_err();
    assert!(matches!(again, E::CodeRefused));
    assert_eq!(world.openid("alice").await, first.openid);
    assert_ne!(world.openid("bob").await, first.openid);
}

#[tokio::test]
async fn apps_and_websites_know_the_same_person_by_another_openid() {
    let world = World::new().await;
    let mut union_ids = Vec::new();
    for kind in [AppKind::App, AppKind::Website] {
        let app = app(kind);
        let code = world.code("oauth", "alice", &app).await;
        let code = LoginCode::parse(&code).unwrap();
        let person = world
            .gateway
            .identify(&app, LoginProof::Code(&code))
            .await
            .unwrap();
        assert!(person.session_key.is_none());
        union_ids.push(person.union_id.unwrap());
    }
    assert_eq!(union_ids[0], union_ids[1]);
    let code = world.code("oauth", "alice", &app(AppKind::Website)).await;
    let code = LoginCode::parse(&code).unwrap();
    let crossed = world
        .gateway
        .identify(&app(AppKind::App), LoginProof::Code(&code))
        .await;
    assert!(matches!(crossed, Err(E::CodeRefused)));
}

#[tokio::test]
async fn made_up_codes_and_codes_of_the_other_kind_are_refused() {
    let world = World::new().await;
    let mini = app(AppKind::MiniProgram);
    let openid = world.openid("alice").await;
    for text in ["made-up", "x&appid=evil&secret=evil", "a&secret=x\"%"] {
        let code = LoginCode::parse(text).unwrap();
        let error = world
            .gateway
            .identify(&mini, LoginProof::Code(&code))
            .await
            .unwrap_err();
        assert!(matches!(error, E::CodeRefused), "{text}");
    }
    let phone = world.phone_code("alice").await;
    let crossed = LoginCode::parse(phone.expose()).unwrap();
    let error = world
        .gateway
        .identify(&mini, LoginProof::Code(&crossed))
        .await
        .unwrap_err();
    assert!(matches!(error, E::CodeRefused));
    let login = world.login_code("alice").await;
    let crossed = PhoneCode::parse(login.expose()).unwrap();
    let error = world
        .gateway
        .phone_number(&mini, &crossed, &openid)
        .await
        .unwrap_err();
    assert!(matches!(error, E::CodeRefused));
}

#[tokio::test]
async fn the_phone_button_gives_the_number_once_and_to_its_owner() {
    for as_number in [false, true] {
        let config = SimulatorConfig {
            country_code_as_number: as_number,
            ..SimulatorConfig::default()
        };
        let world = World::of(config).await;
        assert_eq!(world.phone("alice").await.unwrap(), defaults::ALICE_PHONE);
        let mini = app(AppKind::MiniProgram);
        let (alice, bob) = (world.openid("alice").await, world.openid("bob").await);
        let code = world.phone_code("alice").await;
        let stolen = world.gateway.phone_number(&mini, &code, &bob).await;
        assert!(matches!(stolen, Err(E::CodeRefused)));
        let code = world.phone_code("alice").await;
        assert!(
            world
                .gateway
                .phone_number(&mini, &code, &alice)
                .await
                .is_ok()
        );
        let again = world.gateway.phone_number(&mini, &code, &alice).await;
        assert!(matches!(again, Err(E::CodeRefused)));
    }
}

#[tokio::test]
async fn a_number_from_elsewhere_keeps_its_country() {
    let world = World::new().await;
    let person = json!({"name": "dave", "phone": "+85251234567"});
    world.control(Method::POST, "people", person).await;
    assert_eq!(world.phone("dave").await.unwrap(), "+85251234567");
}

#[tokio::test]
async fn a_revoked_token_is_renewed_unnoticed() {
    let world = World::new().await;
    world.phone("alice").await.unwrap();
    for errcode in [40001, 40014, 42001] {
        let fault =
            json!({"target": "/wxa/business/getuserphonenumber", "errcode": errcode, "times": 1});
        world.fault(fault).await;
        let renewed = world.phone("alice").await;
        assert!(renewed.is_ok(), "{errcode} {renewed:?}");
    }
}

#[tokio::test]
async fn many_at_once_are_all_served_from_a_cold_start() {
    let world = Arc::new(World::new().await);
    let openid = world.openid("alice").await;
    let mut all = JoinSet::new();
    for _ in 0..30 {
        let code = world.phone_code("alice").await;
        let (world, openid) = (Arc::clone(&world), openid.clone());
        all.spawn(async move {
            let mini = app(AppKind::MiniProgram);
            world
                .gateway
                .phone_number(&mini, &code, &openid)
                .await
                .is_ok()
        });
    }
    assert!(all.join_all().await.into_iter().all(|served| served));
}

#[tokio::test]
async fn logins_go_on_while_no_token_can_be_had() {
    let world = World::new().await;
    world
        .fault(json!({"target": "/cgi-bin/stable_token", "errcode": 40164}))
        .await;
    assert!(matches!(
        world.phone("alice").await,
        Err(E::Misconfigured(_))
    ));
    world.openid("alice").await;
}

#[tokio::test]
async fn a_wrong_secret_is_our_fault_and_spends_nothing() {
    let world = World::new().await;
    let wrong = gateway(&world.base(), Some("00000000000000000000000000000000"));
    let mini = app(AppKind::MiniProgram);
    let (login, phone) = (
        world.login_code("alice").await,
        world.phone_code("alice").await,
    );
    let openid = world.openid("alice").await;
    assert!(matches!(
        wrong.identify(&mini, LoginProof::Code(&login)).await,
        Err(E::Misconfigured(_))
    ));
    let refused = wrong.phone_number(&mini, &phone, &openid).await;
    assert!(matches!(refused, Err(E::Misconfigured(_))));
    assert!(
        world
            .gateway
            .phone_number(&mini, &phone, &openid)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn faults_come_out_as_the_port_names_them() {
    for (fault, expected, left) in [
        (json!({"errcode": -1}), "WeChat is unavailable", Some(true)),
        (json!({"errcode": 40226}), "WeChat blocks this login", None),
        (json!({"errcode": 45011}), "WeChat asks to slow down", None),
        (
            json!({"errcode": 40125}),
            "WeChat refuses our credentials or settings",
            None,
        ),
        (
            json!({"http_status": 502}),
            "WeChat is unavailable",
            Some(false),
        ),
        (
            json!({"latency_ms": 5000}),
            "WeChat is unavailable",
            Some(false),
        ),
    ] {
        let world = World::new().await;
        let code = world.login_code("alice").await;
        let mut fault = fault;
        fault["target"] = json!("/sns/jscode2session");
        world.fault(fault.clone()).await;
        let mini = app(AppKind::MiniProgram);
        let error = world
            .gateway
            .identify(&mini, LoginProof::Code(&code))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), expected, "{fault}");
        assert_eq!(unspent(&error), left, "{fault}");
    }
}

#[tokio::test]
async fn one_minus_one_is_not_noticed() {
    let world = World::new().await;
    let code = world.login_code("alice").await;
    world
        .fault(json!({"target": "/sns/jscode2session", "errcode": -1, "times": 1}))
        .await;
    let mini = app(AppKind::MiniProgram);
    assert!(
        world
            .gateway
            .identify(&mini, LoginProof::Code(&code))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_website_login_may_read_the_profile_once_and_a_forged_ticket_may_not() {
    let world = World::new().await;
    let website = app(AppKind::Website);
    let code = LoginCode::parse(&world.code("oauth", "alice", &website).await).unwrap();
    let proof = LoginProof::Code(&code);
    let person = world.gateway.identify(&website, proof).await.unwrap();
    let ticket = person.profile_ticket.unwrap();
    let profile = world.gateway.profile(&website, &ticket).await.unwrap();
    assert!(profile.nickname.is_some());
    let forged = ProfileTicket::new(person.openid, "made-up".into());
    let refused = world.gateway.profile(&website, &forged).await;
    assert!(matches!(refused, Err(E::CodeRefused)));
}

#[tokio::test]
async fn wechat_ranks_whom_it_has_seen_and_knows_nothing_of_others() {
    let world = World::new().await;
    let mini = app(AppKind::MiniProgram);
    let openid = world.openid("alice").await;
    let risk = async || {
        let address = [203, 0, 113, 7].into();
        world.gateway.user_risk(&mini, &openid, address, None).await
    };
    for (rank, expected) in [
        (json!(3), UserRisk::Rank(RiskRank::new(3).unwrap())),
        (json!(0), UserRisk::Rank(RiskRank::new(0).unwrap())),
        (Value::Null, UserRisk::Unknown),
    ] {
        let body = json!({"risk_rank": rank});
        world.control(Method::PATCH, "people/alice", body).await;
        assert_eq!(risk().await, expected, "{rank}");
    }
}
