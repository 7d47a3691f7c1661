//! `menshen.schema.json`: all settings as JSON Schema, for editors.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::settings::read;
use crate::settings::reader::Entry;
use crate::settings::reference::literal;

/// The schema of a settings file, by what reads it.
#[must_use]
pub fn schema() -> Value {
    let entries = read(BTreeMap::new(), DateTime::<Utc>::UNIX_EPOCH).1.entries;
    let mut root = table();
    for entry in &entries {
        insert(&mut root, &entry.key, described(entry));
    }
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "menshen.toml",
        "description": "Settings of Menshen, made by `menshen config schema`. What two keys must be to each other, and what production demands, tells `menshen config check`.",
    });
    let mut all = Map::new();
    for part in [head, root] {
        if let Value::Object(members) = part {
            all.extend(members);
        }
    }
    all.into()
}

/// The schema as a file has it.
#[must_use]
pub fn text() -> String {
    // A value always makes JSON.
    let text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text + "\n"
}

/// A table without keys.
fn table() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

/// Puts a key into its table, which is made if it is the first there.
fn insert(table: &mut Value, key: &str, value: Value) {
    match key.split_once('.') {
        None => table["properties"][key] = value,
        Some((name, rest)) => {
            let inner = &mut table["properties"][name];
            if inner.is_null() {
                *inner = self::table();
            }
            insert(inner, rest, value);
        }
    }
}

/// What can be read, with what it means and what holds without it.
fn described(entry: &Entry) -> Value {
    let mut value = entry.schema.clone();
    value["description"] = entry.meaning.clone().into();
    if let Some(default) = default(&entry.default) {
        value["default"] = default;
    }
    value
}

/// The default as a file would have it.
fn default(written: &str) -> Option<Value> {
    if written.is_empty() {
        return None;
    }
    let mut line: toml::Table = format!("value = {}", literal(written)).parse().ok()?;
    serde_json::to_value(line.remove("value")?).ok()
}
