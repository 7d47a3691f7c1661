//! `snsAccessToken`: a login code of a native app or a website.

use menshen_domain::model::wechat::{AppId, AppKind, LoginCode, OpenId};
use menshen_domain::model::wechat_login::ProfileTicket;
use menshen_domain::ports::wechat_gateway::{WeChatGatewayError, WeChatIdentification};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use crate::code2session::{openid, union_id};
use crate::errcodes::Endpoint;
use crate::failure::CallFailure;
use crate::reply::{BadReply, Reply, integer};
use crate::transport::{Call, Transport, Tries};

const ENDPOINT: Endpoint = Endpoint::OauthAccessToken;

/// Exchanges an OAuth2 code, good for one use and 10 minutes, for whom it
/// belongs to.
///
/// Of the tokens that come along, the user's access token is kept as leave to
/// read their profile once, and the refresh token is thrown away. A code that was granted for
/// another scope than this kind of application asks for, or by the virtual user
/// of a snapshot page, is refused.
///
/// Source: `WeChat` Open Platform, `snsAccessToken`.
pub(crate) async fn exchange(
    transport: &Transport,
    app: &AppId,
    kind: AppKind,
    secret: &SecretString,
    code: &LoginCode,
    deadline: Instant,
) -> Result<WeChatIdentification, WeChatGatewayError> {
    let call = Call {
        app,
        endpoint: ENDPOINT,
        query: &[
            ("appid", app.as_str()),
            ("secret", secret.expose_secret()),
            ("code", code.expose()),
            ("grant_type", "authorization_code"),
        ],
        body: None,
    };
    let reply = transport.call(&call, &mut Tries::new(), deadline).await?;
    read(&reply, kind)
        .map_err(CallFailure::bad_reply(ENDPOINT))?
        .ok_or(WeChatGatewayError::CodeRefused)
}

/// The person, or nobody for a code that proves none.
pub(crate) fn read(reply: &Reply, kind: AppKind) -> Result<Option<WeChatIdentification>, BadReply> {
    let granted = reply.text("scope")?;
    let openid = openid(reply)?;
    let person = WeChatIdentification {
        union_id: union_id(reply),
        session_key: None,
        profile_ticket: ticket(reply, &openid),
        openid,
    };
    if !granted.split(',').any(|scope| scope.trim() == needed(kind)) {
        tracing::warn!("a WeChat code was granted for another scope than a login");
        return Ok(None);
    }
    if is_set(reply.get("is_snapshotuser")) {
        tracing::warn!("a WeChat code belongs to the virtual user of a snapshot page");
        return Ok(None);
    }
    Ok(Some(person))
}

/// Leave to read the profile; a login needs none.
fn ticket(reply: &Reply, openid: &OpenId) -> Option<ProfileTicket> {
    let token = reply.get("access_token").and_then(Value::as_str)?;
    let fits = (1..=1024).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| ProfileTicket::new(openid.clone(), token.into()))
}

/// The scope that a login through this kind of application is granted.
fn needed(kind: AppKind) -> &'static str {
    match kind {
        AppKind::Website => "snsapi_login",
        AppKind::App | AppKind::MiniProgram => "snsapi_userinfo",
    }
}

fn is_set(flag: Option<&Value>) -> bool {
    match flag {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(value) => integer(value) != Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identify(more: &str, kind: AppKind) -> Result<Option<WeChatIdentification>, BadReply> {
        let body = format!(
            r#"{{"access_token":"T","expires_in":7200,"refresh_token":"R","openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE"{more}}}"#
        );
        read(
            &crate::reply::read(200, body.as_bytes()).unwrap().unwrap(),
            kind,
        )
    }

    #[test]
    fn the_scope_must_be_the_one_of_the_kind() {
        let app = r#","scope":"snsapi_base, snsapi_userinfo""#;
        let website = r#","scope":"snsapi_login""#;
        assert!(identify(app, AppKind::App).unwrap().is_some());
        assert!(identify(app, AppKind::Website).unwrap().is_none());
        assert!(identify(website, AppKind::Website).unwrap().is_some());
        assert!(identify(website, AppKind::App).unwrap().is_none());
        assert!(identify("", AppKind::App).is_err());
    }

    #[test]
    fn the_users_token_becomes_leave_to_read_their_profile() {
        let person = identify(r#","scope":"snsapi_login""#, AppKind::Website);
        let ticket = person.unwrap().unwrap().profile_ticket.unwrap();
        assert_eq!(ticket.expose_token(), "T");
        assert_eq!(ticket.openid().as_str(), "oGZUI0egBJY1zhBYw2KhdUfwVJJE");
    }

    #[test]
    fn a_snapshot_user_is_nobody() {
        for (flag, somebody) in [("0", true), ("1", false), ("\"1\"", false), ("true", false)] {
            let more = format!(r#","scope":"snsapi_userinfo","is_snapshotuser":{flag}"#);
            let person = identify(&more, AppKind::App).unwrap();
            assert_eq!(person.is_some(), somebody, "{flag}");
        }
    }
}
