//! `/control/faults`: what goes wrong, and when it ends.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use super::failure::Failure;
use super::read;
use crate::call::parse_pairs;
use crate::endpoint::Endpoint;
use crate::faults::{self, canonical_target};
use crate::state::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    target: Option<String>,
}

/// `GET /control/faults`: those that are set.
pub(super) async fn list(shared: Data<Shared>) -> HttpResponse {
    let (world, _) = shared.enter();
    HttpResponse::Ok().json(world.faults.list())
}

/// `PUT /control/faults`: sets one, in place of the one of that target.
pub(super) async fn set(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let fault = faults::read(read(&body)?, &Endpoint::targets())
        .map_err(|problem| Failure::bad_request(&problem))?;
    let answer = HttpResponse::Ok().json(&fault);
    shared.enter().0.faults.set(fault);
    Ok(answer)
}

/// `DELETE /control/faults` `{target?}` or `?target=`: ends one, or all.
/// Answers `{cleared}`, how many there were.
pub(super) async fn clear(
    shared: Data<Shared>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let which: Which = read(&body)?;
    let query = parse_pairs(request.query_string());
    let named = which.target.or_else(|| {
        query
            .into_iter()
            .find(|(name, _)| name == "target")
            .map(|(_, value)| value)
    });
    let target = named.map(|raw| {
        let targets = Endpoint::targets();
        canonical_target(&raw, &targets).ok_or_else(|| {
            Failure::bad_request(&format!("target is one of {}", targets.join(", ")))
        })
    });
    let target = target.transpose()?;
    let cleared = shared.enter().0.faults.clear(target.as_deref());
    Ok(HttpResponse::Ok().json(json!({"cleared": cleared})))
}
