//! Handlers ask for who is signed in, and are not called for anybody else.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use crate::error::CheckError;
use crate::menshen::Menshen;
use crate::token::SignedIn;

/// Somebody who is signed in at this moment: Menshen was asked.
///
/// Costs a request to Menshen each time; for what must see a sign-out at once, such as
/// payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedInNow(pub SignedIn);

impl Deref for SignedInNow {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.0
    }
}

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, CheckError>>>>;

impl FromRequest for SignedIn {
    type Error = CheckError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = given(request);
        Box::pin(async move {
            let (menshen, token) = given?;
            menshen.check(&token).await
        })
    }
}

impl FromRequest for SignedInNow {
    type Error = CheckError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = given(request);
        Box::pin(async move {
            let (menshen, token) = given?;
            menshen.check_now(&token).await.map(Self)
        })
    }
}

fn given(request: &HttpRequest) -> Result<(Data<Menshen>, String), CheckError> {
    let menshen = request.app_data::<Data<Menshen>>();
    let menshen = menshen.ok_or(CheckError::NotConfigured)?.clone();
    Ok((menshen, bearer(request)?))
}

/// The token of the only `Authorization` header (RFC 6750 section 2.1).
fn bearer(request: &HttpRequest) -> Result<String, CheckError> {
    let mut given = request.headers().get_all(AUTHORIZATION);
    let Some(header) = given.next() else {
        return Err(CheckError::TokenMissing);
    };
    if given.next().is_some() {
        return Err(CheckError::TokenInvalid);
    }
    let text = header.to_str().map_err(|_| CheckError::TokenInvalid)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(CheckError::TokenMissing);
    }
    Ok(token.trim_matches(' ').to_owned())
}
