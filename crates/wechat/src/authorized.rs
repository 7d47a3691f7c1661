//! Calls that carry our own access token.

use menshen_domain::model::wechat::AppId;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use crate::errcodes::{Duty, Endpoint};
use crate::failure::CallFailure;
use crate::reply::Reply;
use crate::token_book::AccessTokens;
use crate::transport::{Call, Transport, Tries};

/// A call that an application makes in its own name.
pub(crate) struct AuthorizedCall<'a> {
    pub(crate) app: &'a AppId,
    pub(crate) endpoint: Endpoint,
    /// What the query holds besides the token.
    pub(crate) query: &'a [(&'static str, &'a str)],
    /// JSON; with it the call is a POST.
    pub(crate) body: Option<String>,
    pub(crate) tries: Tries,
}

/// Who speaks in the applications' name.
pub(crate) enum Authority {
    /// Our access tokens.
    Tokens(AccessTokens),
    /// WeChat cloud hosting, which knows whose container asks and adds the
    /// token itself.
    Container,
}

impl Authority {
    /// Makes a call. A refusal of our token renews it once, and the same call is
    /// made again; that refusal spends no code.
    pub(crate) async fn call(
        &self,
        transport: &Transport,
        call: AuthorizedCall<'_>,
        deadline: Instant,
    ) -> Result<Reply, CallFailure> {
        let mut tries = call.tries;
        let Self::Tokens(tokens) = self else {
            return send(transport, &call, None, &mut tries, deadline).await;
        };
        let token = tokens.get(call.app, deadline).await?;
        let result = send(transport, &call, Some(&token), &mut tries, deadline).await;
        match &result {
            Err(failure) if failure.duty() == Some(Duty::RenewToken) => {
                tries.grant_one();
                let token = tokens.renew(call.app, &token, deadline).await?;
                send(transport, &call, Some(&token), &mut tries, deadline).await
            }
            _ => result,
        }
    }
}

async fn send(
    transport: &Transport,
    call: &AuthorizedCall<'_>,
    token: Option<&SecretString>,
    tries: &mut Tries,
    deadline: Instant,
) -> Result<Reply, CallFailure> {
    let token = token.map(|token| ("access_token", token.expose_secret()));
    let query: Vec<_> = token
        .into_iter()
        .chain(call.query.iter().copied())
        .collect();
    let call = Call {
        app: call.app,
        endpoint: call.endpoint,
        query: &query,
        body: call.body.clone().map(String::into_bytes),
    };
    transport.call(&call, tries, deadline).await
}
