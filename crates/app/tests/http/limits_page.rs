//! `docs/limits.md` and its Chinese page, held against the settings.

use std::collections::BTreeMap;

use menshen_app::clock::SystemClock;
use menshen_app::settings::{self, source};
use menshen_domain::model::limits::LimitRule;
use menshen_domain::ports::clock::Clock as _;

use crate::metrics::read;

const PAGES: [&str; 2] = ["docs/limits.md", "docs/zh/limits.md"];

/// Every setting that says of itself that it is a limit, and its default.
fn limits() -> BTreeMap<String, String> {
    let given = source::collect(None, std::iter::empty()).expect("no settings");
    let (_, report) = settings::read(given, SystemClock.now());
    let entries = report.entries.into_iter();
    let limits = entries.filter(|entry| {
        let words = [
            "means no limit",
            "0s means none",
            "wrong tries per challenge",
        ];
        words.iter().any(|words| entry.meaning.contains(words))
    });
    let named = limits.map(|entry| (entry.key, entry.default));
    named.collect()
}

/// The first two columns of every row that begins with a key.
fn rows(page: &str) -> BTreeMap<String, String> {
    let text = read(page);
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let key = cells.next()?.trim_end_matches('`').to_owned();
        Some((key, cells.next()?.trim_matches('`').to_owned()))
    });
    rows.collect()
}

#[test]
fn each_limit_has_its_row_with_its_default_in_both_languages() {
    let limits = limits();
    assert!(limits.len() > 20, "{limits:?}");
    for page in PAGES {
        assert_eq!(rows(page), limits, "{page}");
    }
}

/// Whoever sees a rule in a metric finds it.
#[test]
fn each_rule_is_named() {
    // Audit rows that are spared are no limit of anybody's.
    let spared = [
        LimitRule::RefusalRows,
        LimitRule::SecurityEvents,
        LimitRule::GuessRows,
    ];
    for page in PAGES {
        let text = read(page);
        for rule in LimitRule::ALL {
            let word = match rule {
                LimitRule::Replays => "refresh_replays".to_owned(),
                rule => format!("`{}`", rule.as_str()),
            };
            let is_named = text.contains(&word) || spared.contains(&rule);
            assert!(is_named, "{page} does not name {word}");
        }
    }
}
