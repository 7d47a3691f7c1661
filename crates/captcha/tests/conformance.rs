//! The port's own clauses, held against every adapter in front of the offline
//! services, which were written without a look at the adapters.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod support;

use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::ports::captcha_verifier::CaptchaVerifier;
use menshen_testkit::suites::captcha_verifier::{Misbehaviour, Scene, Solved};
use serde_json::json;
use support::{Kind, Offline};

/// A service, and an adapter in front of it.
struct Staged {
    offline: Offline,
    kind: Kind,
    verifier: Arc<dyn CaptchaVerifier>,
}

async fn staged(kind: Kind) -> Arc<dyn Scene> {
    let offline = Offline::start().await;
    let verifier = offline.verifier(kind);
    Arc::new(Staged {
        offline,
        kind,
        verifier,
    })
}

#[async_trait]
impl Scene for Staged {
    fn verifier(&self) -> Arc<dyn CaptchaVerifier> {
        self.verifier.clone()
    }

    fn stranger(&self) -> Arc<dyn CaptchaVerifier> {
        self.offline.stranger(self.kind)
    }

    async fn solve(&self, how: Solved) -> String {
        let outcome = match how {
            Solved::ByAPerson => "pass",
            Solved::ByAMachine => "fail",
            Solved::LongAgo => "expired",
        };
        let mini_program = self.kind == Kind::TencentMiniProgram;
        let service = self.kind.service();
        let body = json!({ "service": service, "outcome": outcome, "mini_program": mini_program });
        self.offline.solve(body).await
    }

    async fn behave(&self, how: Option<Misbehaviour>) {
        let target = format!("captcha/{}", self.kind.service());
        let mut fault = json!({ "target": target });
        match how {
            None => return self.offline.clear_faults().await,
            Some(Misbehaviour::Hangs) => fault["hang"] = json!(true),
            Some(Misbehaviour::Closes) => fault["reset"] = json!("after"),
            Some(Misbehaviour::BadGateway) => fault["http_status"] = json!(502),
            Some(Misbehaviour::Nonsense) => {
                fault["body"] = json!("html");
                fault["http_status"] = json!(200);
            }
            Some(Misbehaviour::Redirects) => fault["redirect"] = json!(true),
            Some(Misbehaviour::Endless) => fault["body"] = json!("huge"),
            Some(Misbehaviour::OutOfOrder) => fault["fail_rate"] = json!(1.0),
        }
        self.offline.set_fault(fault).await;
    }

    async fn asked(&self) -> u64 {
        self.offline.asked(self.kind.service()).await
    }
}

mod tencent {
    menshen_testkit::captcha_verifier!(super::staged(super::Kind::Tencent).await);
}

mod tencent_mini_program {
    menshen_testkit::captcha_verifier!(super::staged(super::Kind::TencentMiniProgram).await);
}

mod aliyun {
    menshen_testkit::captcha_verifier!(super::staged(super::Kind::Aliyun).await);
}

mod turnstile {
    menshen_testkit::captcha_verifier!(super::staged(super::Kind::Turnstile).await);
}

mod verify_url {
    menshen_testkit::captcha_verifier!(super::staged(super::Kind::VerifyUrl).await);
}
