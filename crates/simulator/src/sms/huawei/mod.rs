//! The offline Huawei Cloud SMS (MSGSMS): `batchSendSms` and `batchSendDiffSms`.

mod gateway;
mod limits;
mod receipt;
mod refusal;
mod request;
mod send;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use self::refusal::{LOOK_AT_STATUS, Refusal, SUCCESS};
use super::SmsVendor;
use crate::call::{Answer, Call};
use crate::state::{AccountCodes, World};

pub(super) const VENDOR: SmsVendor = SmsVendor {
    target: "sms/huawei",
    has_paths: true,
    speaks,
    answer,
    refuse,
    receipts: &receipt::RECEIPTS,
    account: ACCOUNT,
};

const ACCOUNT: &AccountCodes = &AccountCodes {
    arrears: "E000112",
    suspended: "E000112",
    day_cap: None,
    month_cap: None,
};

const JSON: &str = "application/json";

/// What a request may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    /// The same text to many numbers, in a form.
    SameText,
    /// Different texts, in JSON.
    DifferentTexts,
}

impl Api {
    /// By the path, with or without this vendor's prefix.
    fn find(call: &Call) -> Option<(Self, &str)> {
        let bare = call.path.strip_prefix("/sms/huawei").unwrap_or(&call.path);
        match bare.trim_end_matches('/') {
            "/sms/batchSendSms/v1" => Some((Self::SameText, bare)),
            "/sms/batchSendDiffSms/v1" => Some((Self::DifferentTexts, bare)),
            _ => None,
        }
    }
}

fn speaks(call: &Call) -> bool {
    call.path.starts_with("/sms/batchSend")
}

fn answer(world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
    let Some((api, bare_path)) = Api::find(call).filter(|_| call.method == "POST") else {
        return no_such_api();
    };
    let sent = gateway::admit(world, call, bare_path, now)
        .and_then(|()| request::read(api, call))
        .and_then(
            |request| match world.sms_accounts.refusal("huawei", ACCOUNT) {
                Some(code) => Err(Refusal::new(code)),
                None => Ok(send::send(world, &request, now)),
            },
        );
    match sent {
        Ok(results) => respond(&results),
        Err(refusal) => refused(&refusal),
    }
}

/// The code decides the level: some are said of the request, some of each number.
fn refuse(world: &mut World, call: &Call, code: Option<&str>, message: Option<&str>) -> Answer {
    let refusal = Refusal::saying(code.unwrap_or("E000500"), message);
    let request = Api::find(call).and_then(|(api, _)| request::read(api, call).ok());
    match request {
        Some(request) if refusal.is_of_a_number() => {
            let now = DateTime::UNIX_EPOCH;
            respond(&request.refused_for_all(world, &refusal.code, now))
        }
        _ => refused(&refusal),
    }
}

/// One code for the request, one status for each number.
fn respond(results: &[Value]) -> Answer {
    let failed = results
        .iter()
        .filter_map(|result| result["status"].as_str())
        .find(|status| *status != SUCCESS);
    let (code, description) = match failed {
        None => (SUCCESS, "Success"),
        Some(_) => (
            LOOK_AT_STATUS,
            "The SMS fails to be sent. For details, see status.",
        ),
    };
    let body = json!({"code": code, "description": description, "result": results});
    Answer::json(200, JSON, &body, failed.unwrap_or(SUCCESS))
}

fn refused(refusal: &Refusal) -> Answer {
    let body = json!({"code": refusal.code, "description": refusal.description});
    Answer::json(refusal.http_status(), JSON, &body, &refusal.code)
}

fn no_such_api() -> Answer {
    let body = json!({
        "error_code": "APIG.0101",
        "error_msg": "The API does not exist or has not been published in the environment",
    });
    Answer::json(404, JSON, &body, "APIG.0101")
}

fn iso_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
