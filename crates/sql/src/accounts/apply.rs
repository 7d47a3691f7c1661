//! Changes, carried out in one transaction.

use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::changes::{Changes, Expected, Step};
use menshen_domain::model::event::{OutboxEvent, farewells_last};
use menshen_domain::model::identifiers::{SessionId, UserId};
use sea_orm::{DatabaseTransaction, DbBackend, Value};

use crate::accounts::one_statement;
use crate::database::run;
use crate::failure::{Failure, StorageFault};
use crate::moment::micros;
use crate::spent_codes::spend_code;
use crate::store::SqlStore;
use crate::{audit_log, outbox};

/// A transaction under way.
pub(super) struct Work<'a> {
    pub(super) store: &'a SqlStore,
    pub(super) transaction: &'a DatabaseTransaction,
    /// When all of it happens.
    pub(super) at: DateTime<Utc>,
    /// Accounts that are made in it, which have no sessions yet.
    pub(super) created: Vec<UserId>,
    pub(super) audit: Vec<AuditEvent>,
    pub(super) outbox: Vec<OutboxEvent>,
}

pub(super) async fn apply(store: &SqlStore, changes: &Changes) -> Result<(), Failure> {
    if let Some(lane) = store.database.lane()
        && one_statement::apply(store, lane, changes).await?
    {
        return Ok(());
    }
    in_several(store, changes).await
}

async fn in_several(store: &SqlStore, changes: &Changes) -> Result<(), Failure> {
    let at = changes
        .at()
        .ok_or_else(|| StorageFault::new("changes that tell no time"))?;
    let transaction = store.database.begin().await?;
    let mut work = Work {
        store,
        transaction: &transaction,
        at: micros(at),
        created: Vec::new(),
        audit: changes.audit.clone(),
        outbox: changes.outbox.clone(),
    };
    // Everybody locks accounts in one order, so that no two wait for each other.
    let mut expected = changes.expected.clone();
    expected.sort_by_key(|one| one.user);
    for one in &expected {
        work.confirm(one).await?;
    }
    if let Some(caller) = changes.caller {
        work.confirm_caller(caller).await?;
    }
    for step in &changes.steps {
        work.take(step).await?;
    }
    audit_log::append(&transaction, &store.keys, &work.audit).await?;
    // What ended sessions tell has come behind what the changes tell.
    let events = farewells_last(std::mem::take(&mut work.outbox));
    outbox::add(&transaction, &events).await?;
    transaction.commit().await?;
    Ok(())
}

impl Work<'_> {
    /// Makes sure that an account has this version still, and locks it.
    async fn confirm(&self, expected: &Expected) -> Result<(), Failure> {
        let mut values: Vec<Value> = vec![expected.user.as_uuid().into(), expected.version.into()];
        let mut set = vec!["version = version".to_owned()];
        if expected.changed {
            values.push(self.at.into());
            set = vec![format!(
                "version = version + 1, updated_at = ${}",
                values.len()
            )];
        }
        if let Some(at) = expected.signed_in_at {
            values.push(micros(at).into());
            set.push(self.last_login(values.len()));
        }
        let set = set.join(", ");
        let sql = format!("UPDATE users SET {set} WHERE id = $1 AND version = $2");
        self.one(&sql, values).await
    }

    /// The time of a login. Where logins are one statement, each must move it on,
    /// whatever the clocks of the replicas say.
    fn last_login(&self, value: usize) -> String {
        match self.store.database.backend() {
            DbBackend::Postgres => format!(
                "last_login_at = greatest(${value}, last_login_at + interval '1 microsecond')"
            ),
            _ => format!("last_login_at = ${value}"),
        }
    }

    /// Makes sure that the session of the caller lives still, and locks it: what
    /// was signed out meanwhile carries nothing out.
    async fn confirm_caller(&self, caller: SessionId) -> Result<(), Failure> {
        let sql = "UPDATE sessions SET last_seen_at = last_seen_at \
                   WHERE id = $1 AND ended_at IS NULL AND expires_at > $2";
        let values = [caller.as_uuid().into(), self.at.into()];
        match run(self.transaction, sql, values).await? {
            1 => Ok(()),
            _ => Err(Failure::CallerGone),
        }
    }

    async fn take(&mut self, step: &Step) -> Result<(), Failure> {
        match step {
            Step::CreateUser {
                account,
                consent_version,
            } => self.create_user(account, consent_version.as_deref()).await,
            Step::SetPhone { user, phone, proof } => self.set_phone(*user, phone, *proof).await,
            Step::ClearPhone(user) => self.clear_phone(*user).await,
            Step::SaveProfile { user, profile } => self.save_profile(*user, profile).await,
            Step::Cancel { user, purge_at } => self.cancel(*user, *purge_at).await,
            Step::Restore(user) => self.restore(*user).await,
            Step::Disable(user) => self.disable(*user).await,
            Step::Enable(user) => self.enable(*user).await,
            Step::LinkIdentity {
                user,
                identity,
                session_key,
            } => {
                self.link_identity(*user, identity, session_key.as_ref())
                    .await
            }
            Step::LinkUnionId {
                user,
                id,
                platform,
                union_id,
            } => self.link_union_id(*user, *id, platform, union_id).await,
            Step::StoreSessionKey {
                provider,
                app_id,
                openid,
                key,
            } => self.store_session_key(*provider, app_id, openid, key).await,
            Step::DropSessionKey {
                provider,
                app_id,
                openid,
                stored_at,
            } => {
                self.drop_session_key(*provider, app_id, openid, *stored_at)
                    .await
            }
            Step::UnlinkIdentity { user, id } => self.unlink_identity(*user, *id).await,
            Step::UnlinkUnionId { user, platform } => self.unlink_union_id(*user, platform).await,
            Step::ShowAvatar { user, name } => self.show_avatar(*user, *name).await,
            Step::DropAvatar { user, name } => self.drop_avatar(*user, *name).await,
            Step::Erase(user) => self.erase(*user).await,
            Step::ClaimNotice(key) => self.claim_notice(*key).await,
            Step::SpendCode(code) => spend_code(self.transaction, *code, self.at).await,
            Step::Merge {
                from,
                into,
                profile,
            } => self.merge(*from, *into, profile).await,
            Step::EndSessions {
                user,
                which,
                reason,
            } => self.end_sessions(*user, *which, *reason).await,
            Step::EndSessionsThrough {
                user,
                app_id,
                reason,
            } => self.end_sessions_through(*user, app_id, *reason).await,
            Step::OpenSession {
                session,
                max_live,
                code,
            } => self.open_session(session, *max_live, *code).await,
        }
    }

    /// Runs a statement that must touch exactly one row: what it names was seen
    /// when the decision was made.
    pub(super) async fn one(&self, sql: &str, values: Vec<Value>) -> Result<(), Failure> {
        match run(self.transaction, sql, values).await? {
            1 => Ok(()),
            _ => Err(Failure::Lost),
        }
    }
}
