//! The members of a row, read one by one; whatever is wrong with them is collected.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// The longest old id, in bytes.
const MOST_OF_AN_ID: usize = 256;

/// A row under reading.
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    pub(super) problems: Vec<String>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(members: &'a Map<String, Value>) -> Self {
        Self {
            members,
            problems: Vec::new(),
        }
    }

    /// Something is wrong with a member. No value goes into the words: they are kept.
    pub(super) fn wrong(&mut self, name: &str, words: impl std::fmt::Display) {
        self.problems.push(format!("{name}: {words}"));
    }

    /// The member as it stands.
    pub(super) fn raw(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// The object of that name, without members if it is not there.
    pub(super) fn object(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.raw(name).and_then(Value::as_object)
    }

    /// The text of a member; nothing if it is empty, null or not there.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let text = match self.raw(name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => {
                self.wrong(name, "must be a single value");
                return None;
            }
        };
        (!text.is_empty()).then_some(text)
    }

    /// A member of some type.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(name, error);
                None
            }
        }
    }

    /// True or false, as databases write it; false if it is not there.
    pub(super) fn truth(&mut self, name: &str) -> bool {
        let parse = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" | "yes" => Ok(true),
            "false" | "f" | "0" | "no" => Ok(false),
            _ => Err("write true or false"),
        };
        self.parsed(name, parse).unwrap_or(false)
    }

    /// A time with its offset.
    pub(super) fn time(&mut self, name: &str) -> Option<DateTime<Utc>> {
        self.parsed(name, |text| {
            DateTime::parse_from_rfc3339(text)
                .map(|at| at.to_utc())
                .map_err(|_| "write a time with its offset, such as 2024-05-01T08:30:00+08:00")
        })
    }

    /// A time in milliseconds since 1970; zero is none.
    pub(super) fn millis(&mut self, name: &str) -> Option<DateTime<Utc>> {
        let at = self.parsed(name, |text| {
            let millis = text.parse().ok();
            millis
                .and_then(DateTime::from_timestamp_millis)
                .ok_or("not a time in milliseconds")
        });
        at.filter(|at| *at != DateTime::UNIX_EPOCH)
    }

    /// The id that the other system had.
    pub(super) fn old_id(&mut self, name: &str) -> Option<String> {
        self.parsed(name, |text| {
            if text.len() <= MOST_OF_AN_ID && !text.chars().any(char::is_control) {
                Ok(text.to_owned())
            } else {
                Err("longer than 256 bytes, or with control characters")
            }
        })
    }
}
