//! Menshen, as this service sees it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::redirect;
use url::Url;

use crate::error::{CheckError, Refusal};
use crate::keys::Keys;
use crate::settings::{BadSettings, Settings};
use crate::token::{self, SignedIn};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(1);
/// How long an answer may take, in all.
const ANSWER: Duration = Duration::from_secs(3);
/// The longest refusal that is passed on, in bytes.
const MAX_REFUSAL: usize = 16 * 1024;

/// Checks access tokens. Cheap to clone; all clones share the keys.
#[derive(Clone)]
pub struct Menshen(Arc<Inner>);

struct Inner {
    settings: Settings,
    keys: Keys,
    http: reqwest::Client,
    verify: Url,
}

impl std::fmt::Debug for Menshen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Menshen").field(&self.0.settings).finish()
    }
}

impl Menshen {
    /// Menshen as the settings name it. Nothing is fetched yet: the first token does.
    ///
    /// # Errors
    ///
    /// [`BadSettings`], if they cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, BadSettings> {
        settings.check()?;
        // A redirect could lead the token elsewhere, and so could a proxy of the
        // environment.
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(BadSettings::Client)?;
        let set = settings.address("/.well-known/jwks.json")?;
        Ok(Self(Arc::new(Inner {
            keys: Keys::new(http.clone(), set, settings.algorithm.jose()),
            verify: settings.address("/v1/auth/verify")?,
            settings: settings.clone(),
            http,
        })))
    }

    /// Who holds this token. Checked by the published keys, which are fetched where they
    /// are older than five minutes, or do not have the one that the token names.
    ///
    /// # Errors
    ///
    /// - [`CheckError::TokenInvalid`]: it is not one of this Menshen, for this audience
    ///   and of this time.
    /// - [`CheckError::Unavailable`]: the keys are not to be had.
    pub async fn check(&self, token: &str) -> Result<SignedIn, CheckError> {
        let inner = &self.0;
        let invalid = CheckError::TokenInvalid;
        let Some(kid) = token::key_id(token, &inner.settings) else {
            return Err(invalid);
        };
        let key = inner.keys.find(&kid).await?;
        key.and_then(|key| token::read(token, &key, &inner.settings))
            .ok_or(invalid)
    }

    /// Who holds this token, and is signed in now: checked as by [`check`](Self::check),
    /// and then Menshen is asked, which knows of sign-outs.
    ///
    /// # Errors
    ///
    /// Those of [`check`](Self::check), and [`CheckError::Refused`].
    pub async fn check_now(&self, token: &str) -> Result<SignedIn, CheckError> {
        let who = self.check(token).await?;
        let away = |_| CheckError::Unavailable;
        let ask = self.0.http.get(self.0.verify.clone());
        let answer = ask.header(AUTHORIZATION, format!("Bearer {token}"));
        let answer = answer.send().await.map_err(away)?;
        match answer.status().as_u16() {
            200 => Ok(who),
            401 | 403 => Err(CheckError::Refused(refusal(answer).await?)),
            _ => Err(CheckError::Unavailable),
        }
    }
}

async fn refusal(mut answer: reqwest::Response) -> Result<Refusal, CheckError> {
    let status = answer.status().as_u16();
    let authenticate = answer.headers().get(WWW_AUTHENTICATE);
    let authenticate = authenticate.and_then(|value| value.to_str().ok());
    let authenticate = authenticate.map(str::to_owned);
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| CheckError::Unavailable)? {
        if body.len() + chunk.len() > MAX_REFUSAL {
            return Err(CheckError::Unavailable);
        }
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8(body).map_err(|_| CheckError::Unavailable)?;
    Ok(Refusal {
        status,
        authenticate,
        body,
    })
}
