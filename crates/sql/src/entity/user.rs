//! An account.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) status: String,
    pub(crate) merged_into: Option<Uuid>,
    pub(crate) purge_at: Option<DateTimeUtc>,
    pub(crate) phone_sealed: Option<Vec<u8>>,
    pub(crate) phone_index: Option<Vec<u8>>,
    pub(crate) phone_proof: Option<String>,
    pub(crate) nickname: Option<String>,
    pub(crate) avatar_url: Option<String>,
    pub(crate) birthday: Option<Date>,
    pub(crate) bio: Option<String>,
    pub(crate) consent_version: Option<String>,
    pub(crate) consented_at: Option<DateTimeUtc>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) updated_at: DateTimeUtc,
    pub(crate) last_login_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
