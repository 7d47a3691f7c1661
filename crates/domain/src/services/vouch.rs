//! Exchanging WeChat's codes once, however often they arrive.
//!
//! Phones, gateways and load balancers repeat a login whose answer was late.
//! The first exchange wins; whoever repeats it on the same route, from the same
//! client, within a minute, completes the same login.

use std::sync::Arc;
use std::time::Duration;

use crate::model::client::ClientType;
use crate::model::evidence::{EvidencePart, ProvenPhone, WeChatIdentity};
use crate::model::identifiers::{SessionId, UserId};
use crate::model::wechat::{LoginCode, PhoneCode, WeChatApp};
use crate::model::wechat_login::LoginProof;
use crate::ports::mac::{Mac, MacUse};
use crate::ports::replay_ledger::{Binding, Claim, ProofKey, ProofRecord, ReplayLedger};
use crate::ports::wechat_gateway::{WeChatGateway, WeChatGatewayError};
use crate::services::login::LoginError;

/// A repeat completes the same login for this long.
const FRESH: Duration = Duration::from_mins(1);
/// WeChat itself forgets a code after this long.
const KEPT: Duration = Duration::from_mins(5);
/// Longer than any login takes.
const LEASE: Duration = Duration::from_secs(15);
/// How long a repeat waits for the first.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where a code arrived, and from whom.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The route: a code is good on one.
    pub route: &'static str,
    /// The client's type.
    pub client_type: ClientType,
    /// The device's own name for itself.
    pub device_id: Option<&'a str>,
    /// Who is signed in already.
    pub user: Option<UserId>,
}

/// Exchanges WeChat's codes.
pub struct Vouch {
    /// Exchanges codes.
    pub gateway: Arc<dyn WeChatGateway>,
    /// Remembers what became of them.
    pub ledger: Arc<dyn ReplayLedger>,
    /// Names them in the ledger.
    pub mac: Arc<dyn Mac>,
}

/// What a code led to.
#[derive(Debug)]
pub enum Vouched {
    /// WeChat vouches for this identity; the claim is the caller's to end.
    Now(Box<OpenProof>),
    /// The login was completed before, with this session.
    Before {
        /// The session.
        session: SessionId,
        /// Whether that login made the account.
        is_new_user: bool,
        /// What that login left.
        not_attached: Vec<EvidencePart>,
    },
}

/// A proof whose claim is held: it must be ended with [`Vouch::complete`],
/// [`Vouch::spend`] or [`Vouch::keep`].
#[derive(Debug, Clone)]
pub struct OpenProof {
    /// `None` where the ledger did not answer.
    key: Option<ProofKey>,
    binding: Binding,
    /// Whom WeChat vouches for.
    pub identity: WeChatIdentity,
    /// The number, where a phone code was exchanged too.
    pub phone: Option<ProvenPhone>,
}

