//! `checkSessionKey`: whether a stored session key is still the person's.

use menshen_domain::model::wechat::{AppId, OpenId, SessionKey};
use tokio::time::Instant;

use crate::authorized::{Authority, AuthorizedCall};
use crate::errcodes::{Duty, Endpoint};
use crate::failure::CallFailure;
use crate::session_signature::session_signature;
use crate::transport::{Transport, Tries};

/// Shows WeChat a signature of nothing under the key.
///
/// The reference lists openid, signature and `sig_method` as the body of a GET
/// and its sample has them in the query, where they are sent.
///
/// Source: `WeChat` server API, `checkSessionKey`.
pub(crate) async fn is_live(
    transport: &Transport,
    authority: &Authority,
    app: &AppId,
    openid: &OpenId,
    key: &SessionKey,
    deadline: Instant,
) -> Result<bool, CallFailure> {
    let call = AuthorizedCall {
        app,
        endpoint: Endpoint::CheckSession,
        query: &[
            ("openid", openid.as_str()),
            ("signature", &session_signature(key, b"")),
            ("sig_method", "hmac_sha256"),
        ],
        body: None,
        tries: Tries::of_a_read(),
    };
    match authority.call(transport, call, deadline).await {
        Ok(_) => Ok(true),
        Err(failure) if failure.duty() == Some(Duty::RefuseCode) => Ok(false),
        Err(failure) => Err(failure),
    }
}
