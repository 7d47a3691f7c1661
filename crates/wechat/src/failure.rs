//! Why a call brought no reply, and what the port says about it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use menshen_domain::ports::wechat_gateway::WeChatGatewayError;
use menshen_outbound::CircuitOpen;

use crate::errcodes::{Duty, Endpoint, MINUTE, duty};
use crate::holds::Held;
use crate::reply::{BadReply, Refusal};

/// A cause that several waiting callers can be told of.
pub(crate) type Cause = Arc<dyn Error + Send + Sync>;

/// Why a call brought no reply.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CallFailure {
    /// It was not made, since it was refused a moment ago.
    #[error(transparent)]
    Held(#[from] Held),
    /// WeChat said "no".
    #[error("{endpoint:?} was refused")]
    Refused {
        endpoint: Endpoint,
        #[source]
        refusal: Refusal,
    },
    /// Certainly nothing of it arrived.
    #[error("{endpoint:?} was not reached")]
    NotMade {
        endpoint: Endpoint,
        #[source]
        cause: Cause,
        /// How long the next call will not be made either, where that is known.
        wait: Option<Duration>,
    },
    /// It may have arrived, and no answer makes sense.
    #[error("{endpoint:?} gave no usable answer")]
    Unclear {
        endpoint: Endpoint,
        #[source]
        cause: Cause,
    },
}

impl CallFailure {
    pub(crate) fn not_made(endpoint: Endpoint, cause: impl Error + Send + Sync + 'static) -> Self {
        let cause = Arc::new(cause);
        Self::NotMade {
            endpoint,
            cause,
            wait: None,
        }
    }

    /// The circuit is open.
    pub(crate) fn circuit_open(endpoint: Endpoint, open: CircuitOpen) -> Self {
        Self::NotMade {
            endpoint,
            wait: Some(open.rest),
            cause: Arc::new(open),
        }
    }

    pub(crate) fn unclear(endpoint: Endpoint, cause: impl Error + Send + Sync + 'static) -> Self {
        let cause = Arc::new(cause);
        Self::Unclear { endpoint, cause }
    }

    /// An answer whose errcode said success and whose members do not.
    pub(crate) fn bad_reply(endpoint: Endpoint) -> impl Fn(BadReply) -> Self {
        move |bad| Self::unclear(endpoint, bad)
    }

    /// What the refusal obliges us to, if there was one.
    pub(crate) fn duty(&self) -> Option<Duty> {
        match self {
            Self::Refused { endpoint, refusal } => Some(duty(*endpoint, refusal.errcode)),
            Self::Held(held) => Some(duty(held.endpoint, held.refusal.errcode)),
            Self::NotMade { .. } | Self::Unclear { .. } => None,
        }
    }
}

impl From<CallFailure> for WeChatGatewayError {
    fn from(failure: CallFailure) -> Self {
        let (endpoint, made, wait) = match &failure {
            CallFailure::Held(held) => (held.endpoint, false, Some(held.rest)),
            CallFailure::Refused { endpoint, .. } | CallFailure::Unclear { endpoint, .. } => {
                (*endpoint, true, None)
            }
            CallFailure::NotMade { endpoint, wait, .. } => (*endpoint, false, *wait),
        };
        let wait = wait.map(at_least_a_second);
        // Our own token's endpoint is sent no code of a user.
        let code_arrived = made && endpoint.spends_a_code();
        let unavailable = |code_unspent, retry_after, source| Self::Unavailable {
            code_unspent,
            retry_after,
            source,
        };
        match failure.duty() {
            Some(Duty::RefuseCode) => Self::CodeRefused,
            Some(Duty::BlockLogin) => Self::RiskBlocked,
            Some(Duty::SlowDown) => Self::Busy {
                retry_after: wait.unwrap_or(MINUTE),
            },
            Some(Duty::Misconfigured(_)) => Self::Misconfigured(Box::new(failure)),
            // A definite answer that does not spend the code.
            Some(Duty::Retry | Duty::RenewToken) => unavailable(true, wait, Box::new(failure)),
            Some(Duty::QuotaGone) => {
                let wait = wait.or(Some(MINUTE));
                unavailable(!code_arrived, wait, Box::new(failure))
            }
            Some(Duty::Unknown) | None => unavailable(!code_arrived, wait, Box::new(failure)),
        }
    }
}

fn at_least_a_second(wait: Duration) -> Duration {
    wait.max(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(endpoint: Endpoint, errcode: i64) -> WeChatGatewayError {
        let refusal = Refusal {
            errcode,
            rid: None,
            address: None,
        };
        CallFailure::Refused { endpoint, refusal }.into()
    }

    fn unspent(error: &WeChatGatewayError) -> Option<bool> {
        match error {
            WeChatGatewayError::Unavailable { code_unspent, .. } => Some(*code_unspent),
            _ => None,
        }
    }

    #[test]
    fn each_duty_becomes_the_error_that_the_port_names() {
        use WeChatGatewayError as E;
        let login = |errcode| refused(Endpoint::Code2Session, errcode);
        assert!(matches!(login(40029), E::CodeRefused));
        assert!(matches!(login(40163), E::CodeRefused));
        assert!(matches!(login(40226), E::RiskBlocked));
        assert!(matches!(
            login(45011),
            E::Busy {
                retry_after: MINUTE
            }
        ));
        assert!(matches!(login(40125), E::Misconfigured(_)));
        assert_eq!(unspent(&login(-1)), Some(true));
        assert_eq!(unspent(&login(45009)), Some(false));
        assert_eq!(unspent(&login(12345)), Some(false));
    }

    fn wait(error: &WeChatGatewayError) -> Option<Duration> {
        match error {
            WeChatGatewayError::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    #[test]
    fn a_wait_is_told_where_it_is_known() {
        let rest = Duration::from_millis(7_300);
        let open = CallFailure::circuit_open(
            Endpoint::Code2Session,
            CircuitOpen {
                rest,
                tripped: false,
            },
        );
        assert_eq!(wait(&open.into()), Some(rest));
        let rest = Duration::from_millis(3);
        let open = CallFailure::circuit_open(
            Endpoint::Code2Session,
            CircuitOpen {
                rest,
                tripped: false,
            },
        );
        assert_eq!(wait(&open.into()), Some(Duration::from_secs(1)));
        assert_eq!(wait(&refused(Endpoint::Code2Session, 45009)), Some(MINUTE));
        assert_eq!(wait(&refused(Endpoint::Code2Session, -1)), None);
        let hung = CallFailure::unclear(Endpoint::Code2Session, BadReply::Empty);
        assert_eq!(wait(&hung.into()), None);
    }

    #[test]
    fn trouble_with_our_own_token_leaves_the_users_code_alone() {
        assert_eq!(unspent(&refused(Endpoint::PhoneNumber, 40001)), Some(true));
        assert_eq!(unspent(&refused(Endpoint::StableToken, 12345)), Some(true));
        let hung = CallFailure::unclear(Endpoint::StableToken, BadReply::Empty);
        assert_eq!(unspent(&hung.into()), Some(true));
        let hung = CallFailure::unclear(Endpoint::PhoneNumber, BadReply::Empty);
        assert_eq!(unspent(&hung.into()), Some(false));
    }
}
