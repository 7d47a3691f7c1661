//! What the control API says when it cannot.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};

/// A failure of a control call.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    error: String,
}

impl Failure {
    /// The request cannot be understood.
    pub(super) fn bad_request(error: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: error.to_owned(),
        }
    }

    /// What it names does not exist.
    pub(super) fn not_found(error: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            error: error.to_owned(),
        }
    }

    /// It cannot be done as things are.
    pub(super) fn conflict(error: &str) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            error: error.to_owned(),
        }
    }

    pub(super) fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            error: "this method is not for this path".to_owned(),
        }
    }

    pub(super) fn no_person(name: &str) -> Self {
        Self::not_found(&format!(
            "there is no person {name:?}: POST /control/people makes one"
        ))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.error)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(serde_json::json!({"error": self.error}))
    }
}

impl Responder for Failure {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}
