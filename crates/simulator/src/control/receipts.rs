//! `/control/sms/receipts`: what the carriers say, and where it is pushed.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::failure::Failure;
use super::read;
use crate::call::parse_pairs;
use crate::outgoing::LoopbackUrl;
use crate::receipts::ReceiptPlan;
use crate::sms;
use crate::state::Shared;

/// `GET /control/sms/receipts`: the plans.
pub(super) async fn list(shared: Data<Shared>) -> HttpResponse {
    let (world, _) = shared.enter();
    HttpResponse::Ok().json(world.receipts.list())
}

/// `PUT /control/sms/receipts`: plans the receipts of a vendor's messages from now on.
pub(super) async fn set(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let plan: ReceiptPlan = read(&body)?;
    let form = sms::receipt_form(&plan.vendor)
        .ok_or_else(|| Failure::bad_request(&format!("vendor is one of {}", sms::names())))?;
    match &plan.url {
        Some(url) => drop(LoopbackUrl::parse(url).map_err(Failure::bad_request)?),
        None if form.has_callbacks => {}
        None => return Err(Failure::bad_request("url says where the receipts go")),
    }
    if let Some(problem) = plan.problem() {
        return Err(Failure::bad_request(problem));
    }
    let answer = HttpResponse::Ok().json(&plan);
    shared.enter().0.receipts.set(plan);
    Ok(answer)
}

/// `DELETE /control/sms/receipts?vendor=`: ends one plan, or all. Receipts that
/// are under way still arrive. Answers `{cleared}`, how many plans there were.
pub(super) async fn clear(shared: Data<Shared>, request: HttpRequest) -> HttpResponse {
    let query = parse_pairs(request.query_string());
    let vendor = query.into_iter().find(|(name, _)| name == "vendor");
    let vendor = vendor.map(|(_, value)| value);
    let cleared = shared.enter().0.receipts.clear(vendor.as_deref());
    HttpResponse::Ok().json(json!({"cleared": cleared}))
}
