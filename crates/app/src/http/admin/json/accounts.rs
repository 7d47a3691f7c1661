//! Accounts, in a line and whole.

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::client::Label;
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::session::Session;
use menshen_domain::services::administration::WholeAccount;
use serde::Serialize;
use utoipa::ToSchema;

use super::records::AuditEventJson;
use super::shown_address;
use crate::http::account_json::time;

/// An account in a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountLineJson {
    /// The account's id.
    id: String,
    /// `active`, `disabled`, `cancelling`, `merged` or `erased`.
    #[schema(example = "active")]
    status: &'static str,
    /// The account that it was merged into.
    merged_into: Option<String>,
    /// When it will be erased, RFC 3339.
    purge_at: Option<String>,
    /// The phone number with its middle hidden.
    #[schema(example = "138****8000")]
    phone_masked: Option<String>,
    /// The name that is shown.
    nickname: String,
    /// How many WeChat identities it holds.
    identity_count: usize,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    last_login_at: String,
}

impl From<&Account> for AccountLineJson {
    fn from(account: &Account) -> Self {
        let (status, merged_into, purge_at) = match account.status {
            AccountStatus::Active => ("active", None, None),
            AccountStatus::Disabled { purge_at } => ("disabled", None, purge_at.map(time)),
            AccountStatus::Erased => ("erased", None, None),
            AccountStatus::Merged { into } => ("merged", Some(into.to_string()), None),
            AccountStatus::Cancelling { purge_at } => ("cancelling", None, Some(time(purge_at))),
        };
        Self {
            id: account.id.to_string(),
            status,
            merged_into,
            purge_at,
            phone_masked: account.phone.as_ref().map(PhoneNumber::masked),
            nickname: account.profile.nickname.as_str().to_owned(),
            identity_count: account.identities.len(),
            created_at: time(account.created_at),
            last_login_at: time(account.last_login_at),
        }
    }
}

/// The accounts that were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundJson {
    /// One, or none.
    pub users: Vec<AccountLineJson>,
}

/// An account whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeAccountJson {
    /// In a line.
    #[serde(flatten)]
    line: AccountLineJson,
    /// The number in E.164 form; for keys with scope `write` only.
    #[schema(example = "+8613800138000")]
    phone: Option<String>,
    /// How the number was proven last: `sms`, `wechat` or, on an operator's word only, `imported`.
    phone_proof: Option<&'static str>,
    /// The picture that is shown.
    avatar_url: Option<String>,
    /// `YYYY-MM-DD`; for keys with scope `write` only.
    birthday: Option<String>,
    /// A few words; for keys with scope `write` only.
    bio: Option<String>,
    /// The linked WeChat identities, oldest first.
    identities: Vec<LinkedJson>,
    /// The person's unionids.
    union_ids: Vec<UnionIdJson>,
    /// What the owner agreed to.
    consent: Option<AgreedJson>,
    /// Grows with every change.
    version: i64,
    /// RFC 3339.
    updated_at: String,
    /// The live sessions, newest first, at most 100.
    sessions: Vec<DeviceJson>,
    /// The newest rows of the audit log about the account, at most 20.
    history: Vec<AuditEventJson>,
}

/// A linked identity.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkedJson {
    /// The link's id.
    id: String,
    /// `wechat_mini_program`, `wechat_app` or `wechat_website`.
    provider: &'static str,
    /// The application.
    app_id: String,
    /// The openid; for keys with scope `read` its first six characters.
    openid: String,
    /// RFC 3339.
    linked_at: String,
}

/// A unionid.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnionIdJson {
    /// The Open Platform account, as the settings call it.
    platform: String,
    /// The unionid; for keys with scope `read` its first six characters.
    union_id: String,
}

/// What somebody agreed to.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgreedJson {
    /// The version of the terms.
    version: String,
    /// RFC 3339.
    at: String,
}

/// A live session.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceJson {
    /// The session's id.
    id: String,
    /// `mini_program`, `app` or `web`.
    client_type: &'static str,
    /// The device's own name for itself; for keys with scope `write` only.
    device_id: Option<String>,
    /// What people call the device.
    device_name: Option<String>,
    /// The client's version.
    version: Option<String>,
    /// The WeChat application that it was opened through.
    app_id: Option<String>,
    /// The address that opened it; for keys with scope `read` its host part is hidden.
    address: String,
    /// The user agent that opened it.
    user_agent: Option<String>,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    last_seen_at: String,
    /// RFC 3339.
    expires_at: String,
}

impl DeviceJson {
    fn new(session: &Session, whole: bool) -> Self {
        fn words<const MAX: usize>(label: Option<&Label<MAX>>) -> Option<String> {
            label.map(|label| label.as_str().to_owned())
        }
        let client = &session.client;
        Self {
            id: session.id.to_string(),
            client_type: client.kind.as_str(),
            device_id: words(client.device_id.as_ref()).filter(|_| whole),
            device_name: words(client.device_name.as_ref()),
            version: words(client.version.as_ref()),
            app_id: session.app_id.as_ref().map(|app| app.as_str().to_owned()),
            address: shown_address(session.address, whole),
            user_agent: words(session.user_agent.as_ref()),
            created_at: time(session.created_at),
            last_seen_at: time(session.last_seen_at),
            expires_at: time(session.expires_at),
        }
    }
}

impl WholeAccountJson {
    /// What an operator sees of an account: all of it, or personal data masked.
    #[must_use]
    pub fn new(seen: &WholeAccount, whole: bool) -> Self {
        let account = &seen.account;
        let profile = &account.profile;
        let identities = account.identities.iter().map(|identity| LinkedJson {
            id: identity.id.to_string(),
            provider: identity.provider.as_str(),
            app_id: identity.app_id.as_str().to_owned(),
            openid: if whole {
                identity.openid.as_str().to_owned()
            } else {
                identity.openid.masked()
            },
            linked_at: time(identity.linked_at),
        });
        let union_ids = account
            .union_ids
            .iter()
            .map(|(platform, union_id)| UnionIdJson {
                platform: platform.as_str().to_owned(),
                union_id: if whole {
                    union_id.as_str().to_owned()
                } else {
                    union_id.masked()
                },
            });
        let personal = |text: Option<String>| text.filter(|_| whole);
        Self {
            line: account.into(),
            phone: personal(account.phone.as_ref().map(|one| one.as_e164().to_owned())),
            phone_proof: account.phone_proof.map(PhoneProof::as_str),
            avatar_url: profile
                .avatar_url
                .as_ref()
                .map(|url| url.as_str().to_owned()),
            birthday: personal(profile.birthday.map(|day| day.as_date().to_string())),
            bio: personal(profile.bio.as_ref().map(|bio| bio.as_str().to_owned())),
            identities: identities.collect(),
            union_ids: union_ids.collect(),
            consent: seen.consent.as_ref().map(|consent| AgreedJson {
                version: consent.version.clone(),
                at: time(consent.at),
            }),
            version: account.version,
            updated_at: time(account.updated_at),
            sessions: seen
                .sessions
                .iter()
                .map(|session| DeviceJson::new(session, whole))
                .collect(),
            history: seen
                .history
                .iter()
                .map(|row| AuditEventJson::new(row, whole))
                .collect(),
        }
    }
}
