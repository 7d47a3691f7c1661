//! What was asked of the vendors, for assertions: never a secret or a code.

use std::collections::{BTreeMap, VecDeque};

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::call::Call;

/// Older requests than this many are forgotten; the counts go on.
const MOST_REQUESTS: usize = 1000;
/// Parameters whose value is shown as its SHA-256.
const DIGESTED: &[&str] = &["js_code", "code", "access_token"];

/// One request, without its secrets.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    at: DateTime<Utc>,
    /// The vendor's call, as in the target of a fault; `other` for anything else.
    target: &'static str,
    method: String,
    path: String,
    /// Names of the query parameters, as often as they came.
    query: Vec<String>,
    /// Names of the JSON or form members of the body.
    body: Vec<String>,
    /// Whether the body's length was announced.
    content_length: bool,
    /// Hex SHA-256 of the decoded value of `js_code`, `code` and `access_token`.
    sha256: BTreeMap<String, String>,
    /// `ok`, or the vendor's error code, or what a fault did.
    verdict: String,
    /// Whether a fault acted.
    fault: bool,
}

/// The newest requests, and how many there were of each call.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    oldest_first: VecDeque<Entry>,
    counts: BTreeMap<&'static str, u64>,
}

impl RequestLog {
    pub(crate) fn record(
        &mut self,
        call: &Call,
        target: &'static str,
        verdict: &str,
        fault: bool,
        now: DateTime<Utc>,
    ) {
        *self.counts.entry(target).or_default() += 1;
        if self.oldest_first.len() >= MOST_REQUESTS {
            self.oldest_first.pop_front();
        }
        let members = members_of_body(call);
        let sha256 = call
            .query
            .iter()
            .chain(&members)
            .filter(|(name, _)| DIGESTED.contains(&name.as_str()));
        self.oldest_first.push_back(Entry {
            at: now,
            target,
            method: call.method.clone(),
            path: bounded(&call.path),
            query: call.query.iter().map(|(name, _)| bounded(name)).collect(),
            body: members.iter().map(|(name, _)| bounded(name)).collect(),
            content_length: call.header("content-length").is_some(),
            sha256: sha256
                .map(|(name, value)| (name.clone(), sha256_hex(value.as_bytes())))
                .collect(),
            verdict: verdict.to_owned(),
            fault,
        });
    }

    /// How often each call was made.
    pub(crate) fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Oldest first; all of them without a target.
    pub(crate) fn entries(&self, target: Option<&str>) -> Vec<&Entry> {
        self.oldest_first
            .iter()
            .filter(|entry| target.is_none_or(|target| entry.target == target))
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn members_of_body(call: &Call) -> Vec<(String, String)> {
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(members)) => members
            .into_iter()
            .map(|(name, value)| {
                (
                    name,
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned),
                )
            })
            .collect(),
        _ => call.form(),
    }
}

fn bounded(name: &str) -> String {
    name.chars().take(64).collect()
}

/// Lower-case hex SHA-256.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}
