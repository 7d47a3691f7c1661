//! Steps that concern openids, unionids and session keys.

use chrono::{DateTime, Utc};
use menshen_domain::model::account::Identity;
use menshen_domain::model::identifiers::{IdentityId, UserId};
use menshen_domain::model::wechat::{AppId, OpenId, Platform, Provider, SessionKey, UnionId};
use menshen_domain::ports::account_store::StoredSessionKey;
use menshen_domain::ports::sealer::SealUse;
use sea_orm::{EntityTrait as _, Set};

use crate::accounts::account_row::PLATFORM_PROVIDER;
use crate::accounts::apply::Work;
use crate::database::{rows, run};
use crate::entity::identity::{ActiveModel, Entity};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;
use crate::store::SqlStore;

impl Work<'_> {
    pub(super) async fn link_identity(
        &self,
        user: UserId,
        identity: &Identity,
        session_key: Option<&SessionKey>,
    ) -> Result<(), Failure> {
        let Identity {
            id,
            provider,
            app_id,
            openid,
            linked_at,
        } = identity;
        let sealed = session_key
            .map(|key| {
                self.store
                    .sealed_session_key(*provider, app_id, openid, key)
            })
            .transpose()?;
        let row = ActiveModel {
            id: Set(id.as_uuid()),
            user_id: Set(user.as_uuid()),
            provider: Set(provider.as_str().to_owned()),
            app_id: Set(app_id.as_str().to_owned()),
            subject: Set(openid.as_str().to_owned()),
            session_key_at: Set(sealed.is_some().then_some(self.at)),
            session_key_sealed: Set(sealed),
            linked_at: Set(micros(*linked_at)),
        };
        Entity::insert(row)
            .exec_without_returning(self.transaction)
            .await?;
        Ok(())
    }

    pub(super) async fn link_union_id(
        &self,
        user: UserId,
        id: IdentityId,
        platform: &Platform,
        union_id: &UnionId,
    ) -> Result<(), Failure> {
        let row = ActiveModel {
            id: Set(id.as_uuid()),
            user_id: Set(user.as_uuid()),
            provider: Set(PLATFORM_PROVIDER.to_owned()),
            app_id: Set(platform.as_str().to_owned()),
            subject: Set(union_id.as_str().to_owned()),
            session_key_sealed: Set(None),
            session_key_at: Set(None),
            linked_at: Set(self.at),
        };
        Entity::insert(row)
            .exec_without_returning(self.transaction)
            .await?;
        Ok(())
    }

    pub(super) async fn store_session_key(
        &self,
        provider: Provider,
        app_id: &AppId,
        openid: &OpenId,
        key: &SessionKey,
    ) -> Result<(), Failure> {
        let sealed = self
            .store
            .sealed_session_key(provider, app_id, openid, key)?;
        let sql = "UPDATE identities SET session_key_sealed = $1, session_key_at = $2 \
                   WHERE provider = $3 AND app_id = $4 AND subject = $5";
        let values = vec![
            sealed.into(),
            self.at.into(),
            provider.as_str().into(),
            app_id.as_str().into(),
            openid.as_str().into(),
        ];
        self.one(sql, values).await
    }

    pub(super) async fn drop_session_key(
        &self,
        provider: Provider,
        app_id: &AppId,
        openid: &OpenId,
        stored_at: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let sql = "UPDATE identities SET session_key_sealed = NULL, session_key_at = NULL \
                   WHERE provider = $1 AND app_id = $2 AND subject = $3 AND session_key_at = $4";
        let values = vec![
            provider.as_str().into(),
            app_id.as_str().into(),
            openid.as_str().into(),
            micros(stored_at).into(),
        ];
        // A newer key is nobody's loss.
        run(self.transaction, sql, values).await?;
        Ok(())
    }

    pub(super) async fn unlink_identity(
        &self,
        user: UserId,
        id: IdentityId,
    ) -> Result<(), Failure> {
        let sql = "DELETE FROM identities WHERE id = $1 AND user_id = $2 AND provider <> $3";
        let values = vec![
            id.as_uuid().into(),
            user.as_uuid().into(),
            PLATFORM_PROVIDER.into(),
        ];
        self.one(sql, values).await
    }

    pub(super) async fn unlink_union_id(
        &self,
        user: UserId,
        platform: &Platform,
    ) -> Result<(), Failure> {
        let sql = "DELETE FROM identities WHERE user_id = $1 AND provider = $2 AND app_id = $3";
        let values = vec![
            user.as_uuid().into(),
            PLATFORM_PROVIDER.into(),
            platform.as_str().into(),
        ];
        self.one(sql, values).await
    }
}

impl SqlStore {
    /// Bound to what names the row for good, a merge included: provider,
    /// application and openid. The row's id would have to be read first.
    pub(super) fn sealed_session_key(
        &self,
        provider: Provider,
        app_id: &AppId,
        openid: &OpenId,
        key: &SessionKey,
    ) -> Result<Vec<u8>, StorageFault> {
        let row = session_key_row(provider.as_str(), app_id.as_str(), openid.as_str());
        let sealer = &self.keys.sealer;
        sealer
            .seal(SealUse::SessionKey, &row, key.expose().as_bytes())
            .map_err(|error| StorageFault::new(error.to_string()))
    }
}

/// What the sealed key of an identity is bound to.
pub(crate) fn session_key_row(provider: &str, app_id: &str, openid: &str) -> Vec<u8> {
    // None of the three can contain the separator.
    [provider, app_id, openid].join("/").into_bytes()
}

/// The stored key of the open data that an account has in an application.
pub(super) async fn session_key(
    store: &SqlStore,
    user: UserId,
    provider: Provider,
    app_id: &AppId,
) -> Result<Option<StoredSessionKey>, Failure> {
    let sql = "SELECT subject, session_key_sealed, session_key_at FROM identities \
               WHERE user_id = $1 AND provider = $2 AND app_id = $3 \
               AND session_key_sealed IS NOT NULL AND session_key_at IS NOT NULL";
    let values = [
        user.as_uuid().into(),
        provider.as_str().into(),
        app_id.as_str().into(),
    ];
    let found = rows(store.database.read(), sql, values).await?;
    let Some(row) = found.first() else {
        return Ok(None);
    };
    let subject: String = row.try_get("", "subject")?;
    let openid = OpenId::parse(&subject).map_err(|_| StorageFault::unreadable("openid"))?;
    let sealed: Vec<u8> = row.try_get("", "session_key_sealed")?;
    let key = store
        .keys
        .sealer
        .open(
            SealUse::SessionKey,
            &session_key_row(provider.as_str(), app_id.as_str(), openid.as_str()),
            &sealed,
        )
        .map_err(|error| StorageFault::new(error.to_string()))?;
    let key = String::from_utf8(key)
        .ok()
        .and_then(|text| SessionKey::parse(&text).ok())
        .ok_or_else(|| StorageFault::unreadable("session key"))?;
    Ok(Some(StoredSessionKey {
        openid,
        key,
        stored_at: row.try_get("", "session_key_at")?,
    }))
}
