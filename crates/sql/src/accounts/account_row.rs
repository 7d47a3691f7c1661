//! Accounts out of rows.

use chrono::{DateTime, Utc};
use menshen_domain::model::account::{Account, AccountStatus, Identity};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::identifiers::{IdentityId, UserId};
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::profile::{AvatarUrl, Bio, Birthday, Nickname, Profile};
use menshen_domain::model::wechat::{AppId, OpenId, Platform, Provider, UnionId};
use menshen_domain::ports::sealer::SealUse;
use sea_orm::Set;
use uuid::Uuid;

use crate::entity::user::{ActiveModel, Model};
use crate::failure::StorageFault;
use crate::moment::micros;
use crate::store::Keys;

/// The provider whose subjects are unionids and whose applications are platforms.
pub(crate) const PLATFORM_PROVIDER: &str = "wechat_platform";

/// What is shown for an account that nothing personal is left of.
const NOBODY: &str = "-";

/// The columns of an identity that an account is made of.
#[derive(Debug, Clone)]
pub(crate) struct IdentityRow {
    pub(crate) id: Uuid,
    pub(crate) provider: String,
    pub(crate) app_id: String,
    pub(crate) subject: String,
    pub(crate) linked_at: DateTime<Utc>,
}

/// Those columns, of the table that stands in a statement as `i`.
pub(crate) fn identity_columns() -> &'static str {
    "i.id AS i_id, i.provider AS i_provider, i.app_id AS i_app_id, \
     i.subject AS i_subject, i.linked_at AS i_linked_at"
}

/// Puts an account together.
pub(crate) fn assemble(
    keys: &Keys,
    user: &Model,
    mut rows: Vec<IdentityRow>,
) -> Result<Account, StorageFault> {
    rows.sort_by_key(|row| (row.linked_at, row.id));
    let mut identities = Vec::with_capacity(rows.len());
    let mut union_ids = Vec::new();
    for row in rows {
        if row.provider == PLATFORM_PROVIDER {
            union_ids.push(union_id(&row)?);
        } else {
            identities.push(identity(&row)?);
        }
    }
    Ok(Account {
        id: UserId::from_uuid(user.id),
        version: user.version,
        status: status(user)?,
        phone: phone(keys, user)?,
        phone_proof: phone_proof(user)?,
        identities,
        union_ids,
        created_at: user.created_at,
        updated_at: user.updated_at,
        last_login_at: user.last_login_at,
        profile: profile(user)?,
    })
}

fn identity(row: &IdentityRow) -> Result<Identity, StorageFault> {
    Ok(Identity {
        id: IdentityId::from_uuid(row.id),
        provider: Provider::parse(&row.provider)
            .ok_or_else(|| StorageFault::unreadable("provider"))?,
        app_id: AppId::parse(&row.app_id).map_err(|_| StorageFault::unreadable("app id"))?,
        openid: OpenId::parse(&row.subject).map_err(|_| StorageFault::unreadable("openid"))?,
        linked_at: row.linked_at,
    })
}

fn phone_proof(user: &Model) -> Result<Option<PhoneProof>, StorageFault> {
    let word = user.phone_proof.as_deref();
    word.map(|word| {
        PhoneProof::parse(word).ok_or_else(|| StorageFault::unreadable("proof of a phone number"))
    })
    .transpose()
}

fn union_id(row: &IdentityRow) -> Result<(Platform, UnionId), StorageFault> {
    let platform =
        Platform::parse(&row.app_id).map_err(|_| StorageFault::unreadable("platform"))?;
    let union_id = UnionId::parse(&row.subject).map_err(|_| StorageFault::unreadable("unionid"))?;
    Ok((platform, union_id))
}

/// The words of the column; `users::create` and `merge` write them.
fn status(user: &Model) -> Result<AccountStatus, StorageFault> {
    match (user.status.as_str(), user.purge_at, user.merged_into) {
        ("active", ..) => Ok(AccountStatus::Active),
        ("disabled", purge_at, _) => Ok(AccountStatus::Disabled { purge_at }),
        ("erased", ..) => Ok(AccountStatus::Erased),
        ("cancelling", Some(purge_at), _) => Ok(AccountStatus::Cancelling { purge_at }),
        ("merged", _, Some(into)) => Ok(AccountStatus::Merged {
            into: UserId::from_uuid(into),
        }),
        _ => Err(StorageFault::unreadable("status")),
    }
}

/// What `status` reads: the word, and the columns that go with it.
pub(super) fn status_columns(
    status: AccountStatus,
) -> (&'static str, Option<DateTime<Utc>>, Option<Uuid>) {
    match status {
        AccountStatus::Active => ("active", None, None),
        AccountStatus::Disabled { purge_at } => ("disabled", purge_at, None),
        AccountStatus::Erased => ("erased", None, None),
        AccountStatus::Cancelling { purge_at } => ("cancelling", Some(purge_at), None),
        AccountStatus::Merged { into } => ("merged", None, Some(into.as_uuid())),
    }
}

/// The row of an account that is made: without phone number and consent.
pub(crate) fn new_row(account: &Account) -> ActiveModel {
    let (status, purge_at, merged_into) = status_columns(account.status);
    let profile = &account.profile;
    let avatar_url = profile.avatar_url.as_ref();
    let bio = profile.bio.as_ref();
    ActiveModel {
        id: Set(account.id.as_uuid()),
        status: Set(status.to_owned()),
        merged_into: Set(merged_into),
        purge_at: Set(purge_at.map(micros)),
        phone_sealed: Set(None),
        phone_index: Set(None),
        phone_proof: Set(None),
        nickname: Set(Some(profile.nickname.as_str().to_owned())),
        avatar_url: Set(avatar_url.map(|url| url.as_str().to_owned())),
        birthday: Set(profile.birthday.map(|birthday| birthday.as_date())),
        bio: Set(bio.map(|bio| bio.as_str().to_owned())),
        consent_version: Set(None),
        consented_at: Set(None),
        version: Set(account.version),
        created_at: Set(micros(account.created_at)),
        updated_at: Set(micros(account.updated_at)),
        last_login_at: Set(micros(account.last_login_at)),
    }
}

fn phone(keys: &Keys, user: &Model) -> Result<Option<PhoneNumber>, StorageFault> {
    let Some(sealed) = &user.phone_sealed else {
        return Ok(None);
    };
    let clear = keys
        .sealer
        .open(SealUse::PhoneNumber, user.id.as_bytes(), sealed)
        .map_err(|error| StorageFault::new(error.to_string()))?;
    let number = std::str::from_utf8(&clear)
        .ok()
        .and_then(|text| PhoneNumber::parse(text).ok());
    number
        .map(Some)
        .ok_or_else(|| StorageFault::unreadable("phone number"))
}

fn profile(user: &Model) -> Result<Profile, StorageFault> {
    let nickname = user.nickname.as_deref().unwrap_or(NOBODY);
    let avatar_url = user
        .avatar_url
        .as_deref()
        .map(AvatarUrl::stored)
        .transpose();
    let bio = user.bio.as_deref().map(Bio::parse).transpose();
    Ok(Profile {
        nickname: Nickname::parse(nickname).map_err(|_| StorageFault::unreadable("nickname"))?,
        avatar_url: avatar_url.map_err(|_| StorageFault::unreadable("avatar"))?,
        birthday: user.birthday.map(Birthday::from_date),
        bio: bio.map_err(|_| StorageFault::unreadable("bio"))?,
    })
}
