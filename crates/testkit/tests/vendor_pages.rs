//! The pages of the vendors, `docs/sms` and `docs/wechat`: each in both
//! languages, with every error code that our tables know and every setting.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Vendors with a table of error codes.
const WITH_TABLES: [&str; 5] = ["aliyun", "tencent", "huawei", "volcengine", "twilio"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A page in both languages.
#[track_caller]
fn both(page: &str) -> [(String, String); 2] {
    [format!("docs/{page}.md"), format!("docs/zh/{page}.md")].map(|path| {
        let text = read(&path);
        (path, text)
    })
}

/// The keys of `docs/configuration.md`.
fn keys() -> Vec<String> {
    let page = read("docs/configuration.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned()))
        .filter(|key| !key.ends_with("_file"))
        .collect()
}

/// The vendors that `sms.vendors` may name.
fn vendors() -> Vec<String> {
    let page = read("docs/configuration.md");
    let row = page
        .lines()
        .find(|line| line.starts_with("| `sms.vendors`"))
        .expect("a row");
    let meaning = row.rsplit("| ").next().expect("a meaning");
    meaning
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Code without comments.
fn code(path: &str) -> String {
    let text = read(path);
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The words in quotes that look like codes; those of tests too, for a table
/// knows some by their family only. What tests made up is left out.
fn quoted_codes(code: &str) -> BTreeSet<&str> {
    let quoted = code.split('"').skip(1).step_by(2);
    quoted
        .filter(|word| {
            word.len() > 3
                && word.is_ascii()
                && !word.contains(char::is_whitespace)
                && word.contains(|c: char| c.is_ascii_uppercase())
                && !["omething", "999", "0099", "{"]
                    .iter()
                    .any(|made_up| word.contains(made_up))
        })
        .collect()
}

/// The numbers of at least four digits in a table, ranges written out.
fn numbers(code: &str) -> BTreeSet<u32> {
    let table = code.split("#[cfg(test)]").next().expect("a table");
    let mut found = BTreeSet::new();
    for word in table.split(|c: char| !(c.is_ascii_digit() || matches!(c, '_' | '.' | '='))) {
        let word = word.replace('_', "");
        match word.split_once("..=") {
            Some((from, to)) => {
                let bound = |text: &str| text.parse::<u32>().expect("a number");
                found.extend(bound(from)..=bound(to));
            }
            None if word.len() > 3 => found.extend(word.parse::<u32>().ok()),
            None => {}
        }
    }
    found
}

#[test]
fn every_vendor_has_a_page_in_both_languages_with_how_to_check_it() {
    let vendors = vendors();
    assert!(vendors.len() >= 7, "{vendors:?}");
    for vendor in &vendors {
        for (path, page) in both(&format!("sms/{vendor}")) {
            assert!(page.contains("menshen config check --live"), "{path}");
            let (folder, name) = path.rsplit_once('/').expect("a name");
            let index = read(&format!("{folder}/README.md"));
            assert!(index.contains(&format!("]({name})")), "{path}");
        }
    }
    for kind in [
        "mini-program",
        "app",
        "website",
        "cloud-hosting",
        "message-push",
        "errors",
    ] {
        for (path, page) in both(&format!("wechat/{kind}")) {
            assert!(page.contains("menshen config check --live"), "{path}");
        }
    }
}

#[test]
fn every_error_code_of_a_vendor_is_on_its_page() {
    for vendor in WITH_TABLES {
        let table = code(&format!("crates/sms/src/{vendor}/errors.rs"));
        let mut codes: BTreeSet<String> = quoted_codes(&table)
            .into_iter()
            .map(str::to_owned)
            .collect();
        if vendor == "twilio" {
            codes = numbers(&table).iter().map(ToString::to_string).collect();
        }
        assert!(codes.len() > 9, "{vendor}: {codes:?}");
        for (path, page) in both(&format!("sms/{vendor}")) {
            let missing: Vec<_> = codes.iter().filter(|code| !page.contains(*code)).collect();
            assert!(missing.is_empty(), "{path} lacks {missing:?}");
        }
    }
}

#[test]
fn every_error_code_of_wechat_is_on_its_page() {
    let codes = numbers(&code("crates/wechat/src/errcodes.rs"));
    assert!(codes.len() > 50, "{codes:?}");
    for (path, page) in both("wechat/errors") {
        let missing: Vec<_> = codes
            .iter()
            .filter(|code| !page.contains(&code.to_string()))
            .collect();
        assert!(missing.is_empty(), "{path} lacks {missing:?}");
    }
}

#[test]
fn every_setting_of_a_vendor_is_on_its_page() {
    let mut seen = 0;
    for key in keys() {
        let (pages, wanted) = match key.split('.').collect::<Vec<_>>()[..] {
            ["sms", "weights", _] => (vec!["sms/README".to_owned()], "[sms.weights]"),
            ["sms", "templates"] => (vec!["sms/README".to_owned()], "sms.templates"),
            ["sms", "captcha", .., name] => (vec!["captcha".to_owned()], name),
            ["sms", vendor, name] => (vec![format!("sms/{vendor}")], name),
            ["wechat", name] => {
                let pages = ["README", "mini-program", "cloud-hosting"];
                (pages.map(|page| format!("wechat/{page}")).to_vec(), name)
            }
            _ => continue,
        };
        seen += 1;
        for language in ["", "zh/"] {
            let texts = pages
                .iter()
                .map(|page| read(&format!("docs/{language}{page}.md")));
            let is_there = texts.into_iter().any(|text| text.contains(wanted));
            assert!(is_there, "{key} is on none of {language}{pages:?}");
        }
    }
    assert!(seen > 15, "{seen} settings");
}

#[test]
fn every_link_leads_to_a_file_and_both_languages_say_as_much() {
    let folders = ["docs/sms", "docs/wechat", "docs/zh/sms", "docs/zh/wechat"];
    for folder in folders {
        let entries = fs::read_dir(root().join(folder)).expect("a folder");
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            let page = fs::read_to_string(&path).expect("a page");
            for link in page.split("](").skip(1) {
                let target = link.split([')', '#']).next().expect("a target");
                if !target.is_empty() && !target.starts_with("http") {
                    let there = path.parent().expect("a folder").join(target);
                    assert!(there.exists(), "{}: {target}", path.display());
                }
            }
            let name = path.file_name().and_then(|name| name.to_str());
            let name = format!("{folder}/{}", name.expect("a name"));
            let other = match name.strip_prefix("docs/zh/") {
                Some(page) => format!("docs/{page}"),
                None => name.replace("docs/", "docs/zh/"),
            };
            let shape = |text: &str| {
                let count = |mark| text.lines().filter(|line| line.starts_with(mark)).count();
                [count("#"), count("|"), count("```")]
            };
            assert_eq!(shape(&page), shape(&read(&other)), "{name}");
        }
    }
}
