//! What never reaches a log or an error, at any level: keys, codes, whole
//! numbers, addresses with a query.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

#[path = "http/support.rs"]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use menshen_domain::ports::sms_sender::SmsSender as _;
use menshen_outbound::mock::Reaction;
use support::{
    CODE, HOOK_SECRET, KEY_SECRET, aliyun, always, code, code_saying, every_vendor, message,
    sender, webhook,
};

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

fn shown(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text} {inner} {inner:?}");
        source = inner.source();
    }
    text
}

#[tokio::test]
async fn no_secret_reaches_a_log_line_or_an_error() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    let mut results = Vec::new();
    for reaction in [
        code("OK"),
        code("isv.AMOUNT_NOT_ENOUGH"),
        code(&format!("code {CODE}")),
        code_saying(
            "isv.BUSINESS_LIMIT_CONTROL",
            &format!("{CODE} to 13800138000"),
        ),
        Reaction::status(401, format!("{KEY_SECRET} {CODE}")),
        Reaction::ok(format!("<html>{CODE}")),
        Reaction::Close,
        Reaction::Endless,
    ] {
        let vendor = always(reaction).await;
        let alone = every_vendor(&vendor.url()).into_iter();
        let alone = alone.map(|vendor| sender(vec![vendor]));
        let nowhere = sender(vec![
            aliyun("http://nobody.invalid"),
            webhook("http://127.0.0.1:1"),
        ]);
        for sender in alone.chain([nowhere]) {
            match sender.send(&message()).await.verdict {
                Ok(sent) => results.push(format!("{sent:?}")),
                Err(error) => results.push(shown(&error)),
            }
        }
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("hyper_util"),
        "the HTTP client's own words were heard"
    );
    assert!(log.contains("138****8000"), "the masked number is there");
    let hook_key = HOOK_SECRET.trim_start_matches("whsec_");
    for (place, text) in [("the log", log), ("a result", results.join("\n"))] {
        for secret in [
            CODE,
            KEY_SECRET,
            hook_key,
            "13800138000",
            "fake-receipt-secret",
            "PhoneNumbers",
            "TemplateParam",
        ] {
            let at = text.find(secret);
            let around = at.map(|at| &text[at.saturating_sub(300)..at + secret.len()]);
            assert_eq!(around, None, "{secret} is in {place}");
        }
    }
}
