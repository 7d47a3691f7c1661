//! The arrows of `docs/architecture.md`: which crate may know which.
//!
//! `deny.toml` says which technology may be in the tree at all, tests included;
//! here is what goes into the shipped binary.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// What each crate of ours may use of the others. A crate that is not here has
/// no place in the architecture yet.
const MAY_USE: &[(&str, &[&str])] = &[
    ("menshen-domain", &[]),
    ("menshen-outbound", &[]),
    // For services of others: it sees ours over HTTP only.
    ("menshen-client", &[]),
    ("menshen-migrations", &[]),
    // An independent reading of the vendors' protocols.
    ("menshen-simulator", &[]),
    ("menshen-images", &["menshen-domain"]),
    ("menshen-memory", &["menshen-domain"]),
    ("menshen-redis", &["menshen-domain"]),
    ("menshen-sql", &["menshen-domain", "menshen-migrations"]),
    ("menshen-s3", &["menshen-domain", "menshen-outbound"]),
    // Spans are delivered with the client that calls vendors; it names no port.
    ("menshen-telemetry", &["menshen-outbound"]),
    ("menshen-token", &["menshen-domain"]),
    ("menshen-wechat", &["menshen-domain", "menshen-outbound"]),
    // Pure functions over requests; the client's encoding is what is signed.
    ("menshen-signing", &["menshen-outbound"]),
    (
        "menshen-captcha",
        &["menshen-domain", "menshen-outbound", "menshen-signing"],
    ),
    (
        "menshen-sms",
        &["menshen-domain", "menshen-outbound", "menshen-signing"],
    ),
    (
        "menshen-webhooks",
        &["menshen-domain", "menshen-outbound", "menshen-signing"],
    ),
    ("menshen-testkit", &["menshen-domain"]),
    // Knows the service as a command only.
    ("menshen-cluster", &["menshen-simulator", "menshen-testkit"]),
    (
        "menshen",
        &[
            "menshen-captcha",
            "menshen-domain",
            "menshen-images",
            "menshen-memory",
            "menshen-migrations",
            "menshen-redis",
            "menshen-s3",
            "menshen-signing",
            "menshen-simulator",
            "menshen-sms",
            "menshen-sql",
            "menshen-telemetry",
            "menshen-token",
            "menshen-webhooks",
            "menshen-wechat",
        ],
    ),
    ("menshen-browser-tests", &["menshen"]),
    // Knows every parser of what strangers send; nothing knows it.
    (
        "menshen-fuzzing",
        &[
            "menshen",
            "menshen-domain",
            "menshen-images",
            "menshen-outbound",
            "menshen-sms",
            "menshen-token",
            "menshen-wechat",
        ],
    ),
    // Drives the server from outside; its benches call the pure parts.
    (
        "menshen-bench",
        &["menshen-domain", "menshen-testkit", "menshen-token"],
    ),
];

/// What the tests of any crate may use beside that.
const TESTS_MAY_USE: &[&str] = &[
    "menshen-cluster",
    "menshen-domain",
    "menshen-outbound",
    "menshen-simulator",
    "menshen-testkit",
];

/// Technologies, and the crates of ours that may use them.
const TECHNOLOGIES: &[(&str, &[&str])] = &[
    // The bench has an empty handler, for comparison, and fills tables.
    (
        "actix-web",
        &[
            "menshen",
            "menshen-bench",
            "menshen-client",
            "menshen-simulator",
        ],
    ),
    ("deadpool", &["menshen-redis"]),
    ("deadpool-redis", &["menshen-redis"]),
    ("image", &["menshen-images"]),
    ("jsonwebtoken", &["menshen-client", "menshen-token"]),
    ("multer", &["menshen"]),
    ("opentelemetry", &["menshen-telemetry"]),
    ("opentelemetry-proto", &["menshen-telemetry"]),
    ("opentelemetry_sdk", &["menshen-telemetry"]),
    ("redis", &["menshen-redis"]),
    ("reqwest", &["menshen-client", "menshen-outbound"]),
    ("rusty-s3", &["menshen-s3"]),
    ("sea-orm", &["menshen-sql"]),
    ("sea-orm-migration", &["menshen-migrations"]),
    ("sqlx", &["menshen-bench", "menshen-sql"]),
];

