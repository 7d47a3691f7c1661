//! The vendor of the contributor's page, added to the list: everything that the
//! service does with a vendor, it does with this one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use menshen_app::clock::SystemClock;
use menshen_app::settings::reader::Report;
use menshen_app::settings::sms::vendors::Vendors;
use menshen_app::settings::{self, Settings, source};
use menshen_domain::ports::clock::Clock as _;
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use menshen_sms::VENDORS;
use serde_json::{Value, json};

use crate::acme;
use crate::support::Service;

const SECRET: &str = "fake-acme-api-key";
const RECEIPTS: &str = "0123456789abcdef01234567";
const PHONE: &str = "+8613900000001";

/// The one line of wiring.
fn vendors() -> Vendors {
    let all: Vec<_> = VENDORS.iter().copied().chain([&acme::VENDOR]).collect();
    Vec::leak(all)
}

/// The settings of the contributor's page, and these.
fn read(more: &[(&str, &str)]) -> (Settings, Report) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/adding-an-adapter.md")).expect("a page");
    let block = page.split("```toml\n").nth(1).expect("settings");
    let block = block.split("```").next().expect("an end");
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), block).expect("a file");
    let more = more.iter().map(|(key, value)| {
        let name = key.to_uppercase().replace('.', "__");
        (format!("MENSHEN_{name}"), (*value).to_owned())
    });
    let given = source::collect(Some(file.path()), more).expect("TOML");
    settings::read_with(given, SystemClock.now(), vendors())
}

/// What is wrong with the settings of messages.
fn problems(more: &[(&str, &str)]) -> Vec<String> {
    let (_, report) = read(more);
    let problems = report.problems.iter().map(ToString::to_string);
    problems
        .filter(|problem| problem.contains("sms."))
        .collect()
}

#[test]
fn its_settings_are_read_and_its_secret_is_shown_nowhere() {
    let (settings, report) = read(&[("sms.weights.acme", "3")]);
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let [vendor] = &settings.sms.vendors[..] else {
        panic!("{:?}", settings.sms.vendors);
    };
    assert_eq!(vendor.name(), "acme");
    // Nobody simulates it: it is asked where it really is.
    let address = vendor.address(None);
    assert_eq!(address.as_deref(), Some("https://api.acme.example"));
    assert_eq!(settings.sms.weights, BTreeMap::from([("acme", 3)]));
    let shown = report.shown();
    for line in [
        "sms.acme.endpoint = https://api.acme.example\n",
        "sms.acme.api_key = ***\n",
        "sms.acme.route = fast\n",
        "sms.weights.acme = 3\n",
    ] {
        assert!(shown.contains(line), "{line}{shown}");
    }
    assert!(!shown.contains(SECRET) && !format!("{settings:?}").contains(SECRET));
    let keys: BTreeMap<_, _> = report
        .entries
        .iter()
        .map(|entry| (entry.key.as_str(), entry.meaning.as_ref()))
        .collect();
    assert!(keys["sms.vendors"].contains("`console` (prints only; development), `acme`"));
    assert_eq!(keys["sms.acme.endpoint"], "base URL");
    assert!(keys.contains_key("sms.acme.api_key_file"));
}

