//! Keys, their files, and the schema, looked after by command.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{KEY, LISTEN, OTHER_KEY, folder, refused, run, serve};
use crate::support::{ended, menshen, said};

/// Serves once, so that there are a database and a key.
fn served_once(folder: &Path, settings: &[(&str, &str)]) {
    let menshen = serve(folder, settings);
    menshen.signal("TERM");
    assert_eq!(menshen.end().0, Some(0));
}

#[test]
fn an_admin_key_is_shown_once_with_its_hash() {
    let (first, _) = said(&run(&[], &["admin", "hash-key"]));
    let (second, _) = said(&run(&[], &["admin", "hash-key"]));
    assert_ne!(first, second);
    let word = |name: &str| {
        let line = first.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name}: {first}"));
        line.split_whitespace().nth(1).expect("a word").to_owned()
    };
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, word("key").as_bytes());
    assert_eq!(word("sha256"), hex::encode(digest));
}

#[test]
fn the_schema_and_the_keys_are_looked_after_by_command() {
    let folder = folder();
    let run = |arguments: &[&str]| {
        let output = ended(menshen(folder.path(), &[], arguments));
        let (out, err) = said(&output);
        (output.status.code(), out, err)
    };
    let (status, out, _) = run(&["migrate", "status"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("pending") && !out.contains("applied"), "{out}");
    let (status, _, err) = run(&["keys", "list"]);
    assert_eq!(status, Some(1), "{err}");
    assert!(
        err.contains("menshen migrate up") || err.contains("migration"),
        "{err}"
    );
    let (status, out, _) = run(&["migrate", "up"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("applied") && !out.contains("pending"), "{out}");
    let (status, out, _) = run(&["keys", "list"]);
    let count = |out: &str, of_ring| {
        let lines = out.lines();
        lines
            .filter(|line| line.starts_with("ring ") == of_ring)
            .count()
    };
    let ring = count(&out, true);
    assert_eq!((status, count(&out, false)), (Some(0), 1), "{out}");
    assert_eq!(out.matches("  active  ").count(), ring, "{out}");
    let (status, out, _) = run(&["keys", "rotate"]);
    assert_eq!((status, count(&out, false)), (Some(0), 2), "{out}");
    assert!(out.contains("next") && out.contains("signing"), "{out}");
    // In an emergency the one that signs goes, and the next takes its place.
    let kid = |stage: &str| {
        let line = out.lines().find(|line| line.contains(stage));
        let line = line.unwrap_or_else(|| panic!("no {stage}: {out}"));
        line.split_whitespace().next().expect("a key").to_owned()
    };
    let (status, after, _) = run(&["keys", "drop", &kid("  signing  ")]);
    assert_eq!((status, count(&after, false)), (Some(0), 1), "{after}");
    assert!(
        after.contains(&format!("{}  ES256  signing", kid("  next  "))),
        "{after}"
    );
    let (status, _, err) = run(&["keys", "drop", "nonsense"]);
    assert_eq!(status, Some(1));
    assert!(err.contains("menshen keys list"), "{err}");
    for action in ["key.created", "key.dropped"] {
        let (status, told, _) = run(&["admin", "audit", "--action", action]);
        assert!(status == Some(0) && told.contains("cli:"), "{told}");
    }
    // The keyring: a key of a use that rotates, and one of a use that does not.
    let (status, out, _) = run(&["keys", "rotate", "--ring", "seal.phone_number"]);
    assert_eq!((status, count(&out, true)), (Some(0), ring + 1), "{out}");
    assert!(out.contains("seal.phone_number  next"), "{out}");
    for (usage, words) in [
        ("seal.phone_number", "begins at"),
        ("mac.blind_index", "cannot change"),
        ("nonsense", "menshen keys list"),
    ] {
        let (status, _, err) = run(&["keys", "rotate", "--ring", usage]);
        assert_eq!(status, Some(1), "{usage}");
        assert!(err.contains(words) && err.lines().count() == 1, "{err}");
    }
    let (status, out, _) = run(&["migrate", "down", "--steps", "1"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("pending"), "{out}");
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let folder = folder();
    served_once(folder.path(), &[]);
    let key = folder.path().join("data/master.key");
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("a mode");
        let err = refused(&ended(menshen(folder.path(), &[LISTEN], &["serve"])));
        assert!(
            err.contains("master.key") && err.contains("chmod 600"),
            "{err}"
        );
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
    served_once(folder.path(), &[]);
}

#[test]
fn a_key_that_does_not_open_the_database_is_refused_and_nothing_is_made_anew() {
    let folder = folder();
    served_once(folder.path(), &[]);
    let file = folder.path().join("data/master.key");
    let kept = fs::read(&file).expect("a key");
    fs::write(&file, format!("{OTHER_KEY}\n")).expect("a file");
    let err = refused(&ended(menshen(folder.path(), &[LISTEN], &["serve"])));
    assert!(err.contains("master key"), "{err}");
    assert!(!err.contains(OTHER_KEY), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    let written = fs::read_to_string(&file).expect("a key");
    assert_eq!(written.trim(), OTHER_KEY, "never over an existing one");
    // A lost key is not forgotten either.
    fs::remove_file(&file).expect("removed");
    let err = refused(&ended(menshen(folder.path(), &[LISTEN], &["serve"])));
    assert!(
        err.contains("master key") || err.contains("master.key"),
        "{err}"
    );
    fs::write(&file, kept).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    served_once(folder.path(), &[]);
}

#[test]
fn a_new_master_key_is_added_last_and_then_moved_first() {
    let folder = folder();
    let lists = [
        format!("[\"{KEY}\"]"),
        format!("[\"{KEY}\", \"{OTHER_KEY}\"]"),
        format!("[\"{OTHER_KEY}\", \"{KEY}\"]"),
        format!("[\"{OTHER_KEY}\"]"),
    ];
    for list in &lists {
        served_once(folder.path(), &[("secrets.master_key", list)]);
    }
    let settings = [LISTEN, ("secrets.master_key", KEY)];
    let err = refused(&ended(menshen(folder.path(), &settings, &["serve"])));
    assert!(err.contains("master key"), "{err}");
}
