//! A WeChat and a vendor that tell all they know where they fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use menshen_app::clock::SystemClock;
use menshen_domain::ports::clock::Clock as _;
use menshen_outbound::mock::{MockServer, Reaction, Seen};
use serde_json::json;

use super::{APP, OPENID, PHONE, SESSION_KEY, UNIONID, WECHAT_TOKEN};

/// How WeChat and the vendor are at the moment.
pub(super) const WELL: usize = 0;
pub(super) const CLOSING: usize = 1;
pub(super) const TALKATIVE: usize = 2;

/// A WeChat that knows one person, and tells secrets where it fails.
pub(super) fn wechat(seen: &Seen, mood: usize) -> Reaction {
    let person = json!({ "openid": OPENID, "unionid": UNIONID, "session_key": SESSION_KEY });
    let phone = json!({
        "errcode": 0, "errmsg": "ok",
        "phone_info": {
            "phoneNumber": PHONE, "purePhoneNumber": PHONE, "countryCode": "86",
            "watermark": { "timestamp": SystemClock.now().timestamp(), "appid": APP },
        },
    });
    let everything = format!("{person} {WECHAT_TOKEN} {} {}", seen.target, seen.text());
    match (mood, seen.path()) {
        (CLOSING, _) => Reaction::Close,
        (TALKATIVE, "/sns/jscode2session") => {
            Reaction::ok(json!({ "errcode": 45099, "errmsg": everything }).to_string())
        }
        (TALKATIVE, _) => Reaction::status(500, everything),
        (_, "/sns/jscode2session") => Reaction::ok(person.to_string()),
        (_, "/cgi-bin/stable_token") => {
            let token = json!({ "access_token": WECHAT_TOKEN, "expires_in": 7200 });
            Reaction::ok(token.to_string())
        }
        (_, "/wxa/business/getuserphonenumber") => Reaction::ok(phone.to_string()),
        _ => Reaction::status(404, ""),
    }
}

/// A vendor that takes messages, or tells all about them.
pub(super) fn vendor(seen: &Seen, mood: usize) -> Reaction {
    match mood {
        WELL => Reaction::status(204, ""),
        CLOSING => Reaction::Close,
        _ => Reaction::status(500, format!("{} {:?}", seen.text(), seen.headers)),
    }
}

/// An upstream whose mood the test changes.
pub(super) async fn upstream(
    react: fn(&Seen, usize) -> Reaction,
    mood: &Arc<AtomicUsize>,
) -> MockServer {
    let mood = Arc::clone(mood);
    let started = MockServer::start(move |seen, _| react(seen, mood.load(Ordering::SeqCst))).await;
    started.expect("an upstream")
}