impl Vouch {
    /// Exchanges a login code and, if one is given, a phone code of the same
    /// person; each at most once.
    ///
    /// With the ledger away, logins go on: WeChat itself takes a code only once.
    ///
    /// # Errors
    ///
    /// The `WeChat…` errors of [`LoginError`]. A code whose exchange has an
    /// unknown outcome is not exchanged again.
    pub async fn execute(
        &self,
        app: &WeChatApp,
        code: &LoginCode,
        phone_code: Option<&PhoneCode>,
        caller: Caller<'_>,
    ) -> Result<Vouched, LoginError> {
        let key = self.key(app, code);
        let binding = self.binding(phone_code, caller);
        let (key, vouched) = match self.ledger.claim(key, LEASE, PATIENCE).await {
            Ok(Claim::Granted { vouched }) => (Some(key), vouched),
            Ok(Claim::Recorded(record)) => return answered(record, binding),
            Ok(Claim::InProgress) => {
                return Err(LoginError::WeChatUnavailable(
                    "the same login is still in progress".into(),
                ));
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "exchanging without the ledger"
                );
                (None, None)
            }
        };
        let mut proof = match vouched {
            Some(ProofRecord::Vouched {
                binding: held,
                identity,
                phone,
            }) if held == binding => OpenProof {
                key,
                binding,
                identity,
                phone,
            },
            Some(other) => {
                self.end(key, Some(other)).await;
                return Err(LoginError::WeChatCodeInvalid);
            }
            None => OpenProof {
                key,
                binding,
                identity: self.identify(app, code, key).await?,
                phone: None,
            },
        };
        if let Some(phone_code) = phone_code.filter(|_| proof.phone.is_none()) {
            match self
                .gateway
                .phone_number(app, phone_code, &proof.identity.openid)
                .await
            {
                Ok(answer) => proof.phone = Some(ProvenPhone::by_wechat(&answer)),
                Err(error) => {
                    if may_try_again(&error) {
                        self.keep(proof).await;
                    } else {
                        self.end(key, Some(ProofRecord::Spent)).await;
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(Vouched::Now(Box::new(proof)))
    }

    /// The login was completed with this session.
    pub async fn complete(
        &self,
        proof: OpenProof,
        session: SessionId,
        is_new_user: bool,
        not_attached: &[EvidencePart],
    ) {
        let record = ProofRecord::SignedIn {
            binding: proof.binding,
            session,
            is_new_user,
            not_attached: not_attached.to_vec(),
        };
        self.end(proof.key, Some(record)).await;
    }

    /// The login was completed by another proof that cannot be repeated.
    pub async fn spend(&self, proof: OpenProof) {
        self.end(proof.key, Some(ProofRecord::Spent)).await;
    }

    /// The login was not completed; the same codes may complete it within the
    /// minute.
    pub async fn keep(&self, proof: OpenProof) {
        let record = ProofRecord::Vouched {
            binding: proof.binding,
            identity: proof.identity,
            phone: proof.phone,
        };
        self.end(proof.key, Some(record)).await;
    }

    async fn identify(
        &self,
        app: &WeChatApp,
        code: &LoginCode,
        key: Option<ProofKey>,
    ) -> Result<WeChatIdentity, LoginError> {
        match self.gateway.identify(app, LoginProof::Code(code)).await {
            Ok(answer) => Ok(WeChatIdentity::vouched(app, answer)),
            Err(error) => {
                self.end(key, (!may_try_again(&error)).then_some(ProofRecord::Spent))
                    .await;
                Err(error.into())
            }
        }
    }

    /// Ends the claim: with a record, or as if nothing had happened.
    async fn end(&self, key: Option<ProofKey>, record: Option<ProofRecord>) {
        let Some(key) = key else { return };
        let ended = match record {
            Some(record) => self.ledger.record(key, record, FRESH, KEPT).await,
            None => self.ledger.release(key).await,
        };
        if let Err(error) = ended {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the ledger could not be told"
            );
        }
    }

    fn key(&self, app: &WeChatApp, code: &LoginCode) -> ProofKey {
        ProofKey(self.mac.tag(
            MacUse::ReplayLedger,
            &parts(&["wechat", app.id.as_str(), code.expose()]),
        ))
    }

    fn binding(&self, phone_code: Option<&PhoneCode>, caller: Caller<'_>) -> Binding {
        let user = caller.user.map(|user| user.to_string()).unwrap_or_default();
        let phone_code = phone_code.map(PhoneCode::expose).unwrap_or_default();
        let message = parts(&[
            "binding",
            caller.route,
            caller.client_type.as_str(),
            caller.device_id.unwrap_or_default(),
            &user,
            phone_code,
        ]);
        Binding(self.mac.tag(MacUse::ReplayLedger, &message))
    }
}

/// Joins texts so that no two lists are spelt alike: each with its length.
pub(super) fn parts(texts: &[&str]) -> Vec<u8> {
    let mut message = Vec::with_capacity(texts.iter().map(|text| text.len() + 8).sum());
    for text in texts {
        message.extend_from_slice(&(text.len() as u64).to_be_bytes());
        message.extend_from_slice(text.as_bytes());
    }
    message
}

fn answered(record: ProofRecord, binding: Binding) -> Result<Vouched, LoginError> {
    match record {
        ProofRecord::SignedIn {
            binding: held,
            session,
            is_new_user,
            not_attached,
        } if held == binding => Ok(Vouched::Before {
            session,
            is_new_user,
            not_attached,
        }),
        ProofRecord::SignedIn { .. } | ProofRecord::Vouched { .. } | ProofRecord::Spent => {
            Err(LoginError::WeChatCodeInvalid)
        }
    }
}

/// True if the code was certainly not spent by the exchange that failed.
fn may_try_again(error: &WeChatGatewayError) -> bool {
    match error {
        WeChatGatewayError::Busy { .. } | WeChatGatewayError::Misconfigured(_) => true,
        WeChatGatewayError::Unavailable { code_unspent, .. } => *code_unspent,
        WeChatGatewayError::CodeRefused | WeChatGatewayError::RiskBlocked => false,
    }
}

impl From<WeChatGatewayError> for LoginError {
    fn from(error: WeChatGatewayError) -> Self {
        match error {
            WeChatGatewayError::CodeRefused => Self::WeChatCodeInvalid,
            WeChatGatewayError::RiskBlocked => Self::WeChatRiskBlocked,
            WeChatGatewayError::Busy { retry_after } => Self::WeChatBusy { retry_after },
            WeChatGatewayError::Misconfigured(source) => Self::WeChatMisconfigured(source),
            WeChatGatewayError::Unavailable { source, .. } => Self::WeChatUnavailable(source),
        }
    }
}
