//! What is answered against what is documented.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use menshen_app::http::openapi::describe;
use reqwest::Method;
use serde_json::Value;

use super::Answer;

/// The OpenAPI description, as it is served.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> =
        LazyLock::new(|| serde_json::to_value(describe()).expect("JSON"));
    &DOCUMENT
}

/// Panics if the documentation does not know this status of this operation, or
/// the form of the body.
pub(super) fn holds(answer: &Answer) {
    let Some(operation) = operation(&answer.method, &answer.path) else {
        return;
    };
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "an undocumented status: {answer:?}");
    let schema = &response["content"]["application/json"]["schema"];
    if schema.is_object() {
        let body = answer.body();
        if let Err(why) = fits(schema, &body) {
            panic!(
                "{} {} is not as documented: {why}: {body}",
                answer.method, answer.path
            );
        }
        let code = body["code"].as_str().unwrap_or("ok");
        let told = response["description"].as_str().unwrap_or_default();
        assert!(
            answer.status == 200
                || answer.path.starts_with("/readyz")
                || told.contains(&format!("`{code}`")),
            "{} {} does not document {code}: {told}",
            answer.method,
            answer.path
        );
    }
}

/// The documented operation that a request is for.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap_or_default();
    let paths = document()["paths"].as_object().expect("paths");
    let (_, item) = paths.iter().find(|(template, _)| matches(template, path))?;
    item.get(method.as_str().to_lowercase())
}

fn matches(template: &str, path: &str) -> bool {
    let (mut expected, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), given.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || (a.starts_with('{') && !b.is_empty()) => {}
            _ => return false,
        }
    }
}

/// Whether a value has the form of a schema, with no member beyond it.
pub(crate) fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolved(schema);
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let mut faults = choices.iter().map(|choice| fits(choice, value));
        return match faults.by_ref().find(Result::is_ok) {
            Some(fit) => fit,
            None => Err(format!("fits none of {} choices", choices.len())),
        };
    }
    if let Some(types) = types(schema)
        && !types.iter().any(|name| is_of(name, value))
    {
        return Err(format!("{value} is not of type {types:?}"));
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        return Err(format!("{value} is none of {values:?}"));
    }
    if let (Some(items), Some(array)) = (schema.get("items"), value.as_array()) {
        array.iter().try_for_each(|item| fits(items, item))?;
    }
    let Some(members) = value.as_object() else {
        return Ok(());
    };
    required(schema, members)?;
    let known = known_members(schema);
    for (name, member) in members {
        match known.iter().find(|(known, _)| known == name) {
            Some((_, schema)) => fits(schema, member).map_err(|why| format!("{name}: {why}"))?,
            None if known.is_empty() => {}
            None => return Err(format!("{name} is not documented")),
        }
    }
    Ok(())
}

fn required(schema: &Value, members: &serde_json::Map<String, Value>) -> Result<(), String> {
    for part in schema["allOf"].as_array().into_iter().flatten() {
        required(resolved(part), members)?;
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        if !members.contains_key(name) {
            return Err(format!("{name} is missing"));
        }
    }
    Ok(())
}

fn known_members(schema: &Value) -> Vec<(String, &Value)> {
    let own = schema["properties"].as_object().into_iter().flatten();
    let mut known: Vec<_> = own.map(|(name, schema)| (name.clone(), schema)).collect();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        known.extend(known_members(resolved(part)));
    }
    known
}

fn resolved(schema: &Value) -> &Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("a reference inside");
            document()
                .pointer(pointer)
                .unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => schema,
    }
}

fn types(schema: &Value) -> Option<BTreeSet<&str>> {
    match &schema["type"] {
        Value::String(name) => Some(BTreeSet::from([name.as_str()])),
        Value::Array(names) => Some(names.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}
