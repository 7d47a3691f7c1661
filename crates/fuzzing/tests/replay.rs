//! The corpus of `fuzz/` and changes of it, on a stable compiler and in bounded time.
//! libFuzzer looks further, guided by what it reaches: `scripts/fuzz`.

mod changes;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use changes::change;
use menshen_fuzzing::{TARGETS, Target};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How many changed inputs each target gets; all together take some ten seconds.
const CHANGED: u32 = 3000;
/// The fewest inputs that a target's corpus holds.
const FEWEST: usize = 6;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The inputs kept for a target, in the order of their names.
fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder().join("corpus").join(target.name);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let data = fs::read(&path).expect("an input");
        (path, data)
    };
    paths.into_iter().map(read).collect()
}

fn target(name: &str) -> Target {
    let mut targets = TARGETS.iter();
    *targets
        .find(|target| target.name == name)
        .expect("a target of this name")
}

/// The whole corpus, and then changes of it: the same ones each time, so that a
/// failure comes again. proptest reduces what fails to the change that matters.
fn replay(name: &str) {
    let target = target(name);
    let corpus = corpus(&target);
    assert!(corpus.len() >= FEWEST, "{name}: {} inputs", corpus.len());
    for (path, data) in &corpus {
        let outcome = std::panic::catch_unwind(|| (target.run)(data));
        assert!(outcome.is_ok(), "{} breaks a promise", path.display());
    }
    let seed = [17; 32];
    let config = Config {
        cases: CHANGED,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let inputs: Vec<Vec<u8>> = corpus.into_iter().map(|(_, data)| data).collect();
    let outcome = runner.run(&change(inputs), |data| {
        let outcome = std::panic::catch_unwind(|| (target.run)(&data));
        prop_assert!(outcome.is_ok(), "{}", data.escape_ascii());
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
}

#[test]
fn an_access_token_is_ours_or_refused() {
    replay("access_token");
}

#[test]
fn a_file_becomes_a_picture_of_ours_or_is_to_blame() {
    replay("avatar");
}

#[test]
fn open_data_is_this_persons_or_refused() {
    replay("open_data");
}

#[test]
fn a_number_is_one_spelling_or_refused() {
    replay("phone_number");
}

#[test]
fn a_text_is_fit_to_be_shown_or_refused() {
    replay("profile_text");
}

#[test]
fn a_pushed_message_is_wechats_or_refused() {
    replay("push_message");
}

#[test]
fn a_refresh_token_is_ours_or_refused() {
    replay("refresh_token");
}

#[test]
fn a_body_is_strict_or_refused() {
    replay("request_body");
}

#[test]
fn settings_are_read_or_refused_without_a_secret() {
    replay("settings");
}

#[test]
fn a_vendors_answer_is_an_outcome() {
    replay("sms_answer");
}

#[test]
fn a_receipt_is_a_vendors_or_refused() {
    replay("sms_receipt");
}

#[test]
fn an_answer_of_wechat_identifies_or_is_not_quoted() {
    replay("wechat_answer");
}

#[test]
fn every_target_is_replayed_and_has_a_binary_and_a_corpus() {
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(self::folder().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let stem = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        paths.map(stem).collect()
    };
    let targets: BTreeSet<String> = TARGETS.iter().map(|t| t.name.to_owned()).collect();
    let here = include_str!("replay.rs");
    for name in &targets {
        assert!(here.contains(&format!("replay(\"{name}\");")), "{name}");
    }
    assert_eq!(targets, names("fuzz_targets"));
    assert_eq!(targets, names("corpus"));
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for name in &targets {
        let path = folder().join("fuzz_targets").join(format!("{name}.rs"));
        let source = fs::read_to_string(path).unwrap();
        assert!(source.contains(&format!("run(\"{name}\", data)")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}

#[test]
fn what_has_no_form_is_passed_over() {
    for target in TARGETS {
        for odd in [&b""[..], b"\n", b"\xff\xfe\n\0", &[b'['; 4096]] {
            (target.run)(odd);
        }
    }
    let nobody = std::panic::catch_unwind(|| menshen_fuzzing::run("nobody", b""));
    assert!(nobody.is_err(), "a target that is not there was run");
}
