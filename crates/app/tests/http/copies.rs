//! What somebody can do with a copy of Redis and of the database: look for what they
//! know, in every form in which it might be kept without a key.

use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use menshen_testkit::servers::redis::RedisServer;
use tokio::task::spawn_blocking;

use crate::support::{Login, Service};

const PHONES: [&str; 3] = ["13900000001", "13900000002", "13900000003"];

/// Bytes as text, each a letter, so that all forms are looked for alike.
fn letters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// A value as everybody can compute it.
fn forms(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let hash = |how: &'static Algorithm| digest(how, bytes).as_ref().to_vec();
    let hashes = [&SHA1_FOR_LEGACY_USE_ONLY, &SHA256, &SHA512].map(hash);
    let mut forms: Vec<String> = hashes.iter().map(|hash| letters(hash)).collect();
    for raw in hashes.into_iter().chain([bytes.to_vec()]) {
        forms.push(hex::encode(&raw));
        for base64 in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            forms.push(base64.encode(&raw));
        }
    }
    forms
}

/// All keys of Redis with their values.
fn of_redis(redis: &RedisServer) -> String {
    let mut copy = String::new();
    let keys = redis.command(&["KEYS", "*"]);
    assert!(keys.lines().count() >= 6, "{keys}");
    for key in keys.lines() {
        copy += key;
        copy += &match redis.command(&["TYPE", key]).as_str() {
            "string" => redis.command(&["GET", key]),
            "hash" => redis.command(&["HGETALL", key]),
            "zset" => redis.command(&["ZRANGE", key, "0", "-1", "WITHSCORES"]),
            other => panic!("{key} is a {other}"),
        };
    }
    copy
}

/// All files of the database.
fn of_files(folder: &Path) -> String {
    let files = fs::read_dir(folder).expect("a folder");
    let read = |file: std::io::Result<fs::DirEntry>| {
        let path = file.expect("a file").path();
        fs::read(path).expect("bytes")
    };
    let copy: Vec<u8> = files.flat_map(read).collect();
    assert!(copy.len() > 50_000, "{}", copy.len());
    letters(&copy)
}

#[tokio::test]
async fn copies_of_redis_and_of_the_database_tell_no_number_no_code_and_no_token() {
    let redis = spawn_blocking(RedisServer::start).await.expect("a Redis");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("menshen.db");
    let database = format!("sqlite://{}", file.display());
    let shared = redis.url();
    let service = Service::with(&[
        ("ephemeral.url", shared.as_str()),
        ("database.url", database.as_str()),
        ("sms.resend_interval", "0s"),
        // Made here, and nowhere in the folder.
        (
            "secrets.master_key",
            "q0xTlXvS2mY8cQd1Zr5hWn7uEoPa3KfGjBt9yLiV6sM=",
        ),
    ])
    .await;
    let mut codes = Vec::new();
    let mut known = Vec::new();
    for phone in PHONES {
        let login = service.sms_login(phone).await;
        let next = Login::of(&service.refresh(login.refresh()).await);
        for token in [&login, &next].map(|one| [one.access(), one.refresh()]) {
            known.extend(token.map(|token| token.rsplit('.').next().unwrap().to_owned()));
            known.extend(token.map(ToOwned::to_owned));
        }
        known.extend([
            phone.to_owned(),
            format!("+86{phone}"),
            format!("86{phone}"),
        ]);
        // One that lives.
        service.forget_messages().await;
        service.ask(phone).await.ok();
        codes.push(service.code_at(phone).await);
        let wrong = if codes.last().is_some_and(|code| code == "000000") {
            "000001"
        } else {
            "000000"
        };
        service
            .try_code(phone, wrong)
            .await
            .fails(400, "sms_code_incorrect");
    }
    let copies = [
        ("Redis", of_redis(&redis)),
        ("the database", of_files(folder.path())),
    ];
    for (place, copy) in copies {
        for value in &known {
            assert!(!copy.contains(value), "{place} holds {value}");
            let computed = forms(value).iter().any(|form| copy.contains(form));
            assert!(!computed, "{place} holds a form of {value}");
        }
        for code in &codes {
            // Short forms of six digits stand somewhere by chance.
            let long = forms(code).into_iter().filter(|form| form.len() > 12);
            let computed = long.into_iter().any(|form| copy.contains(&form));
            assert!(!computed, "{place} holds a hash of {code}");
        }
        // And so do six digits, in a time of day; but not all of them.
        let plain = codes.iter().filter(|code| copy.contains(*code));
        assert!(plain.count() < 2, "{place} holds {codes:?}");
    }
}
