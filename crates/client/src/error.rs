//! Why somebody is not let through, and what is answered then.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use thiserror::Error;

/// Why somebody is not let through. As the error of a handler it answers what
/// RFC 6750 demands.
#[derive(Debug, Error)]
pub enum CheckError {
    /// There is no bearer token: 401.
    #[error("there is no bearer token")]
    TokenMissing,
    /// The token is not one of this Menshen, for this audience, of this time: 401.
    #[error("the token is not good")]
    TokenInvalid,
    /// Menshen knows the token, and refuses it: its own answer is passed on.
    #[error("Menshen refuses the token")]
    Refused(Refusal),
    /// Nobody can tell, since Menshen does not answer: 503.
    #[error("Menshen does not answer")]
    Unavailable,
    /// The application has no `Data<Menshen>`: 500, a mistake of this service.
    #[error("the application has no Data<Menshen>")]
    NotConfigured,
}

/// A refusal in Menshen's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 401 or 403.
    pub status: u16,
    /// `WWW-Authenticate`, with every 401.
    pub authenticate: Option<String>,
    /// The envelope, as JSON: `code`, `message`, perhaps `reason`.
    pub body: String,
}

impl ResponseError for CheckError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::TokenMissing | Self::TokenInvalid => StatusCode::UNAUTHORIZED,
            Self::Refused(refusal) => {
                StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::UNAUTHORIZED)
            }
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotConfigured => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let (authenticate, body) = match self {
            Self::TokenMissing => (Some("Bearer"), r#"{"code":"token_missing"}"#),
            Self::TokenInvalid => (
                Some(r#"Bearer error="invalid_token""#),
                r#"{"code":"token_invalid"}"#,
            ),
            Self::Refused(refusal) => (refusal.authenticate.as_deref(), refusal.body.as_str()),
            Self::Unavailable => (None, r#"{"code":"unavailable"}"#),
            Self::NotConfigured => (None, r#"{"code":"internal"}"#),
        };
        let mut answer = HttpResponse::build(self.status_code());
        answer.insert_header((CONTENT_TYPE, "application/json"));
        if let Some(authenticate) = authenticate {
            answer.insert_header((WWW_AUTHENTICATE, authenticate));
        }
        answer.body(body.to_owned())
    }
}
