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
use crate::model::wechat_login::{LoginProof, ProfileTicket};
use crate::ports::mac::{Mac, MacUse};
use crate::ports::replay_ledger::{Binding, Claim, ProofKey, ProofRecord, ReplayLedger};
use crate::ports::wechat_gateway::{WeChatGateway, WeChatGatewayError};
use crate::services::ask_phone_number::AskPhoneNumber;
use crate::services::login::{LoginError, WeChatProof};

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
    /// Exchanges login codes.
    pub gateway: Arc<dyn WeChatGateway>,
    /// Exchanges phone codes, within the budget.
    pub phones: Arc<AskPhoneNumber>,
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
    /// The login was completed before.
    Before(Before),
}

/// How a login was completed.
#[derive(Debug, Clone)]
pub struct Before {
    /// The session.
    pub session: SessionId,
    /// Whether that login made the account.
    pub is_new_user: bool,
    /// What that login left.
    pub not_attached: Vec<EvidencePart>,
}

/// What the ledger says to a code.
enum Claimed {
    /// It is to be exchanged, or was already; the claim is held if there is a key.
    Open(Option<ProofKey>, Option<ProofRecord>),
    /// It is done with.
    Done(ProofRecord),
}

/// A proof whose claim is held: it must be ended with [`Vouch::complete`],
/// [`Vouch::spend`], [`Vouch::keep`] or
/// [`Vouch::keep_for_confirmation`].
#[derive(Debug, Clone)]
pub struct OpenProof {
    /// `None` where the ledger did not answer.
    key: Option<ProofKey>,
    binding: Binding,
    confirmation: Binding,
    /// Whom WeChat vouches for.
    pub identity: WeChatIdentity,
    /// The number, where a phone code was exchanged too.
    pub phone: Option<ProvenPhone>,
    /// Leave to read the person's profile, fresh from the exchange; it is recorded
    /// nowhere, so whoever completes the login later goes without.
    pub ticket: Option<ProfileTicket>,
}

