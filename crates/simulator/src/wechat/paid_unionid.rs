//! `GET /wxa/getpaidunionid`: the unionid of somebody who has just paid.
//!
//! Source: `WeChat` server API, getPaidUnionid: by `transaction_id`, or by
//! `mch_id` and `out_trade_no`, within five minutes.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::app_access;
use super::refusal::Refusal;
use crate::call::Call;
use crate::state::{World, unionid};

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let app_id = app_access::application(world, call, now)?;
    let openid = call.parameter("openid").ok_or(Refusal::new(41009))?;
    let transaction = call.parameter("transaction_id");
    let order = call.parameter("mch_id").zip(call.parameter("out_trade_no"));
    if transaction.is_none() && order.is_none() {
        return Err(Refusal::new(40097));
    }
    let visit = world
        .find_visit(&app_id, openid)
        .ok_or(Refusal::new(40003))?;
    let is_paid = world.payments.find(now, |payment| {
        let is_named = match transaction {
            Some(id) => payment.transaction_id == id,
            None => order == Some((&payment.mch_id, &payment.out_trade_no)),
        };
        is_named && payment.app_id == app_id && payment.person == visit.person
    });
    is_paid.ok_or(Refusal::new(89300))?;
    let platform = world
        .find_app(&app_id)
        .and_then(|app| app.platform.as_ref())
        .ok_or(Refusal::new(89002))?;
    Ok(json!({
        "errcode": 0,
        "errmsg": "ok",
        "unionid": unionid(platform, &visit.person),
    }))
}
