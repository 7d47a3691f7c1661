//! `/console`: where it is served, under which headers, and what its files hold.

use std::collections::BTreeSet;
use std::fs;

use crate::administration::with_keys;
use crate::support::Service;

/// Every word of the audit log is in it.
const AUDIT: &str = include_str!("../../../domain/src/model/audit.rs");

fn is_script(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| ending == "js")
}

/// What the admin API calls each act and each look in the audit log.
fn acts() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/admin");
    let mut acts = BTreeSet::new();
    for file in fs::read_dir(folder).expect("the sources") {
        let path = file.expect("a file").path();
        if path.is_file() {
            let source = fs::read_to_string(path).expect("a source");
            let words = source.split('"').skip(1).step_by(2);
            let is_act = |word: &&str| {
                let parts = word.split_once('.');
                parts.is_some_and(|(kind, verb)| is_word(kind) && is_word(verb))
            };
            acts.extend(words.filter(is_act).map(ToOwned::to_owned));
        }
    }
    acts
}

fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    !text.is_empty() && bytes.all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// The page and everything that it loads, found as a browser finds it.
async fn files(service: &Service) -> Vec<(String, String)> {
    let mut due = vec!["/console".to_owned()];
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    while let Some(path) = due.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = service.get(&path).send().await;
        assert_eq!(answer.status, 200, "{path}");
        let text = answer.text.clone();
        for named in text.split(['"', '\'']).filter(|part| !part.contains(' ')) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if named.starts_with("/console/") {
                due.push(named.split('#').next().unwrap_or(named).to_owned());
            } else if let Some(file) = named.strip_prefix("./").filter(|file| is_script(file)) {
                due.push(format!("{folder}/{file}"));
            } else if let Some(file) = named.strip_prefix("../").filter(|file| is_script(file)) {
                due.push(format!("/console/{file}"));
            }
        }
        files.push((path, text));
    }
    files
}

#[tokio::test]
async fn without_a_key_in_the_settings_there_is_no_console() {
    let service = Service::start().await;
    for path in [
        "/console",
        "/console/",
        "/console/app.js",
        "/console/tokens.css",
    ] {
        service.get(path).send().await.fails(404, "not_found");
    }
}

#[tokio::test]
async fn each_file_of_it_has_the_headers_of_a_page_that_holds_a_key() {
    let service = with_keys(&[]).await;
    let files = files(&service).await;
    assert!(files.len() > 25, "{}", files.len());
    for (path, _) in &files {
        let answer = service.get(path).send().await;
        let header = |name: &str| answer.header(name).unwrap_or_default();
        let policy = header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ] {
            let rules = policy.split("; ").map(str::trim);
            assert!(
                rules.clone().any(|one| one == rule),
                "{path}: {rule} in {policy}"
            );
        }
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(header(name), value, "{path}: {name}");
        }
        assert!(header("permissions-policy").contains("camera=()"));
        let media_type = header("content-type");
        assert_ne!(media_type, "application/octet-stream", "{path}");
    }
    for other in [
        "/console/no-such-file.js",
        "/console/%2e%2e%2fplayground/app.js",
        "/console/locales",
    ] {
        service.get(other).send().await.fails(404, "not_found");
    }
}

#[tokio::test]
async fn its_files_load_nothing_from_elsewhere_and_make_no_text_into_markup() {
    let service = with_keys(&[]).await;
    for (path, text) in files(&service).await {
        let text = text.replace("http://www.w3.org/", "");
        for never in [
            "http://",
            "https://",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "eval(",
            "new Function",
            "<script>",
            "style=",
            "sessionStorage",
            "indexedDB",
            "document.cookie",
        ] {
            assert!(!text.contains(never), "{path} has {never}");
        }
        // What is stored is the language.
        let stores = text.contains("localStorage");
        assert_eq!(stores, path == "/console/i18n.js", "{path}");
    }
}

#[tokio::test]
async fn every_text_of_it_is_there_in_both_languages() {
    let service = with_keys(&[]).await;
    let files = files(&service).await;
    let of = |name: &str| {
        let found = files.iter().find(|(path, _)| path.ends_with(name));
        &found.unwrap_or_else(|| panic!("{name}")).1
    };
    for language in ["en", "zh"] {
        let texts = of(&format!("locales/{language}.js"));
        for (path, source) in files.iter().filter(|(path, _)| is_script(path)) {
            let calls = ["(t('", " t('", "[t('"];
            let keys = calls.iter().flat_map(|call| source.split(call).skip(1));
            for key in keys {
                let Some((key, _)) = key.split_once('\'') else {
                    continue;
                };
                if key.len() < 40 && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
                    assert!(
                        texts.contains(&format!("\n  {key}: '")),
                        "{language}: {key} of {path}"
                    );
                }
            }
        }
        let words = of(&format!("locales/words-{language}.js"));
        let acts = acts();
        assert!(acts.len() >= 20, "{acts:?}");
        for act in acts {
            assert!(words.contains(&format!("'act.{act}'")), "{language}: {act}");
        }
        // A word that the service does not have is a slip.
        let actions: Vec<_> = words.split("'action.").skip(1).collect();
        assert!(actions.len() > 40);
        for action in actions {
            let (action, _) = action.split_once('\'').expect("a word");
            assert!(
                AUDIT.contains(&format!("=> \"{action}\"")),
                "{language}: {action}"
            );
        }
    }
}
