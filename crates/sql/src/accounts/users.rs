//! Steps that concern the row of an account.

use chrono::{DateTime, Utc};
use menshen_domain::model::account::Account;
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::profile::Profile;
use menshen_domain::ports::mac::MacUse;
use menshen_domain::ports::sealer::SealUse;
use sea_orm::{EntityTrait as _, Set};

use crate::accounts::account_row::new_row;
use crate::accounts::apply::Work;
use crate::entity::user::{ActiveModel, Entity};
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;
use crate::store::SqlStore;

impl Work<'_> {
    pub(super) async fn create_user(
        &mut self,
        account: &Account,
        consent_version: Option<&str>,
    ) -> Result<(), Failure> {
        let row = ActiveModel {
            consent_version: Set(consent_version.map(ToOwned::to_owned)),
            consented_at: Set(consent_version.map(|_| self.at)),
            ..new_row(account)
        };
        Entity::insert(row)
            .exec_without_returning(self.transaction)
            .await?;
        self.created.push(account.id);
        Ok(())
    }

    pub(super) async fn set_phone(
        &self,
        user: UserId,
        phone: &PhoneNumber,
        proof: PhoneProof,
    ) -> Result<(), Failure> {
        let (sealed, index) = self.store.sealed_phone(user, phone)?;
        let sql = "UPDATE users SET phone_sealed = $1, phone_index = $2, phone_proof = $3 \
                   WHERE id = $4";
        let values = vec![
            sealed.into(),
            index.into(),
            proof.as_str().into(),
            user.as_uuid().into(),
        ];
        self.one(sql, values).await
    }

    pub(super) async fn clear_phone(&self, user: UserId) -> Result<(), Failure> {
        let sql = "UPDATE users SET phone_sealed = NULL, phone_index = NULL, phone_proof = NULL \
                   WHERE id = $1 AND phone_index IS NOT NULL";
        self.one(sql, vec![user.as_uuid().into()]).await
    }

    pub(super) async fn save_profile(
        &self,
        user: UserId,
        profile: &Profile,
    ) -> Result<(), Failure> {
        let sql = "UPDATE users SET nickname = $1, avatar_url = $2, birthday = $3, bio = $4 \
                   WHERE id = $5";
        let values = vec![
            profile.nickname.as_str().into(),
            profile
                .avatar_url
                .as_ref()
                .map(|url| url.as_str().to_owned())
                .into(),
            profile.birthday.map(|birthday| birthday.as_date()).into(),
            profile
                .bio
                .as_ref()
                .map(|bio| bio.as_str().to_owned())
                .into(),
            user.as_uuid().into(),
        ];
        self.one(sql, values).await
    }

    pub(super) async fn cancel(
        &self,
        user: UserId,
        purge_at: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let sql = "UPDATE users SET status = 'cancelling', purge_at = $1 \
                   WHERE id = $2 AND status = 'active'";
        let values = vec![micros(purge_at).into(), user.as_uuid().into()];
        self.one(sql, values).await
    }

    pub(super) async fn restore(&self, user: UserId) -> Result<(), Failure> {
        let sql = "UPDATE users SET status = 'active', purge_at = NULL \
                   WHERE id = $1 AND status = 'cancelling'";
        self.one(sql, vec![user.as_uuid().into()]).await
    }

    /// The time of its erasure stays, where there is one.
    pub(super) async fn disable(&self, user: UserId) -> Result<(), Failure> {
        let sql = "UPDATE users SET status = 'disabled' \
                   WHERE id = $1 AND status IN ('active', 'cancelling')";
        self.one(sql, vec![user.as_uuid().into()]).await
    }

    pub(super) async fn enable(&self, user: UserId) -> Result<(), Failure> {
        let sql = "UPDATE users SET status = \
                   CASE WHEN purge_at IS NULL THEN 'active' ELSE 'cancelling' END \
                   WHERE id = $1 AND status = 'disabled'";
        self.one(sql, vec![user.as_uuid().into()]).await
    }
}

impl SqlStore {
    /// A number sealed for the account that holds it, and its blind index.
    pub(crate) fn sealed_phone(
        &self,
        user: UserId,
        phone: &PhoneNumber,
    ) -> Result<(Vec<u8>, Vec<u8>), StorageFault> {
        let clear = phone.as_e164().as_bytes();
        let sealed = self
            .keys
            .sealer
            .seal(SealUse::PhoneNumber, user.as_uuid().as_bytes(), clear)
            .map_err(|error| StorageFault::new(error.to_string()))?;
        let index = self.keys.mac.tag(MacUse::BlindIndex, clear).to_vec();
        Ok((sealed, index))
    }
}
