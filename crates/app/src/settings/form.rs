//! What a setting may hold: how it is read, and how an editor is told.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::settings::given::Given;
use crate::settings::members::{Member, MemberKind};
use crate::settings::parse;

/// Reads a value, and describes what can be read.
///
/// A function that reads one of the plain types is a form; [`words`] makes one of a list
/// of words, and [`shaped`] one of a function and its description.
pub trait Form<T>: Sized {
    /// Turns a value into a type.
    ///
    /// # Errors
    ///
    /// What to write instead.
    fn read(&self, given: &Given) -> Result<T, String>;

    /// What can be read, as JSON Schema; for editors, and so of two ways to write the
    /// same only one.
    fn schema(self) -> Value;
}

/// A type that is written in one way only.
pub trait Plain {
    /// How it is written, as JSON Schema.
    fn schema() -> Value;
}

impl<T: Plain, F: Fn(&Given) -> Result<T, String>> Form<T> for F {
    fn read(&self, given: &Given) -> Result<T, String> {
        self(given)
    }

    fn schema(self) -> Value {
        T::schema()
    }
}

impl Plain for String {
    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

impl Plain for bool {
    fn schema() -> Value {
        json!({ "type": "boolean" })
    }
}

impl Plain for u32 {
    fn schema() -> Value {
        json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
    }
}

impl Plain for Duration {
    fn schema() -> Value {
        json!({ "type": "string", "pattern": DURATION })
    }
}

impl Plain for SocketAddr {
    fn schema() -> Value {
        json!({ "type": "string", "pattern": r"^(\[[0-9A-Fa-f:.%]+\]|[0-9.]+):[0-9]{1,5}$" })
    }
}

impl Plain for Vec<String> {
    fn schema() -> Value {
        json!({ "type": "array", "items": { "type": "string" } })
    }
}

/// Numbers with units, as `30s`, `1h 30m` or `15d`.
const DURATION: &str = r"^\s*([0-9]+\s*[a-zA-Zµ]+\s*)+$";

/// One of some words, each with what it stands for.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a, T>(&'a [(&'a str, T)]);

/// One of some words.
#[must_use]
pub const fn words<'a, T: Clone>(words: &'a [(&'a str, T)]) -> Words<'a, T> {
    Words(words)
}

impl<T: Clone> Form<T> for Words<'_, T> {
    fn read(&self, given: &Given) -> Result<T, String> {
        let text = parse::text(given)?;
        let meant = self.0.iter().find(|(word, _)| *word == text);
        meant.map(|(_, meant)| meant.clone()).ok_or_else(|| {
            let words: Vec<&str> = self.0.iter().map(|(word, _)| *word).collect();
            format!("write {}", parse::either(&words))
        })
    }

    fn schema(self) -> Value {
        let words: Vec<&str> = self.0.iter().map(|(word, _)| *word).collect();
        one_of(&words)
    }
}

/// A reader with a description of its own.
pub struct Shaped<F> {
    schema: Value,
    read: F,
}

/// What `read` reads, described by `schema`.
#[must_use]
pub fn shaped<T, F: Fn(&Given) -> Result<T, String>>(schema: Value, read: F) -> Shaped<F> {
    Shaped { schema, read }
}

impl<T, F: Fn(&Given) -> Result<T, String>> Form<T> for Shaped<F> {
    fn read(&self, given: &Given) -> Result<T, String> {
        (self.read)(given)
    }

    fn schema(self) -> Value {
        self.schema
    }
}

/// Text that `read` makes something of.
#[must_use]
pub fn text<T, F: Fn(&Given) -> Result<T, String>>(read: F) -> Shaped<F> {
    shaped(String::schema(), read)
}

/// Text of this pattern that `read` makes something of.
#[must_use]
pub fn pattern<T, F: Fn(&Given) -> Result<T, String>>(pattern: &str, read: F) -> Shaped<F> {
    shaped(json!({ "type": "string", "pattern": pattern }), read)
}

/// A whole number within bounds that `read` makes something of.
#[must_use]
pub fn number<T, F: Fn(&Given) -> Result<T, String>>(least: u32, most: u32, read: F) -> Shaped<F> {
    let schema = json!({ "type": "integer", "minimum": least, "maximum": most });
    shaped(schema, read)
}

/// A list of texts that `read` makes something of.
#[must_use]
pub fn list<T, F: Fn(&Given) -> Result<T, String>>(read: F) -> Shaped<F> {
    shaped(Vec::<String>::schema(), read)
}

/// A list of tables with these members, which `read` takes with
/// [`Members::declared`](crate::settings::members::Members::declared).
pub(crate) fn tables<T, F: Fn(&Given) -> Result<T, String>>(
    members: &[Member],
    read: F,
) -> Shaped<F> {
    let mut properties = serde_json::Map::new();
    for member in members {
        properties.insert(member.name.to_owned(), of_member(member));
        if member.kind == MemberKind::Secret {
            let file = format!("{}_file", member.name);
            properties.insert(file, file_of_secret());
        }
    }
    let required = members.iter().filter(|member| member.is_required);
    let (secrets, plain): (Vec<&Member>, Vec<&Member>) =
        required.partition(|member| member.kind == MemberKind::Secret);
    let plain: Vec<&str> = plain.iter().map(|member| member.name).collect();
    let mut table = json!({
        "type": "object",
        "properties": properties,
        "required": plain,
        "additionalProperties": false,
    });
    // Each itself, or in a file.
    let either = secrets.iter().map(|member| {
        let file = format!("{}_file", member.name);
        json!({ "oneOf": [{ "required": [member.name] }, { "required": [file] }] })
    });
    let either: Vec<Value> = either.collect();
    if !either.is_empty() {
        table["allOf"] = either.into();
    }
    shaped(json!({ "type": "array", "items": table }), read)
}

fn of_member(member: &Member) -> Value {
    match member.kind {
        MemberKind::Secret => secret(),
        MemberKind::Texts => Vec::<String>::schema(),
        MemberKind::Text if !member.words.is_empty() => one_of(member.words),
        MemberKind::Text => json!({ "type": "string", "minLength": 1 }),
    }
}

/// One text or a list of texts, as JSON Schema.
pub(crate) fn text_or_texts() -> Value {
    json!({ "anyOf": [String::schema(), Vec::<String>::schema()] })
}

/// One of some words, as JSON Schema.
pub(crate) fn one_of(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// A secret, as JSON Schema: editors show none.
pub(crate) fn secret() -> Value {
    json!({ "type": "string", "minLength": 1, "writeOnly": true })
}

/// One secret or a list of them, as JSON Schema.
pub(crate) fn secrets() -> Value {
    json!({ "anyOf": [secret(), { "type": "array", "items": secret() }], "writeOnly": true })
}

/// The path of a file that holds a secret, as JSON Schema.
pub(crate) fn file_of_secret() -> Value {
    json!({ "type": "string", "minLength": 1 })
}
