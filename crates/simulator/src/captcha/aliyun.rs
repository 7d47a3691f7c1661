//! The offline Alibaba Cloud Captcha 2.0 (captcha 2023-03-05).
//!
//! Source: Alibaba Cloud, `VerifyIntelligentCaptcha` and its `VerifyCode` values.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::json;

use super::{CaptchaService, ticket};
use crate::call::{Answer, Call};
use crate::sms::{acs3, uuid};
use crate::state::{World, Worth};

pub(super) const SERVICE: CaptchaService = CaptchaService {
    target: "captcha/aliyun",
    speaks,
    answer,
    refuse,
};

const ACTION: &str = "VerifyIntelligentCaptcha";
const VERSION: &str = "2023-03-05";
const JSON: &str = "application/json;charset=utf-8";
/// How far a request's time may be from ours, and how long a nonce is remembered.
const TOLERANCE: TimeDelta = TimeDelta::minutes(15);
/// How long after its beginning a captcha can be shown.
const LIFE: TimeDelta = TimeDelta::minutes(20);

fn speaks(call: &Call) -> bool {
    call.path == "/" && call.header("x-acs-action") == Some(ACTION)
}

fn answer(world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
    match admit(world, call, now) {
        Ok(()) => {
            let code = examine(world, call, now);
            let body = json!({
                "RequestId": uuid(&mut world.random).to_ascii_uppercase(),
                "Success": true,
                "Code": "Success",
                "Message": "success",
                "Result": {"VerifyResult": code.starts_with('T'), "VerifyCode": code},
            });
            Answer::json(200, JSON, &body, code)
        }
        Err(code) => refuse(world, Some(code), None),
    }
}

fn admit(world: &mut World, call: &Call, now: DateTime<Utc>) -> Result<(), &'static str> {
    if call.method != "POST" {
        return Err("UnsupportedHTTPMethod");
    }
    if call.header("x-acs-action") != Some(ACTION) {
        return Err("InvalidAction.NotFound");
    }
    if call.header("x-acs-version") != Some(VERSION) {
        return Err("InvalidVersion");
    }
    let authorization = acs3::read(call).ok_or("IncompleteSignature")?;
    let account = &world.config.aliyun;
    if authorization.credential != account.access_key_id {
        return Err("InvalidAccessKeyId.NotFound");
    }
    let signed_at = call.header("x-acs-date").unwrap_or_default();
    let signed_at = NaiveDateTime::parse_from_str(signed_at, "%Y-%m-%dT%H:%M:%SZ");
    let signed_at = signed_at.map_err(|_| "InvalidTimeStamp.Format")?.and_utc();
    if (now - signed_at).abs() > TOLERANCE {
        return Err("InvalidTimeStamp.Expired");
    }
    let nonce = call.header("x-acs-signature-nonce").unwrap_or_default();
    if world.nonces.is_used(&authorization.credential, nonce, now) {
        return Err("SignatureNonceUsed");
    }
    if !acs3::is_complete(&authorization, call) {
        return Err("IncompleteSignature");
    }
    if !acs3::is_made_with(&account.access_key_secret, &authorization, call) {
        return Err("SignatureDoesNotMatch");
    }
    let until = now.max(signed_at) + TOLERANCE;
    world
        .nonces
        .remember(&authorization.credential, nonce, until);
    Ok(())
}

fn examine(world: &mut World, call: &Call, now: DateTime<Utc>) -> &'static str {
    let form = call.form();
    let field = |name: &str| {
        let found = form.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let (param, scene) = (field("CaptchaVerifyParam"), field("SceneId"));
    if param.is_empty() {
        return "F002";
    }
    if scene != world.config.captcha.aliyun_scene_id {
        return "F012";
    }
    match world
        .captchas
        .redeem("aliyun", ticket(param), LIFE, None, now)
    {
        Worth::Good | Worth::OtherAddress => "T001",
        Worth::Unknown => "F003",
        Worth::Expired => "F014",
        Worth::Used => "F008",
        Worth::Machine => "F001",
    }
}

fn refuse(world: &mut World, code: Option<&str>, message: Option<&str>) -> Answer {
    let code = code.unwrap_or("ServiceUnavailable");
    let status = match code {
        "ServiceUnavailable" => 503,
        "InternalError" => 500,
        "InvalidAccessKeyId.NotFound" | "InvalidAction.NotFound" => 404,
        "UnsupportedHTTPMethod" => 405,
        code if code.starts_with("Forbidden") => 403,
        _ => 400,
    };
    let body = json!({
        "RequestId": uuid(&mut world.random).to_ascii_uppercase(),
        "Code": code,
        "Message": message.unwrap_or(code),
        "HostId": "captcha.cn-shanghai.aliyuncs.com",
    });
    Answer::json(status, JSON, &body, code)
}
