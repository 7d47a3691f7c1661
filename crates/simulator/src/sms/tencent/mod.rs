//! The offline Tencent Cloud SMS (sms 2021-01-11), `SendSms`.

mod gateway;
mod limits;
mod receipt;
mod refusal;
mod send_sms;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use self::refusal::Refusal;
use super::{SmsVendor, tc3, uuid};
use crate::call::{Answer, Call};
use crate::state::{AccountCodes, World};

pub(super) const VENDOR: SmsVendor = SmsVendor {
    target: "sms/tencent",
    has_paths: false,
    speaks,
    answer,
    refuse,
    receipts: &receipt::RECEIPTS,
    account: ACCOUNT,
};

const ACCOUNT: &AccountCodes = &AccountCodes {
    arrears: "FailedOperation.InsufficientBalanceInSmsPackage",
    suspended: "UnauthorizedOperation.ServiceSuspendDueToArrears",
    day_cap: Some("LimitExceeded.AppDailyLimit"),
    month_cap: None,
};

fn speaks(call: &Call) -> bool {
    call.path == "/" && (call.header("x-tc-action").is_some() || tc3::is_meant(call))
}

fn answer(world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
    let sent = gateway::admit(world, call, now)
        .and_then(|()| send_sms::read(&call.body))
        .and_then(|request| send_sms::send(world, &request, now));
    match sent {
        Ok(statuses) => {
            let verdict = statuses
                .iter()
                .map(|status| status["Code"].as_str().unwrap_or_default())
                .find(|code| *code != "Ok")
                .unwrap_or("Ok")
                .to_owned();
            respond(world, &json!({"SendStatusSet": statuses}), &verdict)
        }
        Err(refusal) => refused(world, &refusal),
    }
}

/// The code decides the level: some are said of the request, some of each number.
fn refuse(world: &mut World, call: &Call, code: Option<&str>, message: Option<&str>) -> Answer {
    let code = code.unwrap_or("InternalError");
    let refusal = message.map_or_else(
        || Refusal::new(code),
        |message| Refusal::saying(code, message),
    );
    match send_sms::read(&call.body) {
        Ok(request) if refusal.is_of_a_number() => {
            let statuses = request.refused_for_all(&refusal);
            respond(world, &json!({"SendStatusSet": statuses}), code)
        }
        _ => refused(world, &refusal),
    }
}

fn refused(world: &mut World, refusal: &Refusal) -> Answer {
    let error = json!({"Error": {"Code": refusal.code, "Message": refusal.message}});
    respond(world, &error, &refusal.code)
}

/// Every answer comes with status 200.
fn respond(world: &mut World, members: &Value, verdict: &str) -> Answer {
    let mut response = members.clone();
    response["RequestId"] = json!(uuid(&mut world.random));
    let body = json!({"Response": response});
    Answer::json(200, "application/json", &body, verdict)
}
