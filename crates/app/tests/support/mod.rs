//! A whole service on a free port, a client that minds its manners, and the
//! hand that holds the phone.

mod answer;
mod documented;
mod people;
mod process;
mod service;

pub(crate) use answer::{Answer, Call};
pub(crate) use documented::{document, fits};
pub(crate) use people::{Login, MINI_PROGRAM, client, client_of, device};
pub(crate) use process::{Process, ended, menshen, said, variable};
pub(crate) use service::Service;

/// The value with everything that differs from run to run named instead.
pub(crate) fn redacted(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    const VARIABLE: [&str; 12] = [
        "id",
        "access_token",
        "refresh_token",
        "session_id",
        "request_id",
        "challenge_id",
        "nickname",
        "created_at",
        "updated_at",
        "last_login_at",
        "linked_at",
        "last_seen_at",
    ];
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let shown = if VARIABLE.contains(&name.as_str()) && value.is_string() {
                    Value::from(format!("[{name}]"))
                } else {
                    redacted(value)
                };
                (name.clone(), shown)
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => items.iter().map(redacted).collect(),
        other => other.clone(),
    }
}
