//! Steps that concern openids, unionids and session keys.

use menshen_domain::model::account::Identity;
use menshen_domain::model::identifiers::{IdentityId, UserId};
use menshen_domain::model::wechat::{AppId, OpenId, Platform, Provider, SessionKey, UnionId};
use menshen_domain::ports::sealer::SealUse;
use sea_orm::{EntityTrait as _, Set};

use crate::accounts::account_row::PLATFORM_PROVIDER;
use crate::accounts::apply::Work;
use crate::entity::identity::{ActiveModel, Entity};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;

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
            .map(|key| self.sealed_session_key(*provider, app_id, openid, key))
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
        let sealed = self.sealed_session_key(provider, app_id, openid, key)?;
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

    /// Bound to what names the row for good, a merge included: provider,
    /// application and openid. The row's id would have to be read first.
    fn sealed_session_key(
        &self,
        provider: Provider,
        app_id: &AppId,
        openid: &OpenId,
        key: &SessionKey,
    ) -> Result<Vec<u8>, StorageFault> {
        // None of the three can contain the separator.
        let row = [provider.as_str(), app_id.as_str(), openid.as_str()].join("/");
        let sealer = &self.store.keys.sealer;
        sealer
            .seal(SealUse::SessionKey, row.as_bytes(), key.expose().as_bytes())
            .map_err(|error| StorageFault::new(error.to_string()))
    }
}
