//! Delivery receipts, as SMS vendors push them.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::ports::receipt_reader::{Acknowledgement, BadReceipt, ReceiptPush};
use menshen_domain::services::note_receipts::{NoteReceipts, NoteReceiptsError};
use secrecy::{ExposeSecret as _, SecretString};

use crate::http::App;
use crate::http::body::{PATIENCE, collect};
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};
use crate::metrics::ReceiptPushOutcome as Outcome;
use crate::receipt_address::ReceiptAddress;

/// How long after the first look it is looked again for messages that were not on
/// record: what a vendor answered is written down within this time, or its receipt
/// is about somebody else's message.
const SECOND_LOOK: Duration = Duration::from_millis(500);
/// The largest push.
const MAX_PUSH: usize = 256 * 1024;

/// What takes receipts.
pub struct Receipts {
    /// Where they are pushed to; nothing where none are taken.
    pub address: Option<ReceiptAddress>,
    /// What becomes of them.
    pub note: Arc<NoteReceipts>,
}

/// `POST /v1/sms/receipts/{vendor}/{secret}`
pub(super) async fn push(
    app: Data<App>,
    http: HttpRequest,
    path: Path<(String, String)>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (vendor, secret) = path.into_inner();
    let taken = take(&app, &http, vendor, &secret, payload).await;
    app.metrics.receipts_pushed(match &taken {
        Ok(_) => Outcome::Acknowledged,
        Err((outcome, _)) => *outcome,
    });
    let answer = taken.map_err(|(_, error)| error)?;
    let status = StatusCode::from_u16(answer.status).map_err(ApiError::internal)?;
    Ok(HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, answer.content_type))
        .body(answer.body))
}

type Refusal = (Outcome, ApiError);

async fn take(
    app: &App,
    http: &HttpRequest,
    vendor: String,
    secret: &str,
    payload: Payload,
) -> Result<Acknowledgement, Refusal> {
    let nowhere = |outcome| (outcome, ApiError::new(&kinds::NOT_FOUND));
    let address = app.receipts.address.as_ref();
    let address = address.ok_or_else(|| nowhere(Outcome::NotTaken))?;
    if !address.admits(secret) {
        return Err(nowhere(Outcome::WrongSecret));
    }
    // Only now: nobody else fills our memory with bodies of this size.
    let body = collect(http, payload.into_inner(), MAX_PUSH, PATIENCE).await;
    let body = body.map_err(|error| (Outcome::Unreadable, error))?;
    let url = address.of(&vendor);
    let headers: Vec<(String, String)> = http
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    let (note, clock) = (app.receipts.note.clone(), app.clock.clone());
    let work = async move {
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let push = ReceiptPush {
            url: url.as_ref().map(SecretString::expose_secret),
            headers: &headers,
            body: &body,
            received_at: clock.now(),
        };
        let mut noted = note.execute(&vendor, &push).await;
        if matches!(&noted, Ok(noted) if noted.strangers > 0) {
            tokio::time::sleep(SECOND_LOOK).await;
            noted = note.execute(&vendor, &push).await;
        }
        Ok::<_, ApiError>(noted)
    };
    let noted = detached(work).await;
    let noted = noted.map_err(|error| (Outcome::Unavailable, error))?;
    let noted = noted.map_err(|error| match error {
        NoteReceiptsError::UnknownVendor => nowhere(Outcome::UnknownVendor),
        NoteReceiptsError::Bad(bad) => {
            let outcome = match bad {
                BadReceipt::Malformed => Outcome::Malformed,
                BadReceipt::Forged => Outcome::Forged,
            };
            (outcome, ApiError::field("body", Fault::Value))
        }
        NoteReceiptsError::TooMany => (Outcome::TooMany, ApiError::new(&kinds::PAYLOAD_TOO_LARGE)),
        NoteReceiptsError::Unavailable(source) => (
            Outcome::Unavailable,
            ApiError::ours(&kinds::UNAVAILABLE, source),
        ),
    })?;
    Ok(noted.acknowledgement)
}
