//! The offline Twilio (2010-04-01): messages of an account, in JSON.

mod create_message;
mod receipt;
mod refusal;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use self::refusal::Refusal;
use super::SmsVendor;
use crate::call::{Answer, Call};
use crate::config::sms::TwilioAccount;
use crate::state::{AccountCodes, World};

pub(super) const VENDOR: SmsVendor = SmsVendor {
    target: "sms/twilio",
    has_paths: true,
    speaks,
    answer,
    refuse,
    receipts: &receipt::RECEIPTS,
    account: ACCOUNT,
};

const ACCOUNT: &AccountCodes = &AccountCodes {
    arrears: "20005",
    suspended: "20005",
    day_cap: Some("63038"),
    month_cap: None,
};

const JSON: &str = "application/json;charset=utf-8";

fn speaks(call: &Call) -> bool {
    call.path.starts_with("/2010-04-01/")
}

fn answer(world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
    let sent = admit(world, call).and_then(|()| create_message::create(world, call, now));
    match sent {
        Ok(body) => Answer::json(201, JSON, &body, "ok"),
        Err(refusal) => refused(&refusal),
    }
}

fn refuse(_: &mut World, _: &Call, code: Option<&str>, message: Option<&str>) -> Answer {
    refused(&Refusal::saying(code.unwrap_or("20500"), message))
}

fn refused(refusal: &Refusal) -> Answer {
    Answer::json(refusal.status(), JSON, &refusal.body(), &refusal.code)
}

/// Whether this is a request for the messages of an account by its holder. The
/// password is the account's token, or the secret of one of its API keys.
fn admit(world: &World, call: &Call) -> Result<(), Refusal> {
    let path = call.path.strip_prefix("/sms/twilio").unwrap_or(&call.path);
    let sid = path
        .strip_prefix("/2010-04-01/Accounts/")
        .and_then(|rest| rest.strip_suffix("/Messages.json"))
        .filter(|_| call.method == "POST")
        .ok_or_else(|| Refusal::new("20404"))?;
    let account = &world.config.twilio;
    if !is_holder(account, call) {
        return Err(Refusal::new("20003"));
    }
    if let Some(code) = world.sms_accounts.refusal("twilio", ACCOUNT) {
        return Err(Refusal::new(code));
    }
    if sid != account.account_sid {
        return Err(Refusal::new("20404"));
    }
    Ok(())
}

fn is_holder(account: &TwilioAccount, call: &Call) -> bool {
    let given = call
        .header("authorization")
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded.trim()).ok());
    let pair = |user: &str, password: &str| format!("{user}:{password}").into_bytes();
    let own = pair(&account.account_sid, &account.auth_token);
    let keys = account.api_keys.iter();
    given.is_some_and(|given| {
        given == own
            || keys
                .into_iter()
                .any(|(sid, secret)| given == pair(sid, secret))
    })
}
