//! The example of the settings, read as a file of settings.

use std::fs;
use std::path::{Path, PathBuf};

use menshen_app::clock::SystemClock;
use menshen_app::settings::{self, reference, source};
use menshen_domain::ports::clock::Clock as _;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_example_file_sets_nothing() {
    let file = root().join("menshen.example.toml");
    let given = source::collect(Some(&file), std::iter::empty()).expect("TOML");
    assert!(given.is_empty(), "{given:?}");
}

/// Whoever takes all the `#` away has what they had: the defaults.
#[test]
fn the_example_file_has_the_defaults() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("menshen.toml");
    let example = reference::example();
    let lines = example.lines().map(|line| match line.strip_prefix("# ") {
        // What has no default stays out: it would be given as nothing.
        Some(setting) if is_setting(setting) && !setting.ends_with("= \"\"") => setting,
        _ if line.starts_with('[') => line,
        _ => "",
    });
    let uncommented: Vec<&str> = lines.collect();
    fs::write(&file, uncommented.join("\n")).expect("a file");
    let given = source::collect(Some(&file), std::iter::empty()).expect("TOML");
    assert!(given.len() > 60, "{}", given.len());
    let (_, report) = settings::read(given, SystemClock.now());
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    for entry in &report.entries {
        if !entry.default.is_empty() {
            let plain = |text: &str| text.replace([' ', '"'], "");
            assert_eq!(
                plain(&entry.effective),
                plain(&entry.default),
                "{}",
                entry.key
            );
        }
    }
}

fn is_setting(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(name, _)| {
        name.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    })
}
