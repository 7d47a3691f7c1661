//! What every handler knows of its request: its id, its origin, its language.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse};
use menshen_domain::model::origin::Origin;
use serde::Serialize;

use crate::http::error::ApiError;
use crate::http::locale::Locale;

/// What every handler knows of its request; the front door puts it there.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where the request came from, with its id.
    pub origin: Origin,
    /// Which language people are answered in.
    pub locale: Locale,
}

impl Context {
    /// The envelope of a success.
    ///
    /// # Errors
    ///
    /// [`ApiError`] if the data cannot be written as JSON.
    pub fn ok(
        &self,
        (zh, en): (&'static str, &'static str),
        data: &impl Serialize,
    ) -> Result<HttpResponse, ApiError> {
        #[derive(Serialize)]
        struct Envelope<'a, T> {
            code: &'static str,
            message: &'static str,
            data: &'a T,
        }
        let envelope = Envelope {
            code: "ok",
            message: self.locale.choose(zh, en),
            data,
        };
        let body = serde_json::to_vec(&envelope).map_err(ApiError::internal)?;
        Ok(HttpResponse::build(StatusCode::OK)
            .insert_header((CONTENT_TYPE, "application/json; charset=utf-8"))
            .body(body))
    }
}

impl FromRequest for Context {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.extensions().get::<Self>().cloned();
        ready(context.ok_or_else(|| ApiError::internal("a request came past the front door")))
    }
}
