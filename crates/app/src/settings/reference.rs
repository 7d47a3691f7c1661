//! The reference of all settings, made from the settings themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::settings::read;
use crate::settings::reader::Entry;

/// The table of `docs/configuration.md`.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from("| key | default | meaning |\n| --- | --- | --- |\n");
    for entry in entries() {
        let default = if entry.default.is_empty() {
            String::new()
        } else {
            format!("`{}`", entry.default)
        };
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{}` | {default} | {} |", entry.key, entry.meaning);
    }
    page
}

/// `menshen.example.toml`: every key, commented out, with its default.
#[must_use]
pub fn example() -> String {
    let mut file = String::from(
        "#:schema ./menshen.schema.json\n\
         # Every setting of Menshen with its default. Remove the # of a line to change it.\n\
         # The environment goes over this file: MENSHEN_DATABASE__URL is database.url.\n",
    );
    let mut section = String::new();
    for entry in entries() {
        let (table, name) = entry.key.rsplit_once('.').unwrap_or(("", &entry.key));
        if table != section {
            let _ = write!(file, "\n[{table}]\n");
            table.clone_into(&mut section);
        }
        let _ = writeln!(
            file,
            "# {}\n# {name} = {}",
            entry.meaning,
            literal(&entry.default)
        );
    }
    file
}

/// Keys without a section first, and each section once.
fn entries() -> Vec<Entry> {
    let mut entries = read(BTreeMap::new(), DateTime::<Utc>::UNIX_EPOCH).1.entries;
    let position: Vec<String> = entries
        .iter()
        .map(|entry| table_of(&entry.key).to_owned())
        .collect();
    entries.sort_by_key(|entry| {
        position
            .iter()
            .position(|table| table == table_of(&entry.key))
    });
    entries.sort_by_key(|entry| !table_of(&entry.key).is_empty());
    entries
}

fn table_of(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(table, _)| table)
}

/// A number such as `0.1`, and no address or version.
fn is_fraction(default: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = default.split_once('.');
    parts.is_some_and(|(whole, rest)| digits(whole) && digits(rest))
}

pub(crate) fn literal(default: &str) -> String {
    let plain = default.starts_with('[')
        || matches!(default, "true" | "false")
        || default.parse::<u32>().is_ok()
        || is_fraction(default);
    if plain {
        default.to_owned()
    } else {
        format!("\"{default}\"")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn file(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(name)
    }

    #[test]
    fn the_reference_page_tells_every_setting() {
        let page = fs::read_to_string(file("docs/configuration.md")).unwrap();
        let (_, rest) = page.split_once("<!-- reference begins -->\n").unwrap();
        let (table, _) = rest.split_once("<!-- reference ends -->").unwrap();
        let advice = "docs/configuration.md is out of date: put what `menshen config reference` prints between its marks";
        assert!(table == markdown(), "{advice}");
    }

    #[test]
    fn the_example_file_has_every_setting() {
        let text = fs::read_to_string(file("menshen.example.toml")).unwrap();
        let advice = "menshen.example.toml is out of date: run `menshen config example > menshen.example.toml`";
        assert!(text == example(), "{advice}");
    }

    #[test]
    fn every_default_of_the_example_is_what_is_in_force_without_it() {
        let example = example();
        let lines: Vec<&str> = example
            .lines()
            .filter(|line| line.starts_with("# ") && line.contains(" = ") || line.starts_with('['))
            .map(|line| line.trim_start_matches("# "))
            .collect();
        let uncommented = lines.join("\n");
        let table: toml::Table = uncommented.parse().unwrap();
        assert!(
            table.contains_key("server") && table.contains_key("wechat"),
            "{uncommented}"
        );
    }
}
