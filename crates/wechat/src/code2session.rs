//! `auth.code2Session`: a login code of a mini-program.

use menshen_domain::model::wechat::{AppId, LoginCode, OpenId, SessionKey, UnionId};
use menshen_domain::ports::wechat_gateway::WeChatIdentification;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use crate::errcodes::Endpoint;
use crate::failure::CallFailure;
use crate::reply::{BadReply, Reply};
use crate::transport::{Call, Transport, Tries};

const ENDPOINT: Endpoint = Endpoint::Code2Session;

/// Exchanges a `wx.login` code, good for one use and 5 minutes.
///
/// An answer counts as success only with a well-formed openid and a session key
/// of 16 bytes. No access token is needed, so a login works while that one
/// cannot be had.
///
/// Source: `WeChat` server API, `auth.code2Session`.
pub(crate) async fn exchange(
    transport: &Transport,
    app: &AppId,
    secret: &SecretString,
    code: &LoginCode,
    deadline: Instant,
) -> Result<WeChatIdentification, CallFailure> {
    let call = Call {
        app,
        endpoint: ENDPOINT,
        query: &[
            ("appid", app.as_str()),
            ("secret", secret.expose_secret()),
            ("js_code", code.expose()),
            ("grant_type", "authorization_code"),
        ],
        body: None,
    };
    let reply = transport.call(&call, &mut Tries::new(), deadline).await?;
    read(&reply).map_err(CallFailure::bad_reply(ENDPOINT))
}

pub(crate) fn read(reply: &Reply) -> Result<WeChatIdentification, BadReply> {
    let key = reply.text("session_key")?;
    Ok(WeChatIdentification {
        openid: openid(reply)?,
        union_id: union_id(reply),
        session_key: Some(SessionKey::parse(key).map_err(|_| BadReply::Field("session_key"))?),
        profile_ticket: None,
    })
}

/// The openid, which must be there and well-formed: an empty one would make all
/// people one.
pub(crate) fn openid(reply: &Reply) -> Result<OpenId, BadReply> {
    OpenId::parse(reply.text("openid")?).map_err(|_| BadReply::Field("openid"))
}

/// The unionid, which only applications bound to an Open Platform account get.
/// One that is malformed joins nothing.
pub(crate) fn union_id(reply: &Reply) -> Option<UnionId> {
    let text = reply.get("unionid").and_then(Value::as_str)?;
    let parsed = UnionId::parse(text);
    if parsed.is_err() {
        tracing::warn!("WeChat answered a malformed unionid, which is passed over");
    }
    parsed.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identify(body: &str) -> Result<WeChatIdentification, BadReply> {
        read(&crate::reply::read(200, body.as_bytes()).unwrap().unwrap())
    }

    #[test]
    fn a_whole_answer_is_taken() {
        let body = r#"{"session_key":"tiihtNczf5v6AKRyjwEUhQ==","openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","unionid":"ocMvos6NjeKLIBqg5Mr9QjxrP1FA","new":1}"#;
        let person = identify(body).unwrap();
        assert_eq!(person.openid.as_str(), "oGZUI0egBJY1zhBYw2KhdUfwVJJE");
        assert_eq!(
            person.union_id.unwrap().as_str(),
            "ocMvos6NjeKLIBqg5Mr9QjxrP1FA"
        );
        assert_eq!(
            person.session_key.unwrap().expose(),
            "tiihtNczf5v6AKRyjwEUhQ=="
        );
    }

    #[test]
    fn the_unionid_may_be_missing_but_nothing_else() {
        let key = r#""session_key":"tiihtNczf5v6AKRyjwEUhQ==""#;
        let openid = r#""openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE""#;
        for union_id in ["", r#","unionid":null"#, r#","unionid":"""#] {
            let person = identify(&format!("{{{key},{openid}{union_id}}}")).unwrap();
            assert!(person.union_id.is_none());
        }
        for body in [
            format!("{{{key}}}"),
            format!("{{{openid}}}"),
            format!(r#"{{{key},"openid":""}}"#),
            format!(r#"{{{key},"openid":null}}"#),
            format!(r#"{{{key},"openid":12345678901234567890}}"#),
            format!(r#"{{{key},"openid":"undefined"}}"#),
            format!(r#"{{{openid},"session_key":""}}"#),
            format!(r#"{{{openid},"session_key":"dG9vIHNob3J0"}}"#),
            "{}".to_owned(),
        ] {
            assert!(identify(&body).is_err(), "{body}");
        }
    }
}
