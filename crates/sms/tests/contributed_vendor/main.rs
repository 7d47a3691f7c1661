//! The vendor of the contributor's page, as the page has it: it compiles, and it
//! sends.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use menshen_domain::ports::receipt_reader::{BadReceipt, ReceiptPush};
use menshen_outbound::mock::Reaction;
// The file says `crate::vendor_kit`, as it does where vendors lie.
use menshen_sms::vendor_kit;
use menshen_sms::vendor_kit::{
    Account, Attempt, Built, Deps, Instant, KeyKind, Outcome, Scope, Serves, Template, Templates,
};
use menshen_sms::{VENDORS, VendorConfigError};
use serde_json::{Value, json};

#[path = "../http/support.rs"]
#[expect(dead_code, reason = "the tests of the other vendors need more of it")]
mod support;

pub mod acme;

use support::{CODE, PHONE, always, clock, message, randomness};

const SECRET: &str = "fake-acme-api-key";

fn account(endpoint: &str) -> Account {
    Account::default()
        .with_text("endpoint", endpoint)
        .with_secret("api_key", SECRET)
        .with_text("sign", "门神")
        .with_text("route", "fast")
        .with_templates(Templates::only(Template::with_code("T100")))
}

fn built(account: &Account) -> Result<Built, VendorConfigError> {
    let deps = Deps {
        clock: clock(),
        randomness: randomness(),
        receipts: None,
    };
    (acme::VENDOR.build)(account, &deps)
}

async fn attempt(reaction: Reaction) -> Attempt {
    let server = always(reaction).await;
    let built = built(&account(&server.url())).unwrap();
    let deadline = Instant::now() + std::time::Duration::from_secs(3);
    built.vendor.attempt(&message(), deadline).await
}

/// Whoever copies the page has what is tested here.
#[test]
fn the_page_shows_this_very_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let file = read("crates/sms/tests/contributed_vendor/acme.rs");
    for page in ["docs/adding-an-adapter.md", "docs/zh/adding-an-adapter.md"] {
        let block = format!("```rust\n{file}```\n");
        assert!(read(page).contains(&block), "{page} has another acme.rs");
    }
}

#[tokio::test]
async fn a_message_goes_out_over_http() {
    let server = always(Reaction::ok(r#"{"result":"OK","id":"a-1","parts":1}"#)).await;
    let built = built(&account(&server.url())).unwrap();
    let message = message();
    assert_eq!(built.vendor.serves(&message), Serves::Gladly);
    let deadline = Instant::now() + std::time::Duration::from_secs(3);
    let attempt = built.vendor.attempt(&message, deadline).await;
    assert_eq!(attempt.outcome, Outcome::Accepted);
    assert_eq!(attempt.message_id.as_deref(), Some("a-1"));
    assert_eq!(attempt.cost_units, Some(1));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].path(), "/v1/messages");
    let bearer = format!("Bearer {SECRET}");
    assert_eq!(seen[0].header("authorization"), Some(bearer.as_str()));
    let body: Value = serde_json::from_slice(&seen[0].body).unwrap();
    let expected = json!({
        "to": PHONE, "sign": "门神", "template": "T100", "values": [CODE], "route": "fast",
        "reference": message.id.to_string(),
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn every_answer_has_its_outcome() {
    let account = || Outcome::Config(Scope::Account);
    for (result, outcome) in [
        ("OK", Outcome::Accepted),
        ("BAD_NUMBER", Outcome::BadNumber),
        ("OPTED_OUT", Outcome::RecipientBlocked),
        ("NO_CREDIT", Outcome::Billing),
        ("WORDS_REFUSED", Outcome::Content),
        ("BAD_KEY", account()),
        ("NO_SUCH_SIGN", account()),
        ("NO_SUCH_TEMPLATE", Outcome::Config(Scope::Message)),
        ("SLOW_DOWN", Outcome::VendorBusy { wait: None }),
        // Of a 200 with a word that nobody knows: it may have been sent.
        ("SOMETHING_NEW", Outcome::Unknown),
    ] {
        let reaction = Reaction::ok(json!({ "result": result }).to_string());
        let attempt = attempt(reaction).await;
        assert_eq!(attempt.outcome, outcome, "{result}");
        assert_eq!(attempt.vendor_code.as_deref(), Some(result));
    }
    for (reaction, outcome) in [
        (Reaction::ok("<html>"), Outcome::Unknown),
        (Reaction::Close, Outcome::Unknown),
        (Reaction::status(502, "<html>"), Outcome::VendorFault),
        (Reaction::status(401, "<html>"), account()),
    ] {
        assert_eq!(
            attempt(reaction.clone()).await.outcome,
            outcome,
            "{reaction:?}"
        );
    }
}

#[test]
fn a_receipt_is_read_and_blames_whom_it_should() {
    let reader = built(&account("https://api.acme.example"))
        .unwrap()
        .receipts;
    let reader = reader.unwrap();
    let read = |body: &str| {
        let push = ReceiptPush {
            url: None,
            headers: &[],
            body: body.as_bytes(),
            received_at: clock().now(),
        };
        reader.read(&push)
    };
    let told = read(
        r#"[{"id":"a-1","state":"delivered"},{"id":"a-2","state":"queued"},{"id":"a-3","state":"failed","reason":"HANDSET_OFF"}]"#,
    )
    .unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|receipt| (receipt.message_id.as_str(), receipt.delivered))
        .collect();
    assert_eq!(told, [("a-1", true), ("a-3", false)]);
    assert_eq!(read("<html>").unwrap_err(), BadReceipt::Malformed);
    let blames = acme::VENDOR.blames_recipient;
    assert!(blames("HANDSET_OFF") && !blames("CARRIER_DOWN"));
}

#[test]
fn an_account_that_lacks_something_is_none_and_no_secret_is_shown() {
    let whole = account("https://api.acme.example");
    assert!(!format!("{whole:?}").contains(SECRET));
    let lacking = Account::default().with_text("endpoint", "https://api.acme.example");
    let error = built(&lacking).err().unwrap();
    assert!(
        matches!(error, VendorConfigError::Lacks("api_key")),
        "{error}"
    );
    let nowhere = whole.with_text("endpoint", "acme");
    assert!(matches!(
        built(&nowhere).err(),
        Some(VendorConfigError::Address(_))
    ));
}

/// What the page asks of every vendor holds for those that are here.
#[test]
fn every_vendor_has_a_name_and_keys_of_its_own() {
    let word = |text: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        !text.is_empty() && text.bytes().all(plain)
    };
    let mut names = BTreeSet::new();
    for vendor in VENDORS.iter().copied().chain([&acme::VENDOR]) {
        let name = vendor.name;
        assert!(word(name) && names.insert(name), "{name}");
        let mut keys = BTreeSet::new();
        for key in vendor.keys {
            assert!(
                word(key.name) && keys.insert(key.name),
                "{name}.{}",
                key.name
            );
            assert!(!key.meaning.is_empty(), "{name}.{}", key.name);
        }
        let usual = vendor.usual_template();
        assert!(usual.is_none_or(|key| keys.contains(key)), "{name}");
        let addresses = vendor.keys.iter().filter(|key| key.is_address()).count();
        assert!(addresses <= 1, "{name} is asked at several addresses");
        let words = vendor.keys.iter().filter_map(|key| match key.kind {
            KeyKind::OneOf(words) => Some(words),
            _ => None,
        });
        assert!(words.into_iter().all(|words| words.len() > 1), "{name}");
    }
}
