//! What WeChat has asked us to leave alone for a while, per application.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use menshen_domain::model::wechat::AppId;
use tokio::time::Instant;

use crate::errcodes::{Duty, Endpoint, MINUTE, duty};
use crate::reply::Refusal;

/// Refusals that would only be repeated if the call were made again.
#[derive(Debug, Default)]
pub(crate) struct Holds(Mutex<HashMap<(AppId, Endpoint), Hold>>);

#[derive(Debug)]
struct Hold {
    until: Instant,
    refusal: Refusal,
}

/// A call that is not made, since WeChat refused it a moment ago.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{endpoint:?} of {} is left alone after {refusal}", app.as_str())]
pub(crate) struct Held {
    app: AppId,
    pub(crate) endpoint: Endpoint,
    pub(crate) refusal: Refusal,
    pub(crate) rest: Duration,
}

impl Holds {
    /// Whether this call may be made now.
    pub(crate) fn check(&self, app: &AppId, endpoint: Endpoint) -> Result<(), Held> {
        let key = (app.clone(), endpoint);
        let mut holds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(hold) = holds.get(&key) else {
            return Ok(());
        };
        let rest = hold.until.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            holds.remove(&key);
            return Ok(());
        }
        Err(Held {
            app: key.0,
            endpoint,
            refusal: hold.refusal.clone(),
            rest,
        })
    }

    /// Remembers a refusal for as long as it obliges us to.
    pub(crate) fn note(&self, app: &AppId, endpoint: Endpoint, refusal: &Refusal) {
        let Some(rest) = rest(endpoint, refusal.errcode) else {
            return;
        };
        let hold = Hold {
            until: Instant::now() + rest,
            refusal: refusal.clone(),
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((app.clone(), endpoint), hold);
    }
}

/// How long a refusal holds back the next call. A login costs nobody's quota but
/// the user's own, so logins are only held back when the day's quota is gone.
fn rest(endpoint: Endpoint, errcode: i64) -> Option<Duration> {
    let apps_own = endpoint == Endpoint::StableToken || endpoint.carries_our_token();
    match duty(endpoint, errcode) {
        Duty::QuotaGone => Some(MINUTE),
        Duty::SlowDown if apps_own => Some(MINUTE),
        // An option that the application has no right to fails quietly.
        Duty::Misconfigured(rest)
            if matches!(
                endpoint,
                Endpoint::StableToken | Endpoint::UserRiskRank | Endpoint::CheckSession
            ) =>
        {
            Some(rest)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(errcode: i64) -> Refusal {
        Refusal {
            errcode,
            rid: None,
            address: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_secret_is_remembered_for_that_application_only() {
        let (a, b) = (AppId::parse("wxa").unwrap(), AppId::parse("wxb").unwrap());
        let holds = Holds::default();
        holds.note(&a, Endpoint::StableToken, &refusal(40125));
        let held = holds.check(&a, Endpoint::StableToken).unwrap_err();
        assert!((30..=60).contains(&held.rest.as_secs()));
        assert!(holds.check(&b, Endpoint::StableToken).is_ok());
        assert!(holds.check(&a, Endpoint::Code2Session).is_ok());
        tokio::time::advance(held.rest).await;
        assert!(holds.check(&a, Endpoint::StableToken).is_ok());
    }

    #[test]
    fn a_users_limit_at_login_holds_nobody_back() {
        assert_eq!(rest(Endpoint::Code2Session, 45011), None);
        assert_eq!(rest(Endpoint::PhoneNumber, 45011), Some(MINUTE));
        assert_eq!(rest(Endpoint::Code2Session, 45009), Some(MINUTE));
        assert_eq!(rest(Endpoint::Code2Session, 40029), None);
        assert!(rest(Endpoint::UserRiskRank, 48001).is_some());
        assert_eq!(rest(Endpoint::UserRiskRank, 61010), None);
        assert_eq!(rest(Endpoint::PhoneNumber, 48001), None);
    }
}
