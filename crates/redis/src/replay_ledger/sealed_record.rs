//! A record as it stands in Redis: JSON, sealed.

use menshen_domain::model::evidence::{EvidencePart, ProvenPhone, WeChatIdentity};
use menshen_domain::model::identifiers::SessionId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::wechat::{AppId, OpenId, Platform, Provider, SessionKey, UnionId};
use menshen_domain::ports::replay_ledger::{Binding, ProofKey, ProofRecord};
use menshen_domain::ports::sealer::{SealUse, Sealer};
use menshen_domain::ports::wechat_gateway::WeChatPhone;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fault::RedisFault;

/// A record as JSON. What a newer version wrote differently is refused, and the
/// proof is of no use for its short life.
#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
enum Written {
    Vouched {
        binding: [u8; 32],
        provider: String,
        app: String,
        openid: String,
        platform: Option<String>,
        unionid: Option<String>,
        session_key: Option<String>,
        phone: Option<String>,
    },
    SignedIn {
        binding: [u8; 32],
        session: Uuid,
        is_new_user: bool,
        not_attached: Vec<Part>,
    },
    Spent,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Phone,
    Wechat,
}

/// Seals a record for its proof.
pub(super) fn seal(
    keys: &dyn Sealer,
    key: ProofKey,
    record: &ProofRecord,
) -> Result<Vec<u8>, RedisFault> {
    let written = match record {
        ProofRecord::Vouched {
            binding,
            identity,
            phone,
        } => Written::Vouched {
            binding: binding.0,
            provider: identity.provider.as_str().to_owned(),
            app: identity.app_id.as_str().to_owned(),
            openid: identity.openid.as_str().to_owned(),
            platform: (identity.union_id.as_ref())
                .map(|(platform, _)| platform.as_str().to_owned()),
            unionid: (identity.union_id.as_ref()).map(|(_, id)| id.as_str().to_owned()),
            session_key: (identity.session_key.as_ref()).map(|key| key.expose().to_owned()),
            phone: (phone.as_ref()).map(|phone| phone.number().as_e164().to_owned()),
        },
        ProofRecord::SignedIn {
            binding,
            session,
            is_new_user,
            not_attached,
        } => Written::SignedIn {
            binding: binding.0,
            session: session.as_uuid(),
            is_new_user: *is_new_user,
            not_attached: not_attached.iter().copied().map(Part::of).collect(),
        },
        ProofRecord::Spent => Written::Spent,
    };
    let clear = serde_json::to_vec(&written).map_err(|_| RedisFault::Nonsense("no JSON"))?;
    keys.seal(SealUse::EphemeralValue, &key.0, &clear)
        .map_err(|_| RedisFault::Nonsense("a record cannot be sealed"))
}

/// Opens what was sealed for a proof.
pub(super) fn open(
    keys: &dyn Sealer,
    key: ProofKey,
    sealed: &[u8],
) -> Result<ProofRecord, RedisFault> {
    let clear = keys
        .open(SealUse::EphemeralValue, &key.0, sealed)
        .map_err(|_| RedisFault::Nonsense("a record does not open"))?;
    let written = serde_json::from_slice(&clear).ok().and_then(read);
    written.ok_or(RedisFault::Nonsense("a record cannot be read"))
}

fn read(written: Written) -> Option<ProofRecord> {
    Some(match written {
        Written::Vouched {
            binding,
            provider,
            app,
            openid,
            platform,
            unionid,
            session_key,
            phone,
        } => ProofRecord::Vouched {
            binding: Binding(binding),
            identity: WeChatIdentity {
                provider: Provider::parse(&provider)?,
                app_id: AppId::parse(&app).ok()?,
                openid: OpenId::parse(&openid).ok()?,
                union_id: match (platform, unionid) {
                    (None, None) => None,
                    (platform, id) => Some((
                        Platform::parse(&platform?).ok()?,
                        UnionId::parse(&id?).ok()?,
                    )),
                },
                session_key: match session_key {
                    None => None,
                    Some(key) => Some(SessionKey::parse(&key).ok()?),
                },
            },
            phone: match phone {
                None => None,
                // Only numbers that the button's code gave are recorded.
                Some(number) => Some(ProvenPhone::by_wechat(&WeChatPhone {
                    number: PhoneNumber::parse(&number).ok()?,
                })),
            },
        },
        Written::SignedIn {
            binding,
            session,
            is_new_user,
            not_attached,
        } => ProofRecord::SignedIn {
            binding: Binding(binding),
            session: SessionId::from_uuid(session),
            is_new_user,
            not_attached: not_attached.into_iter().map(Part::into).collect(),
        },
        Written::Spent => ProofRecord::Spent,
    })
}

impl Part {
    fn of(part: EvidencePart) -> Self {
        match part {
            EvidencePart::Phone => Self::Phone,
            EvidencePart::WeChat => Self::Wechat,
        }
    }
}

impl From<Part> for EvidencePart {
    fn from(part: Part) -> Self {
        match part {
            Part::Phone => Self::Phone,
            Part::Wechat => Self::WeChat,
        }
    }
}
