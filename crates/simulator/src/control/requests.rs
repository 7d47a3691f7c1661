//! `/control/requests`: what was asked of the vendors.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::call::parse_pairs;
use crate::endpoint::Endpoint;
use crate::faults::canonical_target;
use crate::state::Shared;

/// `GET /control/requests?target=`: `{counts, requests}`, oldest first; all of
/// them without a target. The counts go on where old requests are forgotten.
pub(super) async fn list(shared: Data<Shared>, request: HttpRequest) -> HttpResponse {
    let query = parse_pairs(request.query_string());
    let named = query
        .into_iter()
        .find(|(name, _)| name == "target")
        .map(|(_, value)| value);
    let target = named.map(|raw| canonical_target(&raw, &Endpoint::targets()).unwrap_or(raw));
    let (world, _) = shared.enter();
    let requests = world.requests.entries(target.as_deref());
    HttpResponse::Ok().json(json!({"counts": world.requests.counts(), "requests": requests}))
}

/// `DELETE /control/requests`: forgets them, and counts anew.
pub(super) async fn clear(shared: Data<Shared>) -> HttpResponse {
    shared.enter().0.requests.clear();
    HttpResponse::Ok().json(json!({"cleared": true}))
}
