//! `/control/sms`: the messages that reached a phone.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::failure::Failure;
use crate::call::parse_pairs;
use crate::phone::Phone;
use crate::state::Shared;

/// `GET /control/sms?phone=`: newest first; all of them without a number. A
/// bare `+` in the query, which decodes to a space, is understood.
pub(super) async fn inbox(
    shared: Data<Shared>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let query = parse_pairs(request.query_string());
    let phone = query
        .iter()
        .find(|(name, value)| name == "phone" && !value.is_empty());
    let phone = phone
        .map(|(_, raw)| Phone::parse(raw).ok_or_else(|| Failure::bad_request("phone is no number")))
        .transpose()?;
    let (world, _) = shared.enter();
    Ok(HttpResponse::Ok().json(
        world
            .inbox
            .newest_first(phone.map(|phone| phone.e164()).as_deref()),
    ))
}

/// `DELETE /control/sms`: forgets the messages, and the limits per number.
pub(super) async fn clear(shared: Data<Shared>) -> HttpResponse {
    let (mut world, _) = shared.enter();
    world.inbox.clear();
    world.sends.clear();
    HttpResponse::Ok().json(json!({"cleared": true}))
}
