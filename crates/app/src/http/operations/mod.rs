//! Every operation as the documentation tells it: what it takes, what it
//! answers, and each failure that it can end in.

mod table;

use std::collections::BTreeMap;

pub use self::table::OPERATIONS;
use crate::http::admin;
use crate::http::kinds::{self as k, Kind};

/// What a success answers.
#[derive(Debug, Clone, Copy)]
pub enum Schemas {
    /// No body that matters.
    Nothing,
    /// The envelope with data of this schema.
    Envelope(&'static str),
    /// JSON of this schema, without the envelope.
    Plain(&'static str),
    /// JSON of a form that others have fixed.
    Json,
    /// A page or text of this media type.
    Text(&'static str),
}

/// One operation.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the operation"
)]
pub struct Operation {
    /// The HTTP method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// The group that it is shown in.
    pub tag: &'static str,
    /// In a line.
    pub summary: &'static str,
    /// In a few.
    pub description: &'static str,
    /// Whether it takes a bearer token.
    pub bearer: bool,
    /// Whether it takes an admin key.
    pub admin_key: bool,
    /// Whether it takes an idempotency key.
    pub idempotent: bool,
    /// The members of its query.
    pub query: &'static [&'static str],
    /// The members of its query that may be left out, each with what it means.
    pub optional_query: &'static [(&'static str, &'static str)],
    /// The schema of its body.
    pub body: Option<&'static str>,
    /// The schema of its body, where that is a form.
    pub form: Option<&'static str>,
    /// The schema of its body, where that is the parts of a form.
    pub parts: Option<&'static str>,
    /// The media types of a body whose form others have fixed.
    pub pushed: &'static [&'static str],
    /// Whether the body must be there.
    pub body_required: bool,
    /// What a success answers.
    pub answer: Schemas,
    /// Each failure of its own, beside those of all.
    pub kinds: &'static [&'static [&'static Kind]],
}

impl Operation {
    /// All failures, by status.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<u16, Vec<&'static Kind>> {
        let mut by_status: BTreeMap<u16, Vec<&'static Kind>> = BTreeMap::new();
        let body: &[&Kind] = match (self.body.or(self.form), self.pushed) {
            (Some(_), _) => BODY,
            (None, []) => &[],
            (None, _) => PUSHED_BODY,
        };
        let bearer: &[&Kind] = if self.bearer { BEARER } else { &[] };
        let all = self
            .kinds
            .iter()
            .flat_map(|kinds| kinds.iter())
            .chain(body)
            .chain(bearer)
            .chain(ANY);
        for kind in all {
            let known = by_status.entry(kind.status).or_default();
            if !known.iter().any(|other| other.code == kind.code) {
                known.push(kind);
            }
        }
        by_status
    }
}

const ANY: &[&Kind] = &[
    &k::INTERNAL,
    &k::INVALID_REQUEST,
    &k::METHOD_NOT_ALLOWED,
    &k::URI_TOO_LONG,
    &k::HEADERS_TOO_LARGE,
    &k::UNAVAILABLE,
];
const BODY: &[&Kind] = &[
    &k::MALFORMED_JSON,
    &k::INVALID_REQUEST,
    &k::PAYLOAD_TOO_LARGE,
    &k::UNSUPPORTED_MEDIA_TYPE,
    &k::REQUEST_TIMEOUT,
];
const PUSHED_BODY: &[&Kind] = &[
    &k::MALFORMED_JSON,
    &k::PAYLOAD_TOO_LARGE,
    &k::REQUEST_TIMEOUT,
];
const BEARER: &[&Kind] = &[
    &k::TOKEN_MISSING,
    &k::TOKEN_INVALID,
    &k::TOKEN_EXPIRED,
    &k::SESSION_REVOKED,
];
pub(in crate::http) const BASE: Operation = Operation {
    method: "GET",
    path: "",
    tag: "",
    summary: "",
    description: "",
    bearer: false,
    admin_key: false,
    idempotent: false,
    query: &[],
    optional_query: &[],
    body: None,
    form: None,
    parts: None,
    pushed: &[],
    body_required: true,
    answer: Schemas::Nothing,
    kinds: &[],
};
/// The groups, in the order in which somebody new reads them.
pub const TAGS: &[(&str, &str)] = &[
    ("Signing in", "From a code to an account and its tokens."),
    ("Tokens", "Keeping a session, and ending it."),
    ("The signed-in person", "Account, devices, ways to sign in."),
    (
        "For other services",
        "Who a request is from, for gateways and backends.",
    ),
    (
        "Administration",
        "For operators, each with a key of their own; 404 where the settings have none.",
    ),
    ("Operation", "Whether it runs, and this description."),
];

/// Every operation of the route table.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(admin::operations::OPERATIONS)
}
