//! The offline `WeChat`: one file per call.

mod app_access;
mod check_session;
mod credentials;
mod get_phone_number;
mod jscode2session;
mod json_body;
mod oauth_access_token;
pub(crate) mod open_data;
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
use crate::state::World;
use refusal::Refusal;

/// Every call, and what is common to how it is made and answered.
pub(crate) const CALLS: &[WeChatCall] = &[
    WeChatCall::get("/sns/jscode2session", TEXT, jscode2session::respond),
    WeChatCall::get(
        "/sns/oauth2/access_token",
        TEXT,
        oauth_access_token::respond,
    ),
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
            Err(refusal) => self.refusal(world, &refusal, now),
        }
    }

    /// Refuses with any errcode; `-1` when none is given.
    pub(crate) fn refuse(
        &self,
        world: &mut World,
        code: Option<&str>,
        message: Option<&str>,
        now: DateTime<Utc>,
    ) -> Answer {
        let errcode = code.and_then(|code| code.parse().ok()).unwrap_or(-1);
        self.refusal(world, &Refusal::saying(errcode, message), now)
    }

    fn refusal(&self, world: &mut World, refusal: &Refusal, now: DateTime<Utc>) -> Answer {
        let body = refusal.body(now, &mut world.random);
        Answer::json(200, self.content_type, &body, &refusal.errcode.to_string())
    }
}
