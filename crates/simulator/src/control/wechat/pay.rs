//! `/control/wechat/pay`: somebody pays in a mini-program.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde_json::json;

use super::super::failure::Failure;
use super::super::read;
use super::{Action, MINI_PROGRAM, choose_app, find_person};
use crate::state::{Payment, Shared};

/// `POST /control/wechat/pay` `{person, app_id?}`: `{transaction_id, mch_id,
/// out_trade_no}`, by which `getpaidunionid` finds the payer for five minutes.
pub(super) async fn pay(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let action: Action = read(&body)?;
    let (mut world, now) = shared.enter();
    let app_id = choose_app(&world, action.app_id.as_deref(), MINI_PROGRAM)?
        .app_id
        .clone();
    find_person(&world, &action.person)?;
    world.visits.record(&app_id, &action.person, now);
    let payment = Payment {
        app_id,
        person: action.person,
        transaction_id: world.random.digits(28),
        mch_id: world.random.digits(10),
        out_trade_no: world.random.alphanumeric(24),
        at: now,
    };
    let answer = json!({
        "transaction_id": payment.transaction_id,
        "mch_id": payment.mch_id,
        "out_trade_no": payment.out_trade_no,
    });
    world.payments.add(payment);
    Ok(HttpResponse::Ok().json(answer))
}
