//! `/control/sms/accounts`: whether the vendors' accounts may send.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};

use super::failure::Failure;
use super::read;
use crate::sms;
use crate::state::{AccountState, Shared};

/// `GET /control/sms/accounts`: those that were set.
pub(super) async fn list(shared: Data<Shared>) -> HttpResponse {
    let (world, _) = shared.enter();
    HttpResponse::Ok().json(world.sms_accounts.list())
}

/// `PUT /control/sms/accounts` `{vendor, standing?, day_cap?, month_cap?}`: how
/// an account stands from now on; what is left out is active, and without a cap.
pub(super) async fn set(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let state: AccountState = read(&body)?;
    let codes = sms::account_codes(&state.vendor)
        .ok_or_else(|| Failure::bad_request(&format!("vendor is one of {}", sms::names())))?;
    for (name, cap, code) in [
        ("day_cap", state.day_cap, codes.day_cap),
        ("month_cap", state.month_cap, codes.month_cap),
    ] {
        if cap.is_some() && code.is_none() {
            return Err(Failure::bad_request(&format!(
                "{} has no {name}",
                state.vendor
            )));
        }
    }
    let answer = HttpResponse::Ok().json(&state);
    shared.enter().0.sms_accounts.set(state);
    Ok(answer)
}
