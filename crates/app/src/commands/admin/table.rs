//! JSON as columns for people.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Writes what an operator asked for: members one a line, and lists of objects as
/// columns below.
pub(super) fn table(data: &Value) -> String {
    let mut text = String::new();
    if let Value::Object(members) = data {
        lines(&mut text, members);
        for (name, value) in members {
            if let Some(rows) = list(value) {
                section(&mut text, name, &rows);
            }
        }
    }
    text
}

/// The rows of a list of objects, if it is one.
fn list(value: &Value) -> Option<Vec<&Map<String, Value>>> {
    value.as_array()?.iter().map(Value::as_object).collect()
}

fn lines(text: &mut String, members: &Map<String, Value>) {
    let plain = || members.iter().filter(|(_, value)| list(value).is_none());
    let width = plain().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in plain() {
        put(text, &format!("{name:width$}  {}", shown(value)));
    }
}

fn section(text: &mut String, name: &str, rows: &[&Map<String, Value>]) {
    put(text, &format!("{name} ({})", rows.len()));
    // What is empty in all rows, and what is a list itself, is no column.
    let mut names: Vec<&String> = Vec::new();
    for (name, value) in rows.iter().flat_map(|row| row.iter()) {
        if !names.contains(&name) && !value.is_null() && !value.is_array() {
            names.push(name);
        }
    }
    let cell =
        |row: &Map<String, Value>, name: &String| row.get(name).map_or_else(String::new, shown);
    let widths: Vec<usize> = names
        .iter()
        .map(|name| {
            let widest = rows.iter().map(|row| cell(row, name).chars().count()).max();
            widest.unwrap_or(0).max(name.len())
        })
        .collect();
    let line = |cells: Vec<String>| {
        let padded = cells.iter().zip(&widths);
        let padded: Vec<_> = padded
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("  {}", padded.join("  "))
    };
    if !rows.is_empty() {
        put(text, &line(names.iter().map(ToString::to_string).collect()));
    }
    for row in rows {
        put(
            text,
            &line(names.iter().map(|name| cell(row, name)).collect()),
        );
    }
}

fn put(text: &mut String, line: &str) {
    // Writing to a text does not fail.
    let _ = writeln!(text, "{}", line.trim_end());
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        // Names and labels are people's own: no line or colour of theirs on a terminal.
        Value::String(text) => text.chars().filter(|c| !c.is_control()).collect(),
        Value::Object(members) => {
            let pairs = members.iter();
            let pairs: Vec<_> = pairs
                .map(|(name, value)| format!("{name} {}", shown(value)))
                .collect();
            pairs.join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_lines_and_lists_are_columns() {
        let data = json!({
            "id": "1", "phone": null, "totals": { "logins": 2, "sent": 1 },
            "events": [
                { "at": "now", "action": "login", "reason": null, "more": [] },
                { "at": "then", "action": "\u{1b}[31mx", "reason": null, "more": [] },
            ],
            "keys": [],
        });
        let expected = "\
id      1
phone   -
totals  logins 2, sent 1
events (2)
  at    action
  now   login
  then  [31mx
keys (0)
";
        let text = table(&data);
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        // The members come in the order of the map, which is either.
        assert_eq!(sorted(&text).len(), sorted(expected).len(), "{text}");
        assert!(text.contains("totals  logins 2, sent 1\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
