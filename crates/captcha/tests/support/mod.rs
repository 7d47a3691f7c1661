//! The offline services, and adapters in front of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use menshen_captcha::{
    AliyunCaptcha, AliyunCaptchaConfig, CaptchaMetrics, CaptchaService, GuardedCaptcha,
    TencentCaptcha, TencentCaptchaApp, TencentCaptchaConfig, Turnstile, TurnstileConfig, VerifyUrl,
    VerifyUrlConfig,
};
use menshen_domain::ports::captcha_verifier::CaptchaVerifier;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_outbound::{Client, Method, Request};
use menshen_simulator::{RunningSimulator, Simulator, SimulatorConfig, defaults as d};
use serde_json::Value;
use tokio::time::Instant;

/// Long enough for a busy machine, short enough to wait for.
const TIMEOUT: Duration = Duration::from_secs(2);
/// A secret of the right form that is not the one.
const OTHER_WEBHOOK_SECRET: &str = "whsec_b3RoZXItY2FwdGNoYS12ZXJpZnktc2VjcmV0";

/// Which service, as which client's captcha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Tencent,
    TencentMiniProgram,
    Aliyun,
    Turnstile,
    VerifyUrl,
}

impl Kind {
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Tencent | Self::TencentMiniProgram => "tencent",
            Self::Aliyun => "aliyun",
            Self::Turnstile => "turnstile",
            Self::VerifyUrl => "verify_url",
        }
    }
}

/// The machine's clock.
pub(crate) struct Now;

impl Clock for Now {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from(SystemTime::now())
    }
}

/// Bytes that never come twice.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (position, byte) in bytes.iter_mut().enumerate() {
            *byte = next[position % next.len()];
        }
    }
}

/// Puts the service behind its bounds.
pub(crate) fn guarded(service: impl CaptchaService + 'static) -> Arc<dyn CaptchaVerifier> {
    Arc::new(GuardedCaptcha::new(
        service,
        TIMEOUT,
        CaptchaMetrics::default(),
    ))
}

/// The adapter, with the right secrets or with wrong ones.
pub(crate) fn adapter(kind: Kind, base: &str, right: bool) -> Arc<dyn CaptchaVerifier> {
    let or_wrong = |secret: &str| if right { secret.into() } else { "wrong".into() };
    let randomness: Arc<dyn Randomness> = Arc::new(Counting::default());
    let endpoint = format!("{base}/captcha/{}", kind.service());
    match kind {
        Kind::Tencent | Kind::TencentMiniProgram => {
            let app = |id, key: &str| TencentCaptchaApp {
                id,
                secret_key: key.into(),
            };
            let config = TencentCaptchaConfig {
                endpoint,
                secret_id: d::TENCENT_SECRET_ID.to_owned(),
                secret_key: or_wrong(d::TENCENT_SECRET_KEY),
                app: app(d::TENCENT_CAPTCHA_APP_ID, d::TENCENT_CAPTCHA_APP_KEY),
                mini_program: Some(app(
                    d::TENCENT_CAPTCHA_MINI_APP_ID,
                    d::TENCENT_CAPTCHA_MINI_APP_KEY,
                )),
            };
            guarded(TencentCaptcha::new(config, Arc::new(Now)).unwrap())
        }
        Kind::Aliyun => {
            let config = AliyunCaptchaConfig {
                endpoint,
                access_key_id: d::ALIYUN_ACCESS_KEY_ID.to_owned(),
                access_key_secret: or_wrong(d::ALIYUN_ACCESS_KEY_SECRET),
                scene_id: d::ALIYUN_CAPTCHA_SCENE_ID.to_owned(),
            };
            guarded(AliyunCaptcha::new(config, Arc::new(Now), randomness).unwrap())
        }
        Kind::Turnstile => {
            let config = TurnstileConfig {
                endpoint,
                secret_key: or_wrong(d::TURNSTILE_SECRET_KEY),
                hostnames: vec![d::TURNSTILE_HOSTNAME.to_owned()],
                action: Some(d::TURNSTILE_ACTION.to_owned()),
            };
            guarded(Turnstile::new(config).unwrap())
        }
        Kind::VerifyUrl => {
            let secret = if right {
                d::CAPTCHA_VERIFY_SECRET
            } else {
                OTHER_WEBHOOK_SECRET
            };
            let config = VerifyUrlConfig {
                url: endpoint,
                secret: Some(secret.into()),
            };
            guarded(VerifyUrl::new(&config, Arc::new(Now), randomness).unwrap())
        }
    }
}

/// The offline services, and the hand that solves their captchas.
pub(crate) struct Offline {
    running: RunningSimulator,
    client: Client,
}

impl Offline {
    pub(crate) async fn start() -> Self {
        let simulator = Simulator::new(SimulatorConfig::default());
        let any = "127.0.0.1:0".parse().unwrap();
        Self {
            running: simulator.start(any).await.unwrap(),
            client: Client::new(Duration::from_secs(5)).unwrap(),
        }
    }

    fn base(&self) -> String {
        format!("http://{}", self.running.address())
    }

    pub(crate) fn verifier(&self, kind: Kind) -> Arc<dyn CaptchaVerifier> {
        adapter(kind, &self.base(), true)
    }

    pub(crate) fn stranger(&self, kind: Kind) -> Arc<dyn CaptchaVerifier> {
        adapter(kind, &self.base(), false)
    }

    async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/control/{path}", self.base());
        let request = Request {
            method,
            url: url.parse().unwrap(),
            headers: Vec::new(),
            body: body.map(|body| body.to_string().into_bytes()),
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        let answer = self.client.send(request, deadline).await.unwrap();
        let told = String::from_utf8_lossy(answer.body());
        assert!(answer.is_success(), "{told}");
        serde_json::from_str(&told).unwrap()
    }

    pub(crate) async fn solve(&self, body: Value) -> String {
        let answer = self.control(Method::POST, "captcha", Some(body)).await;
        answer["captcha"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn set_fault(&self, fault: Value) {
        self.control(Method::PUT, "faults", Some(fault)).await;
    }

    pub(crate) async fn clear_faults(&self) {
        self.control(Method::DELETE, "faults", None).await;
    }

    /// How many questions a service has seen.
    pub(crate) async fn asked(&self, service: &str) -> u64 {
        let target = format!("captcha/{service}");
        let path = format!("requests?target={target}");
        let seen = self.control(Method::GET, &path, None).await;
        seen["counts"][&target].as_u64().unwrap_or(0)
    }
}
