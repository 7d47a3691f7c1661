//! What the control API says when it cannot.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};

/// A failure of a control call.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    error: String,
    /// The number that a mini-program would see.
    errno: Option<i64>,
}

impl Failure {
    /// The request cannot be understood.
    pub(super) fn bad_request(error: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: error.to_owned(),
            errno: None,
        }
    }

    /// What it names does not exist.
    pub(super) fn not_found(error: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            error: error.to_owned(),
            errno: None,
        }
    }

    /// It cannot be done as things are.
    pub(super) fn conflict(error: &str) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            error: error.to_owned(),
            errno: None,
        }
    }

    /// With the number that a mini-program would see.
    pub(super) fn with_errno(self, errno: i64) -> Self {
        Self {
            errno: Some(errno),
            ..self
        }
    }

    pub(super) fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            error: "this method is not for this path".to_owned(),
            errno: None,
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
        let mut body = serde_json::json!({"error": self.error});
        if let Some(errno) = self.errno {
            body["errno"] = serde_json::json!(errno);
        }
        HttpResponse::build(self.status).json(body)
    }
}

impl Responder for Failure {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}
