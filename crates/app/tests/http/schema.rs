//! The JSON Schema of the settings, beside what reads them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use boon::{Compiler, SchemaIndex, Schemas};
use menshen_app::clock::SystemClock;
use menshen_app::settings::given::Given;
use menshen_app::settings::reader::{Entry, Report};
use menshen_app::settings::{self, reference, schema, source};
use menshen_domain::ports::clock::Clock as _;
use serde_json::{Value, json};

/// A schema, compiled by somebody else's reading of the standard.
struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn of(schema: Value) -> Self {
        const NAME: &str = "https://menshen.invalid/schema.json";
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource(NAME, schema).expect("a schema");
        let index = compiler.compile(NAME, &mut schemas).expect("a schema");
        Self { schemas, index }
    }

    fn admits(&self, value: &Value) -> Result<(), String> {
        let found = self.schemas.validate(value, self.index);
        found.map_err(|error| format!("{error:#}"))
    }
}

fn parsed(toml: &str) -> Value {
    let table: toml::Table = toml
        .parse()
        .unwrap_or_else(|error| panic!("{toml}: {error}"));
    serde_json::to_value(table).expect("JSON")
}

/// What the settings say to a file, and nothing else.
fn read(toml: &str) -> Report {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), toml).expect("a file");
    let given = source::collect(Some(file.path()), std::iter::empty()).expect("TOML");
    settings::read(given, SystemClock.now()).1
}

fn entries(profile: &str) -> Vec<Entry> {
    let given = [("profile".to_owned(), Given::Text(profile.to_owned()))];
    settings::read(given.into(), SystemClock.now()).1.entries
}

#[test]
fn the_schema_file_is_what_the_command_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = fs::read_to_string(root.join("menshen.schema.json")).expect("a file");
    let advice =
        "menshen.schema.json is out of date: run `menshen config schema > menshen.schema.json`";
    assert!(file == schema::text(), "{advice}");
}

#[test]
fn the_example_without_its_marks_is_admitted() {
    let example = reference::example();
    assert!(example.starts_with("#:schema ./menshen.schema.json\n"));
    let lines = example.lines().filter_map(|line| {
        let setting = line.strip_prefix("# ").unwrap_or(line);
        let name = setting.split(" = ").next().unwrap_or_default();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let is_setting = setting.contains(" = ") && name.bytes().all(plain);
        // What has no default would be given as nothing.
        let kept = line.starts_with('[') || (is_setting && !setting.ends_with("= \"\""));
        kept.then_some(setting)
    });
    let uncommented = lines.collect::<Vec<_>>().join("\n");
    let whole = parsed(&uncommented);
    assert!(whole["sms"]["aliyun"]["endpoint"].is_string(), "{whole}");
    Validator::of(schema::schema())
        .admits(&whole)
        .expect("admitted");
}

#[test]
fn every_default_is_admitted_and_every_key_is_described() {
    for profile in ["development", "production"] {
        for entry in entries(profile) {
            assert!(!entry.meaning.is_empty(), "{}", entry.key);
            if entry.default.is_empty() {
                continue;
            }
            let line = if entry.schema["type"] == "string" || entry.schema["type"].is_null() {
                format!("value = {:?}", entry.default)
            } else {
                format!("value = {}", entry.default)
            };
            let validator = Validator::of(entry.schema.clone());
            let admitted = validator.admits(&parsed(&line)["value"]);
            assert_eq!(admitted, Ok(()), "{profile} {} {line}", entry.key);
        }
    }
    let all = schema::schema();
    let described = &all["properties"]["sms"]["properties"]["code_ttl"];
    assert_eq!(described["default"], "10m");
    assert_eq!(described["description"], "life of a code, 60s to 10m");
    let number = &all["properties"]["sms"]["properties"]["per_phone_hour"];
    assert_eq!(
        (&number["default"], &number["type"]),
        (&json!(5), &json!("integer"))
    );
}

