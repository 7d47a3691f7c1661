//! `snsUserInfo`: the profile of who signed in by OAuth2.

use menshen_domain::model::wechat::AppId;
use menshen_domain::model::wechat_login::ProfileTicket;
use menshen_domain::model::wechat_profile::WeChatProfile;
use serde_json::Value;
use tokio::time::Instant;

use crate::code2session::openid;
use crate::errcodes::Endpoint;
use crate::failure::CallFailure;
use crate::reply::{BadReply, Reply};
use crate::transport::{Call, Transport, Tries};

const ENDPOINT: Endpoint = Endpoint::UserInfo;

/// Reads nickname and avatar with the user's own token, which proves nothing
/// about who is there and is good for nothing else.
///
/// Source: `WeChat` Open Platform, `snsUserInfo`.
pub(crate) async fn read(
    transport: &Transport,
    app: &AppId,
    ticket: &ProfileTicket,
    deadline: Instant,
) -> Result<WeChatProfile, CallFailure> {
    let call = Call {
        app,
        endpoint: ENDPOINT,
        query: &[
            ("access_token", ticket.expose_token()),
            ("openid", ticket.openid().as_str()),
            ("lang", "zh_CN"),
        ],
        body: None,
    };
    let mut tries = Tries::of_a_read();
    let reply = transport.call(&call, &mut tries, deadline).await?;
    profile(&reply, ticket).map_err(CallFailure::bad_reply(ENDPOINT))
}

pub(crate) fn profile(reply: &Reply, ticket: &ProfileTicket) -> Result<WeChatProfile, BadReply> {
    if openid(reply)? != *ticket.openid() {
        return Err(BadReply::Field("openid"));
    }
    let text = |name| reply.get(name).and_then(Value::as_str);
    Ok(WeChatProfile::cleaned(text("nickname"), text("headimgurl")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use menshen_domain::model::wechat::OpenId;

    const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";

    fn read(body: &str) -> Result<WeChatProfile, BadReply> {
        let openid = OpenId::parse(OPENID).unwrap();
        let reply = crate::reply::read(200, body.as_bytes()).unwrap().unwrap();
        profile(&reply, &ProfileTicket::new(openid, "T".into()))
    }

    #[test]
    fn what_is_shown_is_taken_and_the_rest_left() {
        let body = format!(
            r#"{{"openid":"{OPENID}","nickname":"Band","sex":0,"headimgurl":"http://thirdwx.qlogo.cn/a/132","privilege":[]}}"#
        );
        let profile = read(&body).unwrap();
        assert_eq!(profile.nickname.unwrap().as_str(), "Band");
        assert_eq!(
            profile.avatar_url.unwrap().as_str(),
            "https://thirdwx.qlogo.cn/a/132"
        );
        let bare = format!(r#"{{"openid":"{OPENID}","nickname":"","headimgurl":null}}"#);
        assert!(read(&bare).unwrap().is_empty());
    }

    #[test]
    fn somebody_elses_profile_is_no_answer() {
        let other = r#"{"openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJF","nickname":"Band"}"#;
        assert!(read(other).is_err());
        assert!(read(r#"{"nickname":"Band"}"#).is_err());
    }
}