impl Vouch {
    /// Exchanges a login code, at most once, or takes what cloud hosting vouches
    /// for, which is no credential that could be replayed and is not remembered.
    /// `phone_code` names what else the same request shows.
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
        shown: &WeChatProof,
        phone_code: Option<&PhoneCode>,
        caller: Caller<'_>,
    ) -> Result<Vouched, LoginError> {
        let binding = self.binding(phone_code, caller);
        let confirmation = self.confirmation(caller);
        let claim = match shown {
            WeChatProof::Code(code) => self.claim(self.key(app, code)).await?,
            WeChatProof::Hosted(_) => Claimed::Open(None, None),
        };
        let (key, vouched) = match claim {
            Claimed::Open(key, vouched) => (key, vouched),
            Claimed::Done(record) => return answered(record, binding),
        };
        match vouched {
            Some(ProofRecord::Vouched {
                binding: held,
                identity,
                phone,
            }) if held == binding || held == confirmation => {
                Ok(Vouched::Now(Box::new(OpenProof {
                    key,
                    binding,
                    confirmation,
                    identity,
                    phone,
                    ticket: None,
                })))
            }
            Some(other) => {
                self.end(key, Some(other)).await;
                Err(LoginError::WeChatCodeInvalid)
            }
            None => {
                let (identity, ticket) = self.identify(app, shown.as_login_proof(), key).await?;
                Ok(Vouched::Now(Box::new(OpenProof {
                    key,
                    binding,
                    confirmation,
                    identity,
                    phone: None,
                    ticket,
                })))
            }
        }
    }

    /// Exchanges a phone code of the same person, unless that was done before.
    /// Where it fails, the claim has ended.
    ///
    /// # Errors
    ///
    /// The `WeChat…` errors of [`LoginError`], and [`LoginError::RateLimited`].
    pub async fn with_phone(
        &self,
        app: &WeChatApp,
        mut proof: OpenProof,
        phone_code: &PhoneCode,
    ) -> Result<OpenProof, LoginError> {
        if proof.phone.is_some() {
            return Ok(proof);
        }
        let asked = self
            .phones
            .execute(app, phone_code, &proof.identity.openid)
            .await;
        match asked {
            Ok(phone) => {
                proof.phone = Some(phone);
                Ok(proof)
            }
            Err(error) => {
                if error.code_unspent() {
                    self.keep(proof).await;
                } else {
                    self.spend(proof).await;
                }
                Err(error.into())
            }
        }
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
        let binding = proof.binding;
        self.keep_as(proof, binding).await;
    }

    /// The login was not completed; together with an SMS code, which another route
    /// takes, the same WeChat code may complete it within the minute.
    pub async fn keep_for_confirmation(&self, proof: OpenProof) {
        let binding = proof.confirmation;
        self.keep_as(proof, binding).await;
    }

    async fn keep_as(&self, proof: OpenProof, binding: Binding) {
        let record = ProofRecord::Vouched {
            binding,
            identity: proof.identity,
            phone: proof.phone,
        };
        self.end(proof.key, Some(record)).await;
    }

    async fn identify(
        &self,
        app: &WeChatApp,
        proof: LoginProof<'_>,
        key: Option<ProofKey>,
    ) -> Result<(WeChatIdentity, Option<ProfileTicket>), LoginError> {
        match self.gateway.identify(app, proof).await {
            Ok(mut answer) => {
                let ticket = answer.profile_ticket.take();
                Ok((WeChatIdentity::vouched(app, answer), ticket))
            }
            Err(error) => {
                self.end(key, (!error.code_unspent()).then_some(ProofRecord::Spent))
                    .await;
                Err(error.into())
            }
        }
    }

    /// Claims a code in the ledger, if that answers.
    async fn claim(&self, key: ProofKey) -> Result<Claimed, LoginError> {
        match self.ledger.claim(key, LEASE, PATIENCE).await {
            Ok(Claim::Granted { vouched }) => Ok(Claimed::Open(Some(key), vouched)),
            Ok(Claim::Recorded(record)) => Ok(Claimed::Done(record)),
            Ok(Claim::InProgress) => Err(LoginError::WeChatUnavailable {
                retry_after: None,
                source: "the same login is still in progress".into(),
            }),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "exchanging without the ledger"
                );
                Ok(Claimed::Open(None, None))
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

    /// Who may complete a login that an SMS code is asked for: the same client,
    /// on whichever login route.
    fn confirmation(&self, caller: Caller<'_>) -> Binding {
        let user = caller.user.map(|user| user.to_string()).unwrap_or_default();
        let message = parts(&[
            "confirmation",
            caller.client_type.as_str(),
            caller.device_id.unwrap_or_default(),
            &user,
        ]);
        Binding(self.mac.tag(MacUse::ReplayLedger, &message))
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
        } if held == binding => Ok(Vouched::Before(Before {
            session,
            is_new_user,
            not_attached,
        })),
        ProofRecord::SignedIn { .. } | ProofRecord::Vouched { .. } | ProofRecord::Spent => {
            Err(LoginError::WeChatCodeInvalid)
        }
    }
}

impl From<WeChatGatewayError> for LoginError {
    fn from(error: WeChatGatewayError) -> Self {
        match error {
            WeChatGatewayError::CodeRefused => Self::WeChatCodeInvalid,
            WeChatGatewayError::RiskBlocked => Self::WeChatRiskBlocked,
            WeChatGatewayError::Busy { retry_after } => Self::WeChatBusy { retry_after },
            WeChatGatewayError::Misconfigured(source) => Self::WeChatMisconfigured(source),
            WeChatGatewayError::Unavailable {
                retry_after,
                source,
                ..
            } => Self::WeChatUnavailable {
                retry_after,
                source,
            },
        }
    }
}