/// What is in a file, and whether it is good.
const CASES: &[(bool, &str)] = &[
    (true, "server.listen = '0.0.0.0:80'"),
    (true, "server.listen = '[::]:8080'"),
    (false, "server.listen = 'everywhere'"),
    (false, "server.listn = '0.0.0.0:80'"),
    (false, "servers.listen = '0.0.0.0:80'"),
    (false, "server.workers = 1025"),
    (false, "server.workers = 'many'"),
    (false, "server.cors_origins = 'https://www.example.com'"),
    (true, "server.cors_origins = ['https://www.example.com']"),
    (true, "sms.code_ttl = '2m 30s'"),
    (false, "sms.code_ttl = 'ten minutes'"),
    (false, "sms.code_ttl = true"),
    (false, "sms.per_phone_hour = -1"),
    (false, "sms.per_phone_hour = [5]"),
    (false, "sms.regions = ['cn']"),
    (false, "sms.regions = []"),
    (false, "sms.guard = 'on'"),
    (false, "sms.guard_ratio = 91"),
    (false, "sms.vendors = ['pigeon']"),
    (false, "sms.vendors = ['aliyun', 'aliyun']"),
    (true, "sms.vendors = ['aliyun', 'console']"),
    (false, "sms.huawei.auth = 'none'"),
    (false, "sms.aliyun.access_key = 'x'"),
    (false, "tokens.algorithm = 'none'"),
    (false, "tokens.audience = 'two words'"),
    (true, "tokens.web.access_ttl = '15m'"),
    (false, "tokens.web = '15m'"),
    (false, "tracing.sample_ratio = 2"),
    (true, "tracing.sample_ratio = 0.5"),
    (false, "retention.batch = 0"),
    (
        true,
        "wechat.base_url = ['https://a.example', 'https://b.example']",
    ),
    (false, "wechat.risk_rank = 5"),
    (
        true,
        "[[webhooks]]\nurl = 'https://a.example'\nsecret = 'whsec_ZXhhbXBsZS13ZWJob29rLXNlY3JldC0zMi1ieXRlcyE='",
    ),
    (false, "[[webhooks]]\nurl = 'https://a.example'"),
    (false, "webhooks = 'https://a.example'"),
    (
        true,
        "[[sms.test_numbers]]\nphone = '+8613800138000'\ncode = '123456'",
    ),
    (
        false,
        "[[sms.test_numbers]]\nphone = '+8613800138000'\ncode = 123456",
    ),
    (
        true,
        "[[sms.templates]]\nvendor = 'aliyun'\ntemplate = 'SMS_1'\nregion = 'overseas'",
    ),
    (
        false,
        "[[sms.templates]]\nvendor = 'aliyun'\ntemplate = 'SMS_1'\nregion = 'CN'",
    ),
];

/// Each of these the settings read, or refuse, just as the schema does.
#[test]
fn what_is_refused_is_refused_by_both() {
    let validator = Validator::of(schema::schema());
    let app = "app_id = 'wx0123456789abcdef'\nkind = 'mini_program'";
    let hash = "ab".repeat(32);
    let tables = [
        (true, format!("[[wechat.apps]]\n{app}\napp_secret = 's'")),
        (false, format!("[[wechat.apps]]\n{app}")),
        (
            false,
            format!("[[wechat.apps]]\n{app}\napp_secret = 's'\nname = 'x'"),
        ),
        (
            false,
            format!("[[wechat.apps]]\n{app}\napp_secret = 's'").replace("mini_program", "applet"),
        ),
        (
            true,
            format!("[[admin.keys]]\nname = 'ops'\nsha256 = '{hash}'\nscope = 'write'"),
        ),
        (
            false,
            format!("[[admin.keys]]\nname = 'ops'\nsha256 = '{hash}'\nscope = 'all'"),
        ),
        (
            false,
            format!("[[admin.keys]]\nname = 'ops'\nsha256 = '{hash}'"),
        ),
    ];
    let cases = CASES.iter().map(|(good, toml)| (*good, (*toml).to_owned()));
    for (good, toml) in cases.chain(tables) {
        let admitted = validator.admits(&parsed(&toml));
        let problems = read(&toml).problems;
        assert_eq!(problems.is_empty(), good, "{toml}: {problems:?}");
        assert_eq!(admitted.is_ok(), good, "{toml}: {admitted:?}");
    }
}

/// Every word that an editor proposes is one that is read, and no other is.
#[test]
fn every_word_that_is_proposed_is_read() {
    let mut seen = 0;
    for entry in entries("development") {
        let Some(words) = entry.schema["enum"].as_array() else {
            continue;
        };
        seen += 1;
        let refused = |word: &str| {
            let given = BTreeMap::from([(entry.key.clone(), Given::Text(word.to_owned()))]);
            let problems = settings::read(given, SystemClock.now()).1.problems;
            let mut own = problems.iter().filter(|problem| problem.key == entry.key);
            own.any(|problem| problem.advice.starts_with("write "))
        };
        for word in words {
            let word = word.as_str().expect("a word");
            assert!(!refused(word), "{} = {word}", entry.key);
        }
        assert!(refused("no-such-word"), "{}", entry.key);
    }
    assert!(seen >= 12, "{seen}");
}

#[test]
fn secrets_are_marked() {
    let entries = entries("development");
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    let files = entries.iter().filter_map(|entry| {
        let key = entry.key.strip_suffix("_file")?;
        find(key)
    });
    let secrets: Vec<&Entry> = files.collect();
    assert!(secrets.len() > 12, "{}", secrets.len());
    for secret in secrets {
        assert_eq!(secret.schema["writeOnly"], true, "{}", secret.key);
    }
    let marked = |key: &str, member: &str| {
        let schema = &find(key).expect("a key").schema;
        schema["items"]["properties"][member]["writeOnly"] == true
    };
    assert!(marked("wechat.apps", "app_secret") && marked("webhooks", "secret"));
    assert!(!marked("wechat.apps", "app_id"));
}
