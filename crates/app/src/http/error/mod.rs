//! Failures on their way to the client: kinds become the envelope.

mod of_use_cases;

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use chrono::{DateTime, SecondsFormat, Utc};
use menshen_domain::model::session::EndReason;
use menshen_domain::ports::BoxError;
use serde::Serialize;

use crate::http::kinds::{self, Fault, Kind};
use crate::http::locale::Locale;

/// A failure that a client can see.
#[derive(Debug)]
pub struct ApiError {
    /// Which.
    pub kind: &'static Kind,
    /// What else the client is told.
    pub details: Box<Details>,
    /// What the log is told, where it is our fault.
    pub source: Option<BoxError>,
}

/// What a client is told beside the kind.
#[derive(Debug, Default)]
pub struct Details {
    /// What is wrong with which member.
    pub fields: Vec<(String, Fault)>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// How many more tries a challenge has.
    pub attempts_left: Option<u8>,
    /// Why a session ended.
    pub reason: Option<EndReason>,
    /// When an account will be erased.
    pub purge_at: Option<DateTime<Utc>>,
    /// Which version of the terms is asked for.
    pub version: Option<String>,
    /// Ways to prove who is there.
    pub methods: Vec<&'static str>,
    /// Methods that the resource has.
    pub allow: Option<String>,
    /// Why operators do not get what they ask.
    pub conflict: Option<&'static str>,
    /// Whether those who ask speak OAuth: they are told its word as well.
    pub oauth: bool,
}

impl ApiError {
    /// A failure with nothing more to tell.
    #[must_use]
    pub fn new(kind: &'static Kind) -> Self {
        Self {
            kind,
            details: Box::default(),
            source: None,
        }
    }

    /// A failure of ours: the client sees the kind, the log sees the source.
    #[must_use]
    pub fn ours(kind: &'static Kind, source: impl Into<BoxError>) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::new(kind)
        }
    }

    /// A mistake of ours.
    #[must_use]
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::ours(&kinds::INTERNAL, source)
    }

    /// A request with one member that is wrong.
    #[must_use]
    pub fn field(name: impl Into<String>, fault: Fault) -> Self {
        Self::fields(vec![(name.into(), fault)])
    }

    /// A request with members that are wrong.
    #[must_use]
    pub fn fields(fields: Vec<(String, Fault)>) -> Self {
        let only_phone = fields.iter().all(|(_, fault)| *fault == Fault::Phone);
        let mut error = Self::new(if only_phone {
            &kinds::INVALID_PHONE
        } else {
            &kinds::INVALID_REQUEST
        });
        error.details.fields = fields;
        error
    }

    /// A failure that is over after a while.
    #[must_use]
    pub fn after(kind: &'static Kind, retry_after: Duration) -> Self {
        let mut error = Self::new(kind);
        error.details.retry_after = Some(retry_after);
        error
    }

    fn ended(reason: EndReason) -> Self {
        let mut error = Self::new(&kinds::SESSION_REVOKED);
        error.details.reason = Some(reason);
        error
    }

    /// The same for those who speak OAuth.
    #[must_use]
    pub fn in_oauth(mut self) -> Self {
        self.details.oauth = true;
        self
    }

    /// OAuth's word for it (RFC 6749 section 5.2, RFC 6750 section 3.1).
    fn oauth_word(&self) -> &'static str {
        match self.kind.status {
            401 => "invalid_token",
            403 => "insufficient_scope",
            429 | 503 => "temporarily_unavailable",
            500 => "server_error",
            _ => "invalid_request",
        }
    }

    /// Names the version of the terms that is asked for.
    #[must_use]
    pub fn with_consent_version(mut self, version: Option<&String>) -> Self {
        if *self.kind == kinds::CONSENT_REQUIRED {
            self.details.version = version.cloned();
        }
        self
    }

    /// The envelope, in the language and with the id of the request.
    #[must_use]
    pub fn respond(&self, locale: Locale, request_id: &str) -> HttpResponse {
        let status =
            StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        response.insert_header((CONTENT_TYPE, "application/json; charset=utf-8"));
        let retry_after = self.details.retry_after.map(whole_seconds);
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Some(allow) = &self.details.allow {
            response.insert_header((ALLOW, allow.as_str()));
        }
        if self.kind.status == 401 {
            response.insert_header((WWW_AUTHENTICATE, self.challenge()));
        }
        response.json(self.envelope(locale, request_id, retry_after))
    }

    /// RFC 6750 section 3: no error word where no token was given.
    fn challenge(&self) -> &'static str {
        if *self.kind == kinds::TOKEN_MISSING {
            "Bearer"
        } else {
            r#"Bearer error="invalid_token""#
        }
    }

    fn envelope<'a>(
        &'a self,
        locale: Locale,
        request_id: &'a str,
        retry_after: Option<u64>,
    ) -> Envelope<'a> {
        let details = &self.details;
        let errors = details.fields.iter().map(|(field, fault)| FieldJson {
            field,
            code: fault.code(),
            message: locale.choose(fault.messages().0, fault.messages().1),
        });
        Envelope {
            code: self.kind.code,
            message: locale.choose(self.kind.zh, self.kind.en),
            request_id,
            errors: errors.collect(),
            retry_after,
            attempts_left: details.attempts_left,
            reason: details.reason.map(EndReason::as_str).or(details.conflict),
            purge_at: details
                .purge_at
                .map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            version: details.version.as_deref(),
            methods: &details.methods,
            error: details.oauth.then(|| self.oauth_word()),
            error_description: details.oauth.then_some(self.kind.en),
        }
    }
}

/// Whole seconds, rounded up: never earlier than the wait is over.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[derive(Serialize)]
struct Envelope<'a> {
    code: &'static str,
    message: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purge_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    methods: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<&'static str>,
}

#[derive(Serialize)]
struct FieldJson<'a> {
    field: &'a str,
    code: &'static str,
    message: &'static str,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.code)
    }
}

/// Only for failures outside the front door, which renders all others.
impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.respond(Locale::Chinese, "")
    }
}
