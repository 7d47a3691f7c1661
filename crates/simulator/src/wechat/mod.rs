//! The offline `WeChat`: one file per call.

mod address_lists;
mod app_access;
mod check_encrypted_message;
mod check_session;
mod clear_quota;
mod credentials;
pub(crate) mod get_phone_number;
mod get_quota;
mod get_rid;
mod jscode2session;
mod json_body;
mod limits;
mod oauth_access_token;
mod oauth_check;
mod oauth_grant;
mod oauth_refresh_token;
mod oauth_user;
pub(crate) mod open_data;
mod paid_unionid;
pub(crate) mod push;
mod refusal;
mod reset_session_key;
mod session_signature;
mod stable_token;
mod token;
mod user_risk_rank;
mod userinfo;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::call::{Answer, Call};
use crate::state::{Refused, World, request_id};
use refusal::Refusal;

/// Every call, and what is common to how it is made and answered.
pub(crate) const CALLS: &[WeChatCall] = &[
    WeChatCall::get("/sns/jscode2session", TEXT, jscode2session::respond),
    WeChatCall::get(
        "/sns/oauth2/access_token",
        TEXT,
        oauth_access_token::respond,
    ),
    WeChatCall::get(
        "/sns/oauth2/refresh_token",
        TEXT,
        oauth_refresh_token::respond,
    ),
    WeChatCall::get("/sns/auth", TEXT, oauth_check::respond),
    WeChatCall::get("/sns/userinfo", TEXT, userinfo::respond),
    WeChatCall::get("/cgi-bin/token", JSON, token::respond),
    WeChatCall::post("/cgi-bin/stable_token", stable_token::respond),
    WeChatCall::post(
        "/wxa/business/getuserphonenumber",
        get_phone_number::respond,
    ),
    WeChatCall::get("/wxa/checksession", JSON, check_session::respond),
    WeChatCall::get("/wxa/resetusersessionkey", JSON, reset_session_key::respond),
    WeChatCall {
        wrong_method: 43302,
        ..WeChatCall::post("/wxa/getuserriskrank", user_risk_rank::respond)
    },
    WeChatCall::post(
        "/wxa/business/checkencryptedmsg",
        check_encrypted_message::respond,
    ),
    WeChatCall::get("/wxa/getpaidunionid", JSON, paid_unionid::respond),
    WeChatCall::post("/cgi-bin/clear_quota", clear_quota::with_token),
    WeChatCall::post("/cgi-bin/clear_quota/v2", clear_quota::with_secret),
    WeChatCall::post("/cgi-bin/openapi/quota/get", get_quota::respond),
    WeChatCall::post("/cgi-bin/openapi/rid/get", get_rid::respond),
    WeChatCall::get("/cgi-bin/get_api_domain_ip", JSON, address_lists::respond),
    WeChatCall::get("/cgi-bin/getcallbackip", JSON, address_lists::respond),
];

/// What the live servers send, though the body is JSON.
const TEXT: &str = "text/plain";
const JSON: &str = "application/json; encoding=utf-8";

/// One call of the server API.
pub(crate) struct WeChatCall {
    pub(crate) path: &'static str,
    method: &'static str,
    /// The errcode for any other method.
    wrong_method: i64,
    content_type: &'static str,
    respond: Respond,
}

type Respond = fn(&mut World, &Call, DateTime<Utc>) -> Result<Value, Refusal>;

impl WeChatCall {
    const fn get(path: &'static str, content_type: &'static str, respond: Respond) -> Self {
        Self {
            path,
            method: "GET",
            wrong_method: 43001,
            content_type,
            respond,
        }
    }

    const fn post(path: &'static str, respond: Respond) -> Self {
        Self {
            path,
            method: "POST",
            wrong_method: 43002,
            content_type: JSON,
            respond,
        }
    }

    /// Answers as the call does: HTTP 200 whatever the verdict.
    pub(crate) fn answer(&self, world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
        if self.method == "POST" && call.is_chunked() {
            return Answer::empty(412);
        }
        let verdict = if call.method == self.method {
            (self.respond)(world, call, now)
        } else {
            Err(Refusal::new(self.wrong_method))
        };
        match verdict {
            Ok(body) => Answer::json(200, self.content_type, &body, "ok"),
            Err(refusal) => self.refusal(world, call, &refusal, now),
        }
    }

    /// Refuses with any errcode; `-1` when none is given.
    pub(crate) fn refuse(
        &self,
        world: &mut World,
        call: &Call,
        code: Option<&str>,
        message: Option<&str>,
        now: DateTime<Utc>,
    ) -> Answer {
        let errcode = code.and_then(|code| code.parse().ok()).unwrap_or(-1);
        self.refusal(world, call, &Refusal::saying(errcode, message), now)
    }

    fn refusal(
        &self,
        world: &mut World,
        call: &Call,
        refusal: &Refusal,
        now: DateTime<Utc>,
    ) -> Answer {
        let rid = request_id(now, &mut world.random);
        let body = refusal.body(&rid, &mut world.random);
        let refused = Refused::new(call, caller(world, call), &body, now);
        world.request_ids.remember(rid, refused);
        Answer::json(200, self.content_type, &body, &refusal.errcode.to_string())
    }
}

/// The application that a refused call seems to be of.
fn caller(world: &World, call: &Call) -> Option<String> {
    let of_token = call
        .parameter("access_token")
        .and_then(|token| world.app_tokens.owner(token));
    let in_body = json_body::read(call).ok();
    let named = call.parameter("appid").or_else(|| {
        let body = in_body.as_ref()?;
        json_body::text(body, "appid")
    });
    of_token
        .or_else(|| named.filter(|app_id| world.find_app(app_id).is_some()))
        .map(str::to_owned)
}
