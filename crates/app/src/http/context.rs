//! What every handler knows of its request: its id, its origin, its language.

use std::future::{Ready, ready};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, USER_AGENT};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse};
use menshen_domain::model::client::Label;
use menshen_domain::model::origin::Origin;
use serde::Serialize;

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::locale::Locale;

/// The header that names a request.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every handler knows of its request; the front door puts it there.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where the request came from, with its id.
    pub origin: Origin,
    /// Which language people are answered in.
    pub locale: Locale,
}

impl Context {
    /// Takes what a request says about itself; a well-formed id is kept.
    #[must_use]
    pub fn of(request: &ServiceRequest, app: &App) -> Self {
        let headers = request.headers();
        let given = headers
            .get(&REQUEST_ID)
            .and_then(|value| value.to_str().ok());
        let request_id = given.filter(|id| well_formed(id)).map_or_else(
            || {
                let mut bytes = [0; 16];
                app.randomness.fill(&mut bytes);
                hex::encode(bytes)
            },
            ToOwned::to_owned,
        );
        // Only requests that did not come over a socket have no peer.
        let unknown = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
        let peer = request.peer_addr().map_or(unknown, |peer| peer.ip());
        let agent = headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        Self {
            origin: Origin {
                address: app.proxies.client(peer, headers),
                user_agent: agent
                    .and_then(|text| Label::parse(text.get(..256).unwrap_or(text)).ok()),
                request_id,
            },
            locale: Locale::of(headers),
        }
    }

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

fn well_formed(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl FromRequest for Context {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.extensions().get::<Self>().cloned();
        ready(context.ok_or_else(|| ApiError::internal("a request came past the front door")))
    }
}
