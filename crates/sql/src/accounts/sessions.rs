//! Steps that open and end sessions.

use chrono::{DateTime, Utc};
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::event::{Notice, OutboxEvent};
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::verification::CodeId;
use menshen_domain::model::wechat::AppId;
use sea_orm::{ConnectionTrait, EntityTrait as _, QueryResult, Value};

use crate::accounts::apply::Work;
use crate::database::rows;
use crate::entity::session::Entity;
use crate::failure::Failure;
use crate::session_row;

impl Work<'_> {
    pub(super) async fn end_sessions(
        &mut self,
        user: UserId,
        which: SessionsOf,
        reason: EndReason,
    ) -> Result<(), Failure> {
        let ended = end_live(self.transaction, user, which, reason, self.at).await?;
        self.publish_ends(user, &ended, reason);
        Ok(())
    }

    pub(super) async fn end_sessions_through(
        &mut self,
        user: UserId,
        app_id: &AppId,
        reason: EndReason,
    ) -> Result<(), Failure> {
        let sql = "UPDATE sessions SET ended_at = $1, end_reason = $2 \
                   WHERE user_id = $3 AND ended_at IS NULL AND expires_at > $1 AND app_id = $4 \
                   RETURNING id";
        let values: [Value; 4] = [
            self.at.into(),
            reason.as_str().into(),
            user.as_uuid().into(),
            app_id.as_str().into(),
        ];
        let ended = session_ids(&rows(self.transaction, sql, values).await?)?;
        self.publish_ends(user, &ended, reason);
        Ok(())
    }

    pub(super) async fn open_session(
        &mut self,
        session: &Session,
        max_live: u32,
        code: Option<CodeId>,
    ) -> Result<(), Failure> {
        if !self.created.contains(&session.user) {
            self.replace_sessions(session, max_live).await?;
        }
        let row = session_row::to_row(session, code);
        Entity::insert(row)
            .exec_without_returning(self.transaction)
            .await?;
        Ok(())
    }

    /// Ends the sessions that a new one takes the place of.
    async fn replace_sessions(&mut self, new: &Session, max_live: u32) -> Result<(), Failure> {
        let keep = match max_live {
            0 => u32::MAX,
            limit => limit - 1,
        };
        let device_id = new
            .client
            .device_id
            .as_ref()
            .map(|label| label.as_str().to_owned());
        let values: [Value; 6] = [
            self.at.into(),
            new.user.as_uuid().into(),
            new.client_type().as_str().into(),
            new.app_id
                .as_ref()
                .map(|app_id| app_id.as_str().to_owned())
                .into(),
            device_id.into(),
            i64::from(keep).into(),
        ];
        let ended = session_ids(&rows(self.transaction, REPLACE, values).await?)?;
        for id in &ended {
            let row = AuditEvent::new(AuditAction::SessionEnded, self.at, &*self.store.randomness)
                .with_user(new.user)
                .with_session(*id)
                .with_reason(EndReason::Replaced.as_str());
            self.audit.push(row);
        }
        self.publish_ends(new.user, &ended, EndReason::Replaced);
        Ok(())
    }

    fn publish_ends(&mut self, user: UserId, ended: &[SessionId], reason: EndReason) {
        let randomness = &*self.store.randomness;
        let events = ended.iter().map(|id| {
            OutboxEvent::new(user, Notice::SessionEnded(*id, reason), self.at, randomness)
        });
        self.outbox.extend(events);
    }
}

/// Ends the sessions of `$2` with the client type `$3` and the application `$4`
/// that live at `$1` and have the device `$5`, or are older than the newest `$6`
/// of the others. The limit is there because SQLite has no offset without one.
const REPLACE: &str = "\
    UPDATE sessions SET ended_at = $1, end_reason = 'replaced' \
    WHERE user_id = $2 AND client_type = $3 AND app_id IS NOT DISTINCT FROM $4 \
    AND ended_at IS NULL AND expires_at > $1 \
    AND (device_id = $5 OR id IN (\
        SELECT id FROM sessions \
        WHERE user_id = $2 AND client_type = $3 AND app_id IS NOT DISTINCT FROM $4 \
        AND ended_at IS NULL AND expires_at > $1 AND coalesce(device_id <> $5, TRUE) \
        ORDER BY created_at DESC, id DESC LIMIT 4294967295 OFFSET $6)) \
    RETURNING id";

/// Ends live sessions of an account; answers which.
pub(crate) async fn end_live(
    db: &impl ConnectionTrait,
    user: UserId,
    which: SessionsOf,
    reason: EndReason,
    at: DateTime<Utc>,
) -> Result<Vec<SessionId>, Failure> {
    let mut values: Vec<Value> = vec![at.into(), reason.as_str().into(), user.as_uuid().into()];
    let only = match which {
        SessionsOf::All => "",
        SessionsOf::One(id) => {
            values.push(id.as_uuid().into());
            "AND id = $4 "
        }
        SessionsOf::AllBut(id) => {
            values.push(id.as_uuid().into());
            "AND id <> $4 "
        }
    };
    let sql = format!(
        "UPDATE sessions SET ended_at = $1, end_reason = $2 \
         WHERE user_id = $3 AND ended_at IS NULL AND expires_at > $1 {only}RETURNING id"
    );
    session_ids(&rows(db, &sql, values).await?)
}

fn session_ids(rows: &[QueryResult]) -> Result<Vec<SessionId>, Failure> {
    let ids = rows
        .iter()
        .map(|row| row.try_get("", "id").map(SessionId::from_uuid));
    let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
    ids.sort();
    Ok(ids)
}