#[test]
fn what_is_wrong_with_its_settings_is_told_as_of_every_vendor() {
    for (more, told) in [
        (
            &[("sms.acme.route", "slow")][..],
            "sms.acme.route: write fast or cheap",
        ),
        (
            &[("sms.acme.template_id", "100")],
            "sms.acme.template_id: write T and digits",
        ),
        (
            &[("sms.acme.endpoint", "acme")],
            "sms.acme.endpoint: write an address",
        ),
        (
            &[
                ("sms.acme.endpoint", "http://acme.example"),
                ("profile", "production"),
            ],
            "sms.acme.endpoint: must be https",
        ),
        (
            &[("sms.acme.signs", "x")],
            "sms.acme.signs: is not a key; did you mean sms.acme.sign?",
        ),
        (&[("sms.vendors", r#"["acne"]"#)], "webhook, console, acme"),
        (
            &[("sms.templates", r#"[{ vendor = "acme", template = "T1" }]"#)],
            "acme: two templates are meant for the same messages",
        ),
    ] {
        let problems = problems(more);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(told), "{problems:?}");
    }
    // A key that it needs, of a vendor that is chosen by the environment alone.
    let given = [("sms.vendors", r#"["acme"]"#)];
    let given =
        given.map(|(key, text)| (key.to_owned(), settings::given::Given::Text(text.into())));
    let (_, report) = settings::read_with(given.into(), SystemClock.now(), vendors());
    let told: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    let must = "must be set while sms.vendors names acme";
    assert_eq!(
        told,
        [
            format!("sms.acme.api_key: {must}"),
            format!("sms.acme.sign: {must}"),
            format!("sms.acme.template_id: {must}, or sms.templates must have what it needs"),
        ]
    );
}

/// An account at a stand-in that takes whatever it is asked.
async fn service(acme: &MockServer, more: &[(&str, &str)]) -> Service {
    let endpoint = acme.url();
    let own = [
        ("sms.vendors", r#"["acme"]"#),
        ("sms.acme.endpoint", endpoint.as_str()),
        ("sms.acme.api_key", SECRET),
        ("sms.acme.sign", "门神"),
        ("sms.acme.template_id", "T100"),
        ("sms.receipt_secret", RECEIPTS),
    ];
    let given: Vec<_> = own.into_iter().chain(more.iter().copied()).collect();
    Service::with_vendors(&given, vendors()).await
}

fn body(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).expect("JSON")
}

#[tokio::test]
async fn its_message_signs_somebody_in_and_its_receipt_is_kept() {
    const ANSWER: &str = r#"{"result":"OK","id":"a-1","parts":2}"#;
    let acme = MockServer::start(|_, _| Reaction::ok(ANSWER)).await;
    let acme = acme.expect("a server");
    let service = service(&acme, &[]).await;
    service.ask(PHONE).await.ok();
    let seen = acme.seen();
    assert_eq!(seen.len(), 1);
    let message = body(&seen[0]);
    assert_eq!(message["to"], PHONE);
    let code = message["values"][0].as_str().expect("a code");
    service.try_code(PHONE, code).await.ok();
    let metrics = service.get("/metrics").send().await.text;
    for sample in [
        r#"menshen_sms_attempts_total{vendor="acme",outcome="accepted"} 1"#,
        r#"menshen_sms_cost_units_total{vendor="acme",region="CN"} 2"#,
    ] {
        assert!(metrics.contains(sample), "{sample} {metrics}");
    }
    let receipt = json!({ "id": "a-1", "state": "failed", "reason": "HANDSET_OFF" });
    let path = format!("/v1/sms/receipts/acme/{RECEIPTS}");
    let pushed = service.post(&path).text(receipt.to_string()).send().await;
    assert_eq!((pushed.status, pushed.text.as_str()), (200, "OK"));
    let row = "sms_receipts WHERE vendor = 'acme' AND delivered = 0 AND code = 'HANDSET_OFF'";
    assert_eq!(service.count(row).await, 1);
}

#[tokio::test]
async fn with_it_in_trouble_the_next_vendor_is_asked() {
    let acme = MockServer::start(|_, _| Reaction::ok(r#"{"result":"NO_CREDIT"}"#)).await;
    let acme = acme.expect("a server");
    let both = [("sms.vendors", r#"["acme", "aliyun"]"#)];
    let service = service(&acme, &both).await;
    service.ask(PHONE).await.ok();
    assert_eq!(acme.seen().len(), 1);
    let inbox = service.inbox(&PHONE.replace('+', "%2B")).await;
    assert_eq!(inbox[0]["vendor"], "aliyun");
}
