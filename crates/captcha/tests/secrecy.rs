//! What never reaches a log, at any level, nor an error: tokens, keys, addresses.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
#![expect(dead_code, reason = "the offline services are for the other tests")]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use menshen_domain::model::captcha::{CaptchaToken, SolvedCaptcha};
use menshen_domain::model::verification::Purpose;
use menshen_outbound::mock::{MockServer, Reaction};
use menshen_simulator::defaults as d;
use support::{Kind, adapter};

const TOKEN: &str = "CANARYTICKET;@CANARYRAND";
const ADDRESS: &str = "203.0.113.77";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Answers of every kind, some of which say back what they were told.
fn reactions() -> Vec<Reaction> {
    let echo = format!("{TOKEN} {ADDRESS} {}", d::TURNSTILE_SECRET_KEY);
    vec![
        Reaction::ok(r#"{"success":true}"#),
        Reaction::ok(format!(r#"{{"success":false,"error-codes":["{echo}"]}}"#)),
        Reaction::ok(format!(
            r#"{{"Code":"{echo}","Result":{{"VerifyCode":"{echo}"}}}}"#
        )),
        Reaction::ok(format!(r#"{{"Response":{{"Error":{{"Code":"{echo}"}}}}}}"#)),
        Reaction::status(401, echo.clone()),
        Reaction::status(500, echo),
        Reaction::Close,
    ]
}

#[tokio::test]
async fn no_token_no_key_and_no_address_reaches_a_log_line_or_an_error() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    let solved = SolvedCaptcha {
        token: CaptchaToken::parse(TOKEN).unwrap(),
        address: ADDRESS.parse().unwrap(),
        purpose: Purpose::Login,
    };
    let mut told = String::new();
    for kind in [
        Kind::Tencent,
        Kind::TencentMiniProgram,
        Kind::Aliyun,
        Kind::Turnstile,
        Kind::VerifyUrl,
    ] {
        for reaction in reactions() {
            let server = MockServer::start(move |_, _| reaction.clone())
                .await
                .unwrap();
            let verifier = adapter(kind, &server.url(), true);
            if let Err(error) = verifier.verify(&solved).await {
                let mut source = Some(&error as &dyn std::error::Error);
                while let Some(error) = source {
                    told = format!("{told}{error} {error:?}\n");
                    source = error.source();
                }
            }
        }
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("gave no answer"), "{logged}");
    assert!(
        told.contains("no answer") || told.contains("broke"),
        "{told}"
    );
    for secret in [
        "CANARY",
        ADDRESS,
        d::TENCENT_SECRET_KEY,
        d::TENCENT_CAPTCHA_APP_KEY,
        d::ALIYUN_ACCESS_KEY_SECRET,
        d::TURNSTILE_SECRET_KEY,
        d::CAPTCHA_VERIFY_SECRET,
    ] {
        assert!(!logged.contains(secret), "{secret} in {logged}");
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}