/// All that the domain is made of.
const DOMAIN_USES: &[&str] = &[
    "async-trait",
    "base64",
    "chrono",
    "phonenumber",
    "secrecy",
    "subtle",
    "thiserror",
    "tracing",
    "uuid",
];

/// What must not reach the domain by any detour: I/O, frameworks, the time of
/// day and random numbers.
const NOT_IN_THE_DOMAIN: &[&str] = &[
    "actix-http",
    "actix-rt",
    "actix-web",
    "aws-lc-rs",
    "axum",
    "getrandom",
    "hyper",
    "iana-time-zone",
    "jsonwebtoken",
    "mio",
    "rand",
    "redis",
    "reqwest",
    "rustls",
    "sea-orm",
    "socket2",
    "sqlx",
    "tokio",
    "toml",
    "utoipa",
];

#[test]
fn the_domain_is_free_of_io_and_frameworks() {
    let direct = tree(&["-p", "menshen-domain", "-e", "normal", "--depth", "1"]);
    let direct: BTreeSet<_> = direct["menshen-domain"]
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(direct, DOMAIN_USES.iter().copied().collect());

    let all = cargo_tree(&["-p", "menshen-domain", "-e", "normal"]);
    let found: Vec<_> = NOT_IN_THE_DOMAIN
        .iter()
        .filter(|name| all.iter().any(|(_, other)| other == *name))
        .collect();
    assert!(found.is_empty(), "the domain reaches {found:?}");
}

#[test]
fn arrows_between_our_crates_point_inwards() {
    let uses = tree(&["--workspace", "-e", "normal,build", "--depth", "1"]);
    for (name, dependencies) in &uses {
        let allowed = may_use(name);
        for other in dependencies.iter().filter(|other| is_ours(other)) {
            assert!(allowed.contains(&other.as_str()), "{name} uses {other}");
        }
    }
    assert_eq!(uses.len(), MAY_USE.len(), "a crate of MAY_USE is gone");
}

#[test]
fn tests_know_no_other_adapter() {
    for (name, dependencies) in tree(&["--workspace", "-e", "dev", "--depth", "1"]) {
        for other in dependencies.iter().filter(|other| is_ours(other)) {
            let helper = TESTS_MAY_USE.contains(&other.as_str()) && name != "menshen-simulator";
            let allowed = helper || *other == name || may_use(&name).contains(&other.as_str());
            assert!(allowed, "the tests of {name} use {other}");
        }
    }
}

#[test]
fn a_technology_stays_in_its_crate() {
    for (name, dependencies) in tree(&["--workspace", "-e", "normal,build", "--depth", "1"]) {
        for (technology, crates) in TECHNOLOGIES {
            let allowed = crates.contains(&name.as_str());
            assert!(
                allowed || !dependencies.contains(*technology),
                "{name} uses {technology}"
            );
        }
    }
}

#[test]
fn everything_comes_from_crates_io() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let elsewhere: Vec<_> = lock
        .lines()
        .filter(|line| line.starts_with("source = "))
        .filter(|line| !line.contains("registry+https://github.com/rust-lang/crates.io-index"))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

fn may_use(name: &str) -> &'static [&'static str] {
    let place = MAY_USE.iter().find(|(known, _)| *known == name);
    place
        .unwrap_or_else(|| panic!("{name} has no place in MAY_USE"))
        .1
}

fn is_ours(name: &str) -> bool {
    name == "menshen" || name.starts_with("menshen-")
}

/// The crates at the top, each with the crates right below it.
fn tree(arguments: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut below: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut top = String::new();
    for (depth, name) in cargo_tree(arguments) {
        if depth == 0 {
            below.entry(name.clone()).or_default();
            top = name;
        } else {
            below.entry(top.clone()).or_default().insert(name);
        }
    }
    below
}

/// What `cargo tree` prints: how deep, and which crate.
fn cargo_tree(arguments: &[&str]) -> Vec<(usize, String)> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked"])
        .args(["--prefix", "depth", "--format", " {p}"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    let lines = String::from_utf8_lossy(&output.stdout);
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?.to_owned()))
    };
    lines.lines().filter_map(line).collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
