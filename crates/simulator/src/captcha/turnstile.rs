//! The offline Cloudflare Turnstile, `siteverify`.
//!
//! Source: Cloudflare, Turnstile, "Server-side validation".

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{CaptchaService, ticket};
use crate::call::{Answer, Call, Pairs};
use crate::state::{World, Worth};

pub(super) const SERVICE: CaptchaService = CaptchaService {
    target: "captcha/turnstile",
    speaks,
    answer,
    refuse,
};

/// How long a token lives, and how long it may be.
const LIFE: TimeDelta = TimeDelta::seconds(300);
const LONGEST: usize = 2048;

fn speaks(call: &Call) -> bool {
    call.path == "/turnstile/v0/siteverify"
}

fn answer(world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
    match examine(world, &fields(call), now) {
        Ok(()) => {
            let accounts = &world.config.captcha;
            let body = json!({
                "success": true,
                "challenge_ts": now.to_rfc3339_opts(SecondsFormat::Millis, true),
                "hostname": accounts.turnstile_hostname,
                "error-codes": [],
                "action": accounts.turnstile_action,
                "cdata": "",
            });
            Answer::json(200, "application/json", &body, "ok")
        }
        Err(code) => refuse(world, Some(code), None),
    }
}

/// The fields, which may come as a form or as JSON.
fn fields(call: &Call) -> Pairs {
    let json: Option<Value> = serde_json::from_slice(&call.body).ok();
    let Some(Value::Object(members)) = json else {
        return call.form();
    };
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    members.iter().filter_map(text).collect()
}

fn examine(world: &mut World, fields: &Pairs, now: DateTime<Utc>) -> Result<(), &'static str> {
    let field = |name: &str| {
        let found = fields.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let (secret, response) = (field("secret"), field("response"));
    if secret.is_empty() {
        return Err("missing-input-secret");
    }
    if secret != world.config.captcha.turnstile_secret_key {
        return Err("invalid-input-secret");
    }
    if response.is_empty() {
        return Err("missing-input-response");
    }
    if response.len() > LONGEST {
        return Err("invalid-input-response");
    }
    let address = field("remoteip").parse().ok();
    let (captchas, ticket) = (&mut world.captchas, ticket(response));
    match captchas.redeem("turnstile", ticket, LIFE, address, now) {
        Worth::Good => Ok(()),
        Worth::Expired | Worth::Used => Err("timeout-or-duplicate"),
        Worth::Unknown | Worth::Machine | Worth::OtherAddress => Err("invalid-input-response"),
    }
}

fn refuse(_: &mut World, code: Option<&str>, _: Option<&str>) -> Answer {
    let code = code.unwrap_or("internal-error");
    let body = json!({"success": false, "error-codes": [code], "messages": []});
    Answer::json(200, "application/json", &body, code)
}
