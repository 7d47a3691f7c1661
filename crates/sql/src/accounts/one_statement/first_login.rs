//! The statement of a first login.

use chrono::{DateTime, Utc};
use menshen_domain::model::changes::Changes;
use menshen_domain::model::profile::{AvatarUrl, Bio};

use super::rows;
use super::shape::First;
use crate::accounts::account_row::{PLATFORM_PROVIDER, status_columns};
use crate::failure::Failure;
use crate::lane::Filled;
use crate::moment::micros;
use crate::store::SqlStore;

const SQL: &str = include_str!("first_login.sql");

pub(super) fn statement(
    store: &SqlStore,
    changes: &Changes,
    first: &First<'_>,
    at: DateTime<Utc>,
) -> Result<Filled, Failure> {
    let account = first.account;
    let (status, ..) = status_columns(account.status);
    let phone = first
        .phone
        .map(|(number, proof)| {
            let (sealed, index) = store.sealed_phone(account.id, number)?;
            Ok::<_, Failure>((sealed, index, proof.as_str()))
        })
        .transpose()?;
    let (sealed, index, proof) = match phone {
        Some((sealed, index, proof)) => (Some(sealed), Some(index), Some(proof)),
        None => (None, None, None),
    };
    let profile = &account.profile;
    let filled = rows::fill(sqlx::query(SQL), &store.keys, changes, first.opened, at)
        .bind(status)
        .bind(sealed)
        .bind(index)
        .bind(proof)
        .bind(profile.nickname.as_str())
        .bind(profile.avatar_url.as_ref().map(AvatarUrl::as_str))
        .bind(profile.birthday.map(|birthday| birthday.as_date()))
        .bind(profile.bio.as_ref().map(Bio::as_str))
        .bind(first.consent_version)
        .bind(first.consent_version.map(|_| at))
        .bind(account.version)
        .bind(micros(account.created_at))
        .bind(micros(account.updated_at))
        .bind(micros(account.last_login_at));
    identities(store, filled, first, at)
}

/// `$47` to `$52`: openids with their keys, then unionids.
fn identities(
    store: &SqlStore,
    filled: Filled,
    first: &First<'_>,
    at: DateTime<Utc>,
) -> Result<Filled, Failure> {
    let (mut ids, mut providers, mut places) = (Vec::new(), Vec::new(), Vec::new());
    let (mut subjects, mut keys, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for (identity, key) in &first.identities {
        let (provider, app_id, openid) = (identity.provider, &identity.app_id, &identity.openid);
        let key = key.map(|key| store.sealed_session_key(provider, app_id, openid, key));
        ids.push(identity.id.as_uuid());
        providers.push(provider.as_str());
        places.push(app_id.as_str());
        subjects.push(openid.as_str());
        keys.push(key.transpose()?);
        times.push(micros(identity.linked_at));
    }
    for (id, platform, union_id) in &first.union_ids {
        ids.push(id.as_uuid());
        providers.push(PLATFORM_PROVIDER);
        places.push(platform.as_str());
        subjects.push(union_id.as_str());
        keys.push(None);
        times.push(at);
    }
    let filled = filled.bind(ids).bind(providers).bind(places);
    Ok(filled.bind(subjects).bind(keys).bind(times))
}
