//! The offline `WeChat`: one file per call.

mod credentials;
mod get_phone_number;
mod jscode2session;
mod json_body;
mod oauth_access_token;
pub(crate) mod open_data;
mod refusal;
mod stable_token;
mod token;
mod userinfo;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::call::{Answer, Call};
use crate::state::World;
use refusal::Refusal;

/// Every call, and what is common to how it is made and answered.
pub(crate) const CALLS: &[WeChatCall] = &[
    WeChatCall {
        path: "/sns/jscode2session",
        method: "GET",
        content_type: TEXT,
        respond: jscode2session::respond,
    },
    WeChatCall {
        path: "/cgi-bin/token",
        method: "GET",
        content_type: JSON,
        respond: token::respond,
    },
    WeChatCall {
        path: "/cgi-bin/stable_token",
        method: "POST",
        content_type: JSON,
        respond: stable_token::respond,
    },
    WeChatCall {
        path: "/wxa/business/getuserphonenumber",
        method: "POST",
        content_type: JSON,
        respond: get_phone_number::respond,
    },
    WeChatCall {
        path: "/sns/oauth2/access_token",
        method: "GET",
        content_type: TEXT,
        respond: oauth_access_token::respond,
    },
    WeChatCall {
        path: "/sns/userinfo",
        method: "GET",
        content_type: TEXT,
        respond: userinfo::respond,
    },
];

/// What the live servers send, though the body is JSON.
const TEXT: &str = "text/plain";
const JSON: &str = "application/json; encoding=utf-8";

/// One call of the server API.
pub(crate) struct WeChatCall {
    pub(crate) path: &'static str,
    method: &'static str,
    content_type: &'static str,
    respond: fn(&mut World, &Call, DateTime<Utc>) -> Result<Value, Refusal>,
}

impl WeChatCall {
    /// Answers as the call does: HTTP 200 whatever the verdict.
    pub(crate) fn answer(&self, world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
        if self.method == "POST" && call.is_chunked() {
            return Answer::empty(412);
        }
        let verdict = if call.method == self.method {
            (self.respond)(world, call, now)
        } else {
            Err(Refusal::new(if self.method == "GET" {
                43001
            } else {
                43002
            }))
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
