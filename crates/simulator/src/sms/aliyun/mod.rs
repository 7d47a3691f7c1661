//! The offline Alibaba Cloud SMS (Dysmsapi 2017-05-25), `SendSms` and
//! `QuerySendDetails`.

mod gateway;
mod limits;
mod query_send_details;
mod receipt;
mod refusal;
mod send_sms;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use self::gateway::Action;
use self::refusal::Refusal;
use super::{SmsVendor, acs3, uuid};
use crate::call::{Answer, Call};
use crate::random::Random;
use crate::state::{AccountCodes, World};

pub(super) const VENDOR: SmsVendor = SmsVendor {
    target: "sms/aliyun",
    has_paths: false,
    speaks,
    answer,
    refuse,
    receipts: &receipt::RECEIPTS,
    account: ACCOUNT,
};

const ACCOUNT: &AccountCodes = &AccountCodes {
    arrears: "isv.AMOUNT_NOT_ENOUGH",
    suspended: "isv.OUT_OF_SERVICE",
    day_cap: Some("isv.DAY_LIMIT_CONTROL"),
    month_cap: Some("isv.MONTH_LIMIT_CONTROL"),
};

const JSON: &str = "application/json;charset=utf-8";

fn speaks(call: &Call) -> bool {
    let parameters = [&call.query, &call.form()].map(|pairs| {
        pairs
            .iter()
            .any(|(name, _)| name == "AccessKeyId" || name == "SignatureNonce")
    });
    call.path == "/"
        && (call.header("x-acs-action").is_some()
            || acs3::is_meant(call)
            || parameters.contains(&true))
}

fn answer(world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
    match carry_out(world, call, now) {
        Ok(mut body) => {
            body["RequestId"] = json!(request_id(&mut world.random));
            Answer::json(200, JSON, &body, "OK")
        }
        Err(refusal) => refused(world, &refusal),
    }
}

fn carry_out(world: &mut World, call: &Call, now: DateTime<Utc>) -> Result<Value, Refusal> {
    let (action, parameters) = gateway::admit(world, call, now)?;
    match action {
        Action::SendSms => send_sms::send(world, &parameters, now)
            .map(|biz_id| json!({"Code": "OK", "Message": "OK", "BizId": biz_id})),
        Action::QuerySendDetails => query_send_details::query(world, &parameters, now),
    }
}

fn refuse(world: &mut World, _: &Call, code: Option<&str>, message: Option<&str>) -> Answer {
    let code = code.unwrap_or("ServiceUnavailable");
    refused(
        world,
        &message.map_or_else(
            || Refusal::new(code),
            |message| Refusal::saying(code, message),
        ),
    )
}

fn refused(world: &mut World, refusal: &Refusal) -> Answer {
    let request_id = request_id(&mut world.random);
    Answer::json(
        refusal.status(),
        JSON,
        &refusal.body(&request_id),
        &refusal.code,
    )
}

/// A UUID in capitals.
fn request_id(random: &mut Random) -> String {
    uuid(random).to_ascii_uppercase()
}
