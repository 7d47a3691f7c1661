//! `getStableAccessToken`: our own token, for the calls that need one.

use std::time::Duration;

use menshen_domain::model::wechat::AppId;
use menshen_domain::ports::wechat_token_cache::WeChatAccessToken;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::time::Instant;

use crate::errcodes::Endpoint;
use crate::failure::CallFailure;
use crate::reply::{BadReply, Reply};
use crate::transport::{Call, Transport, Tries};

pub(crate) const ENDPOINT: Endpoint = Endpoint::StableToken;
/// How long before its end a token is replaced.
const MARGIN: Duration = Duration::from_mins(1);
/// No token is used for less, or each request would fetch one.
const LEAST_USE: Duration = Duration::from_secs(1);

/// Asks for the token of an application. In normal mode everybody who asks is
/// given the same one with the time that it has left; `force_refresh` makes a
/// new one and revokes that.
///
/// Source: `WeChat` server API, `getStableAccessToken`.
pub(crate) async fn ask(
    transport: &Transport,
    app: &AppId,
    secret: &SecretString,
    force_refresh: bool,
    deadline: Instant,
) -> Result<WeChatAccessToken, CallFailure> {
    let body = json!({
        "grant_type": "client_credential",
        "appid": app.as_str(),
        "secret": secret.expose_secret(),
        "force_refresh": force_refresh,
    });
    let call = Call {
        app,
        endpoint: ENDPOINT,
        query: &[],
        body: Some(body.to_string().into_bytes()),
    };
    let reply = transport.call(&call, &mut Tries::new(), deadline).await?;
    read(&reply).map_err(CallFailure::bad_reply(ENDPOINT))
}

pub(crate) fn read(reply: &Reply) -> Result<WeChatAccessToken, BadReply> {
    let value = reply.text("access_token")?;
    // The documents ask to reserve 512 characters.
    if value.len() > 1024 || !value.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(BadReply::Field("access_token"));
    }
    let seconds = u64::try_from(reply.integer("expires_in")?.clamp(0, 86_400)).unwrap_or(0);
    let expires_in = Duration::from_secs(seconds).max(LEAST_USE);
    Ok(WeChatAccessToken {
        value: value.into(),
        fresh_for: fresh_for(expires_in),
        expires_in,
    })
}

/// How long a token with this much life left is used: a part of it and a margin
/// less, never nothing, so that a short life makes no hot loop.
fn fresh_for(expires_in: Duration) -> Duration {
    expires_in
        .saturating_sub(MARGIN)
        .min(expires_in * 9 / 10)
        .max(LEAST_USE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_used_for_a_part_of_its_life_and_never_for_nothing() {
        for (life, used) in [(7200, 6480), (345, 285), (299, 239), (61, 1), (1, 1)] {
            let life = Duration::from_secs(life);
            assert_eq!(fresh_for(life), Duration::from_secs(used));
        }
    }

    #[test]
    fn an_answer_without_a_usable_token_is_none() {
        let token = |body: &str| read(&crate::reply::read(200, body.as_bytes()).unwrap().unwrap());
        assert!(token(r#"{"access_token":"T","expires_in":7200}"#).is_ok());
        assert!(token(r#"{"access_token":"T","expires_in":"7200"}"#).is_ok());
        for life in ["0", "-5"] {
            let token = token(&format!(r#"{{"access_token":"T","expires_in":{life}}}"#)).unwrap();
            assert_eq!(token.expires_in, LEAST_USE);
        }
        for body in [
            "{}",
            r#"{"access_token":"","expires_in":7200}"#,
            r#"{"access_token":"T"}"#,
            r#"{"access_token":"T T","expires_in":7200}"#,
        ] {
            assert!(token(body).is_err(), "{body}");
        }
    }
}
