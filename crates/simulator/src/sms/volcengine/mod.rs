//! The offline Volcengine SMS (volcSMS 2020-01-01), `SendSms`.

mod gateway;
mod receipt;
mod refusal;
mod send_sms;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use self::refusal::Refusal;
use super::{SmsVendor, volc_hmac};
use crate::call::{Answer, Call};
use crate::state::{AccountCodes, World};

pub(super) const VENDOR: SmsVendor = SmsVendor {
    target: "sms/volcengine",
    has_paths: false,
    speaks,
    answer,
    refuse,
    receipts: &receipt::RECEIPTS,
    account: ACCOUNT,
};

const ACCOUNT: &AccountCodes = &AccountCodes {
    arrears: "RE:0010",
    suspended: "RE:0002",
    day_cap: Some("RE:0013"),
    month_cap: None,
};

fn speaks(call: &Call) -> bool {
    call.path == "/" && (volc_hmac::is_meant(call) || call.header("x-date").is_some())
}

fn answer(world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
    let sent = gateway::admit(world, call, now)
        .and_then(|()| send_sms::read(&call.body))
        .and_then(|request| send_sms::send(world, &request, now));
    match sent {
        Ok(ids) => {
            let result = json!({"MessageID": ids});
            respond(world, call, 200, ("Result", result), "ok")
        }
        Err(refusal) => refused(world, call, &refusal),
    }
}

fn refuse(world: &mut World, call: &Call, code: Option<&str>, message: Option<&str>) -> Answer {
    let code = code.unwrap_or("InternalError");
    let refusal = message.map_or_else(
        || Refusal::new(code),
        |message| Refusal::saying(code, message),
    );
    refused(world, call, &refusal)
}

fn refused(world: &mut World, call: &Call, refusal: &Refusal) -> Answer {
    let error = ("Error", refusal.body());
    respond(world, call, refusal.status(), error, &refusal.code)
}

/// An error stands among the metadata, a result beside them.
fn respond(
    world: &mut World,
    call: &Call,
    status: u16,
    (name, value): (&str, Value),
    verdict: &str,
) -> Answer {
    let said = |name: &str| call.parameter(name).unwrap_or_default();
    let request_id = format!(
        "{}{}",
        world.random.digits(17),
        world.random.hex(8).to_ascii_uppercase()
    );
    let mut body = json!({"ResponseMetadata": {
        "RequestId": request_id,
        "Action": said("Action"),
        "Version": said("Version"),
        "Service": "volcSMS",
        "Region": "cn-north-1",
    }});
    if name == "Error" {
        body["ResponseMetadata"][name] = value;
    } else {
        body[name] = value;
    }
    Answer::json(status, "application/json; charset=utf-8", &body, verdict)
}
