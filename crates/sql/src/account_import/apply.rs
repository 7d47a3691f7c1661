//! A batch, carried out in one transaction.
//!
//! What must be unique is written in the order of its key. Of two batches with the
//! same people in them one then waits for the other, and never each for the other:
//! that would hold both up until the engine sees it, and undoes one.

use menshen_domain::model::account::{Account, Identity};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::identifiers::{IdentityId, UserId};
use menshen_domain::model::importing::{ImportBatch, Intake, NewAccount};
use menshen_domain::model::wechat::{Platform, UnionId};
use sea_orm::{DatabaseTransaction, EntityTrait as _, Set, Value};

use super::places;
use crate::accounts::{PLATFORM_PROVIDER, account_row};
use crate::database::run;
use crate::entity::{identity, user};
use crate::failure::Failure;
use crate::moment::micros;
use crate::store::SqlStore;
use crate::{audit_log, outbox};

/// Rows of one statement: with 17 columns at most, far from SQLite's 32 766 values.
const ROWS: usize = 1_000;

pub(super) async fn apply(store: &SqlStore, batch: &ImportBatch) -> Result<(), Failure> {
    let transaction = store.database.begin().await?;
    let work = Work {
        store,
        transaction: &transaction,
        batch,
    };
    work.confirm().await?;
    work.make_users().await?;
    work.set_phones().await?;
    work.link().await?;
    for rows in batch.audit.chunks(ROWS) {
        audit_log::append(&transaction, &store.keys, rows).await?;
    }
    for events in batch.outbox.chunks(ROWS) {
        outbox::add(&transaction, events).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// A transaction under way.
struct Work<'a> {
    store: &'a SqlStore,
    transaction: &'a DatabaseTransaction,
    batch: &'a ImportBatch,
}

impl Work<'_> {
    /// Makes sure that the accounts to complete have their versions still, and locks
    /// them. Where logins lock them in another order, the engine undoes one of both.
    async fn confirm(&self) -> Result<(), Failure> {
        for accounts in self.batch.completed.chunks(ROWS) {
            let list = places(1, 2, accounts.len());
            let sql = format!(
                "UPDATE users SET version = version + 1, updated_at = $1 \
                 WHERE (id, version) IN (VALUES {list})"
            );
            let mut values: Vec<Value> = vec![micros(self.batch.at).into()];
            for one in accounts {
                values.extend([one.user.as_uuid().into(), one.version.into()]);
            }
            self.all(&sql, values, accounts.len()).await?;
        }
        Ok(())
    }

    async fn make_users(&self) -> Result<(), Failure> {
        let rows = self.batch.made.iter().map(|one| self.user_row(one));
        let mut rows: Vec<user::ActiveModel> = rows.collect::<Result<_, _>>()?;
        rows.sort_by(|one, other| {
            let [one, other] = [one, other].map(|row| row.phone_index.try_as_ref());
            one.cmp(&other)
        });
        for some in rows.chunks(ROWS) {
            user::Entity::insert_many(some.to_vec())
                .exec_without_returning(self.transaction)
                .await?;
        }
        Ok(())
    }

    /// The row of an account, its number in it.
    fn user_row(&self, made: &NewAccount) -> Result<user::ActiveModel, Failure> {
        let Account { id, .. } = &made.account;
        let mut row = account_row::new_row(&made.account);
        if let Some(phone) = &made.intake.phone {
            let (sealed, index) = self.store.sealed_phone(*id, phone)?;
            row.phone_sealed = Set(Some(sealed));
            row.phone_index = Set(Some(index));
            row.phone_proof = Set(Some(PhoneProof::Imported.as_str().to_owned()));
        }
        Ok(row)
    }

    /// Gives accounts that were there the numbers that they lack.
    async fn set_phones(&self) -> Result<(), Failure> {
        let completed = self.batch.completed.iter();
        let lacking = completed.filter_map(|one| Some((one.user, one.intake.phone.as_ref()?)));
        let lacking: Vec<_> = lacking.collect();
        for some in lacking.chunks(ROWS) {
            let mut values: Vec<Value> = vec![PhoneProof::Imported.as_str().into()];
            for (user, phone) in some {
                let (sealed, index) = self.store.sealed_phone(*user, phone)?;
                values.extend([user.as_uuid().into(), sealed.into(), index.into()]);
            }
            let list = places(1, 3, some.len());
            let sql = format!(
                "WITH given (id, sealed, tag) AS (VALUES {list}) \
                 UPDATE users SET phone_sealed = given.sealed, phone_index = given.tag, \
                 phone_proof = $1 FROM given WHERE users.id = given.id"
            );
            self.all(&sql, values, some.len()).await?;
        }
        Ok(())
    }

    /// Links all identities and unionids of the batch.
    async fn link(&self) -> Result<(), Failure> {
        let made = self.batch.made.iter();
        let made = made.map(|one| (one.account.id, &one.intake));
        let completed = self.batch.completed.iter();
        let completed = completed.map(|one| (one.user, &one.intake));
        let rows = made
            .chain(completed)
            .flat_map(|(user, intake)| self.identity_rows(user, intake));
        let mut rows: Vec<identity::ActiveModel> = rows.collect();
        rows.sort_by(|one, other| {
            let [one, other] = [one, other].map(|row| {
                let app = (row.provider.try_as_ref(), row.app_id.try_as_ref());
                (app, row.subject.try_as_ref())
            });
            one.cmp(&other)
        });
        for some in rows.chunks(ROWS) {
            identity::Entity::insert_many(some.to_vec())
                .exec_without_returning(self.transaction)
                .await?;
        }
        Ok(())
    }

    fn identity_rows(&self, user: UserId, intake: &Intake) -> Vec<identity::ActiveModel> {
        let identities = intake.identities.iter();
        let identities = identities.map(|one| openid_row(user, one));
        let union_ids = intake.union_ids.iter();
        let union_ids = union_ids.map(|one| self.union_id_row(user, one));
        identities.chain(union_ids).collect()
    }

    fn union_id_row(
        &self,
        user: UserId,
        (id, platform, union_id): &(IdentityId, Platform, UnionId),
    ) -> identity::ActiveModel {
        identity::ActiveModel {
            id: Set(id.as_uuid()),
            user_id: Set(user.as_uuid()),
            provider: Set(PLATFORM_PROVIDER.to_owned()),
            app_id: Set(platform.as_str().to_owned()),
            subject: Set(union_id.as_str().to_owned()),
            session_key_sealed: Set(None),
            session_key_at: Set(None),
            linked_at: Set(micros(self.batch.at)),
        }
    }

    /// Runs a statement that must touch so many rows: they were seen when the
    /// decisions were made.
    async fn all(&self, sql: &str, values: Vec<Value>, rows: usize) -> Result<(), Failure> {
        let touched = run(self.transaction, sql, values).await?;
        if usize::try_from(touched) == Ok(rows) {
            Ok(())
        } else {
            Err(Failure::Lost)
        }
    }
}

fn openid_row(user: UserId, held: &Identity) -> identity::ActiveModel {
    identity::ActiveModel {
        id: Set(held.id.as_uuid()),
        user_id: Set(user.as_uuid()),
        provider: Set(held.provider.as_str().to_owned()),
        app_id: Set(held.app_id.as_str().to_owned()),
        subject: Set(held.openid.as_str().to_owned()),
        session_key_sealed: Set(None),
        session_key_at: Set(None),
        linked_at: Set(micros(held.linked_at)),
    }
}
