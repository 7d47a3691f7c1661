//! The sessions, apart from their opening.

use std::sync::LazyLock;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::event::{Notice, OutboxEvent};
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::verification::CodeId;
use menshen_domain::ports::session_store::{
    Proof, Rotation, SessionStore, SessionStoreError, SessionWithAccount,
};
use sea_orm::{
    ColumnTrait as _, DbBackend, EntityTrait as _, Iterable as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Value,
};

use crate::accounts::{IdentityRow, assemble, end_live, identity_columns};
use crate::database::{again, rows, run};
use crate::entity::session::{Column, Entity, Model};
use crate::entity::{columns, session, user};
use crate::failure::{Failure, StorageFault};
use crate::in_order::InOrder;
use crate::moment::micros;
use crate::session_row;
use crate::spent_codes::spend_code;
use crate::store::SqlStore;
use crate::{audit_log, outbox};

/// How many sessions a list shows at most.
const LISTED: u64 = 100;

#[async_trait]
impl SessionStore for SqlStore {
    async fn find(&self, id: SessionId) -> Result<Option<SessionWithAccount>, SessionStoreError> {
        Ok(self.database.within(self.find_session(id)).await?)
    }

    async fn over(
        &self,
        user: UserId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<EndReason>, SessionStoreError> {
        Ok(self.database.within(self.why_over(user, id, now)).await?)
    }

    async fn rotate(
        &self,
        id: SessionId,
        from: &RefreshState,
        to: &RefreshState,
        now: DateTime<Utc>,
        audit: Option<AuditEvent>,
    ) -> Result<Rotation, SessionStoreError> {
        Ok(self
            .database
            .within(again(|| {
                self.rotate_session(id, from, to, now, audit.clone())
            }))
            .await?)
    }

    async fn note_replay(
        &self,
        id: SessionId,
        generation: u32,
        audit: AuditEvent,
    ) -> Result<bool, SessionStoreError> {
        Ok(self
            .database
            .within(again(|| {
                self.note_replay_once(id, generation, audit.clone())
            }))
            .await?)
    }

    async fn prove(
        &self,
        id: SessionId,
        now: DateTime<Utc>,
        code: Option<CodeId>,
        audit: AuditEvent,
    ) -> Result<Proof, SessionStoreError> {
        let act = || self.prove_again(id, now, code, audit.clone());
        match self.database.within(again(act)).await {
            Err(Failure::CodeSpent) => Ok(Proof::CodeSpent),
            proven => Ok(proven?),
        }
    }

    async fn end(
        &self,
        user: UserId,
        which: SessionsOf,
        reason: EndReason,
        now: DateTime<Utc>,
        audit: AuditEvent,
    ) -> Result<Vec<SessionId>, SessionStoreError> {
        Ok(self
            .database
            .within(again(|| {
                self.end_sessions(user, which, reason, now, audit.clone())
            }))
            .await?)
    }

    async fn list(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, SessionStoreError> {
        let listed = self.database.within(async {
            let query = Entity::find()
                .filter(Column::UserId.eq(user.as_uuid()))
                .filter(Column::EndedAt.is_null())
                .filter(Column::ExpiresAt.gt(micros(now)))
                .order_by_desc(Column::CreatedAt)
                .order_by_desc(Column::Id)
                .limit(LISTED);
            let found = query.all(self.database.read()).await?;
            Ok(found
                .into_iter()
                .map(session_row::from_row)
                .collect::<Result<_, _>>()?)
        });
        Ok(listed.await?)
    }
}

impl From<Failure> for SessionStoreError {
    fn from(failure: Failure) -> Self {
        Self(failure.boxed())
    }
}

impl SqlStore {
    async fn find_session(&self, id: SessionId) -> Result<Option<SessionWithAccount>, Failure> {
        let found = self
            .database
            .ask_often(&FIND, vec![id.as_uuid().into()])
            .await?;
        let mut session_and_user = None;
        let mut identities = Vec::with_capacity(found.len());
        for row in &found {
            let mut columns = InOrder::of(row);
            // The same in each row.
            if session_and_user.is_none() {
                let session = Model::in_order(&mut columns)?;
                session_and_user = Some((session, user::Model::in_order(&mut columns)?));
            } else {
                columns.skip(Column::iter().count() + user::Column::iter().count());
            }
            identities.extend(IdentityRow::in_order(&mut columns)?);
        }
        let Some((session, user)) = session_and_user else {
            return Ok(None);
        };
        let session = session_row::from_row(session)?;
        let account = assemble(&self.keys, &user, identities)?;
        Ok(Some(SessionWithAccount { session, account }))
    }

    async fn why_over(
        &self,
        user: UserId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<EndReason>, Failure> {
        let sql = "SELECT end_reason, expires_at FROM sessions WHERE id = $1 AND user_id = $2";
        let values = vec![id.as_uuid().into(), user.as_uuid().into()];
        let found = self.database.ask_often(sql, values).await?;
        let Some(row) = found.first() else {
            return Ok(Some(EndReason::SignedOut));
        };
        if let Some(reason) = row.try_get::<Option<String>>("", "end_reason")? {
            let reason = EndReason::parse(&reason);
            return Ok(Some(
                reason.ok_or_else(|| StorageFault::unreadable("reason of an end"))?,
            ));
        }
        let expires_at: DateTime<Utc> = row.try_get("", "expires_at")?;
        Ok((now >= expires_at).then_some(EndReason::Expired))
    }

    /// One conditional statement, a transaction by itself where no audit row goes
    /// with it. Whoever shuts an account ends its sessions in the same
    /// transaction, so the session's row, which the engine looks at again after
    /// waiting for it, tells all.
    async fn rotate_session(
        &self,
        id: SessionId,
        from: &RefreshState,
        to: &RefreshState,
        now: DateTime<Utc>,
        audit: Option<AuditEvent>,
    ) -> Result<Rotation, Failure> {
        let values: Vec<Value> = vec![
            i64::from(to.current).into(),
            to.previous.map(i64::from).into(),
            micros(to.current_issued_at).into(),
            to.previous_exchanged_at.map(micros).into(),
            micros(now).into(),
            id.as_uuid().into(),
            i64::from(from.current).into(),
        ];
        let touched = if let Some(row) = audit {
            let transaction = self.database.begin().await?;
            let touched = run(&transaction, ROTATE, values).await?;
            if touched == 1 {
                audit_log::append(&transaction, &self.keys, &[row]).await?;
                transaction.commit().await?;
            }
            touched
        } else {
            self.database.tell_often(ROTATE, values).await?
        };
        Ok(if touched == 1 {
            Rotation::Done
        } else {
            Rotation::Lost
        })
    }

    async fn note_replay_once(
        &self,
        id: SessionId,
        generation: u32,
        audit: AuditEvent,
    ) -> Result<bool, Failure> {
        let transaction = self.database.begin().await?;
        let sql = "UPDATE sessions SET replay_noted = $1 \
                   WHERE id = $2 AND (replay_noted IS NULL OR replay_noted < $1)";
        let values = [i64::from(generation).into(), id.as_uuid().into()];
        let first = run(&transaction, sql, values).await? == 1;
        if first {
            audit_log::append(&transaction, &self.keys, &[audit]).await?;
            transaction.commit().await?;
        }
        Ok(first)
    }

    async fn prove_again(
        &self,
        id: SessionId,
        now: DateTime<Utc>,
        code: Option<CodeId>,
        audit: AuditEvent,
    ) -> Result<Proof, Failure> {
        let now = micros(now);
        let transaction = self.database.begin().await?;
        let sql = "UPDATE sessions SET proven_at = $1 \
                   WHERE id = $2 AND ended_at IS NULL AND expires_at > $1";
        let values = [now.into(), id.as_uuid().into()];
        if run(&transaction, sql, values).await? != 1 {
            return Ok(Proof::SessionOver);
        }
        if let Some(code) = code {
            spend_code(&transaction, code, now).await?;
        }
        audit_log::append(&transaction, &self.keys, &[audit]).await?;
        transaction.commit().await?;
        Ok(Proof::Taken)
    }

    async fn end_sessions(
        &self,
        user: UserId,
        which: SessionsOf,
        reason: EndReason,
        now: DateTime<Utc>,
        audit: AuditEvent,
    ) -> Result<Vec<SessionId>, Failure> {
        let now = micros(now);
        let transaction = self.database.begin().await?;
        if self.database.backend() == DbBackend::Postgres && !matches!(which, SessionsOf::One(_)) {
            // Two that end several sessions of one account take turns; otherwise
            // each could wait for a row that the other one holds.
            let sql = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE";
            rows(&transaction, sql, [user.as_uuid().into()]).await?;
        }
        let ended = end_live(&transaction, user, which, reason, now).await?;
        if !ended.is_empty() {
            audit_log::append(&transaction, &self.keys, &[audit]).await?;
            let event = |id: &SessionId| {
                OutboxEvent::new(
                    user,
                    Notice::SessionEnded(*id, reason),
                    now,
                    &*self.randomness,
                )
            };
            outbox::add(&transaction, &ended.iter().map(event).collect::<Vec<_>>()).await?;
            transaction.commit().await?;
        }
        Ok(ended)
    }
}

/// A session with its account: one row for each identity.
static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {}, {}, {} FROM sessions s JOIN users u ON u.id = s.user_id \
         LEFT JOIN identities i ON i.user_id = u.id WHERE s.id = $1",
        columns::<session::Entity>("s"),
        columns::<user::Entity>("u"),
        identity_columns(),
    )
});

const ROTATE: &str = "\
    UPDATE sessions SET generation = $1, previous_generation = $2, current_issued_at = $3, \
    previous_exchanged_at = $4, last_seen_at = $5 \
    WHERE id = $6 AND generation = $7 AND ended_at IS NULL AND expires_at > $5 \
    AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.status = 'active')";
