//! What only shows at a port: refusals of limits, tries at codes, rows of the audit
//! log, tokens that were signed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::changes::{Changes, SessionsOf};
use menshen_domain::model::identifiers::{SendId, SessionId, UserId};
use menshen_domain::model::limits::{LimitKey, PastUse, Window};
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::recycled::Activity;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::sms_delivery::{DeliveryReceipt, SendVerdict, SentCount, SmsAttempt};
use menshen_domain::model::spend::SpendScope;
use menshen_domain::model::token::{AccessClaims, AccessToken};
use menshen_domain::model::verification::{ChallengeId, CodeId, CodeScope, CodeSeed};
use menshen_domain::model::wechat::{AppId, Provider};
use menshen_domain::ports::account_store::{
    AccountStore, AccountStoreError, DueAccount, Lookup, StoredSessionKey,
};
use menshen_domain::ports::audit_log::{AuditLog, AuditLogError};
use menshen_domain::ports::code_store::{Attempt, CodeStore, CodeStoreError, Draft};
use menshen_domain::ports::rate_limiter::{
    Admission, MessagePlaces, RateLimiter, RateLimiterError, Remembered, Reservation,
};
use menshen_domain::ports::send_records::{NewSend, ReceiptNote, SendRecords, SendRecordsError};
use menshen_domain::ports::session_store::{
    Proof, Rotation, SessionStore, SessionStoreError, SessionWithAccount,
};
use menshen_domain::ports::token_issuer::{TokenIssuer, TokenIssuerError};

use crate::metrics::outcomes::{CodeTry, Outcomes};

/// A port whose answers are counted.
pub(crate) struct Counted<P: ?Sized> {
    pub(crate) inner: Arc<P>,
    pub(crate) outcomes: Outcomes,
}

impl Counted<dyn RateLimiter> {
    fn refused(&self, admission: &Admission) {
        if let Admission::Refused { rule, .. } = admission {
            self.outcomes.limit_hit(*rule);
        }
    }
}

#[async_trait]
impl RateLimiter for Counted<dyn RateLimiter> {
    async fn reserve(&self, windows: &[Window]) -> Result<Admission, RateLimiterError> {
        let admission = self.inner.reserve(windows).await?;
        self.refused(&admission);
        Ok(admission)
    }

    async fn wait(&self, windows: &[Window]) -> Result<Option<Duration>, RateLimiterError> {
        let wait = self.inner.wait(windows).await?;
        // Windows that are waited for together belong to one rule.
        if let (Some(_), Some(window)) = (wait, windows.first()) {
            self.outcomes.limit_hit(window.rule);
        }
        Ok(wait)
    }

    async fn release(&self, reservation: &Reservation) -> Result<(), RateLimiterError> {
        self.inner.release(reservation).await
    }

    async fn pardon(
        &self,
        reservation: &Reservation,
        keys: &[LimitKey],
        proven: &[SpendScope],
    ) -> Result<(), RateLimiterError> {
        self.inner.pardon(reservation, keys, proven).await
    }

    async fn unprove(&self, proven: &[SpendScope]) -> Result<(), RateLimiterError> {
        self.inner.unprove(proven).await
    }

    async fn reserve_recalled(
        &self,
        places: &MessagePlaces,
    ) -> Result<Remembered, RateLimiterError> {
        let remembered = self.inner.reserve_recalled(places).await?;
        if let Remembered::Known(admission) = &remembered {
            self.refused(admission);
        }
        Ok(remembered)
    }

    async fn recall(&self, uses: &[PastUse]) -> Result<bool, RateLimiterError> {
        self.inner.recall(uses).await
    }

    async fn recall_person(
        &self,
        person: &LimitKey,
        uses: &[PastUse],
    ) -> Result<bool, RateLimiterError> {
        self.inner.recall_person(person, uses).await
    }
}

#[async_trait]
impl CodeStore for Counted<dyn CodeStore> {
    async fn draft(
        &self,
        scope: &CodeScope,
        fresh: CodeSeed,
        ttl: Duration,
        reusable_for: Duration,
    ) -> Result<Draft, CodeStoreError> {
        self.inner.draft(scope, fresh, ttl, reusable_for).await
    }

    async fn commit(
        &self,
        scope: &CodeScope,
        draft: &Draft,
        challenge: ChallengeId,
        attempts: u8,
    ) -> Result<(), CodeStoreError> {
        self.inner.commit(scope, draft, challenge, attempts).await
    }

    async fn discard(&self, scope: &CodeScope, seed: CodeId) -> Result<(), CodeStoreError> {
        self.inner.discard(scope, seed).await
    }

    async fn attempt(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        attempts: u8,
    ) -> Result<Attempt, CodeStoreError> {
        let attempt = self.inner.attempt(scope, challenge, attempts).await?;
        let outcome = match attempt {
            // Not compared yet.
            Attempt::Counted { .. } => return Ok(attempt),
            Attempt::Exhausted { .. } => CodeTry::Locked,
            Attempt::Absent => CodeTry::Expired,
        };
        self.outcomes.code_tried(scope.purpose.as_str(), outcome);
        Ok(attempt)
    }

    async fn uncount(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        seed: CodeId,
    ) -> Result<(), CodeStoreError> {
        self.inner.uncount(scope, challenge, seed).await
    }

    async fn spend(&self, scope: &CodeScope, seed: CodeId) -> Result<bool, CodeStoreError> {
        let spent = self.inner.spend(scope, seed).await?;
        let outcome = if spent {
            CodeTry::Verified
        } else {
            CodeTry::Expired
        };
        self.outcomes.code_tried(scope.purpose.as_str(), outcome);
        Ok(spent)
    }

    async fn give_back(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        seed: CodeId,
    ) -> Result<(), CodeStoreError> {
        self.inner.give_back(scope, challenge, seed).await?;
        let purpose = scope.purpose.as_str();
        self.outcomes.code_tried(purpose, CodeTry::GivenBack);
        Ok(())
    }

    async fn end(&self, scopes: &[CodeScope]) -> Result<(), CodeStoreError> {
        self.inner.end(scopes).await
    }
}

#[async_trait]
impl AuditLog for Counted<dyn AuditLog> {
    async fn append(&self, events: &[AuditEvent]) -> Result<(), AuditLogError> {
        self.inner.append(events).await?;
        self.outcomes.audited(events.iter().map(|row| row.action));
        let wrong = events
            .iter()
            .filter(|row| row.action == AuditAction::CodeFailed);
        for purpose in wrong.filter_map(|row| row.method) {
            self.outcomes.code_tried(purpose, CodeTry::Wrong);
        }
        Ok(())
    }
}

#[async_trait]
impl SendRecords for Counted<dyn SendRecords> {
    async fn begin(&self, send: &NewSend, audit: &AuditEvent) -> Result<(), SendRecordsError> {
        self.inner.begin(send, audit).await?;
        self.outcomes.audited([audit.action]);
        Ok(())
    }

    async fn finish(
        &self,
        id: SendId,
        attempts: &[SmsAttempt],
        verdict: SendVerdict,
        audit: &AuditEvent,
    ) -> Result<(), SendRecordsError> {
        self.inner.finish(id, attempts, verdict, audit).await?;
        self.outcomes.audited([audit.action]);
        Ok(())
    }

    async fn note_receipts(
        &self,
        receipts: &[DeliveryReceipt],
    ) -> Result<Vec<ReceiptNote>, SendRecordsError> {
        self.inner.note_receipts(receipts).await
    }

    async fn sent_since(&self, since: DateTime<Utc>) -> Result<Vec<SentCount>, SendRecordsError> {
        self.inner.sent_since(since).await
    }

    async fn sent_to(
        &self,
        phone: &PhoneNumber,
        since: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<SentCount>, SendRecordsError> {
        self.inner.sent_to(phone, since, most).await
    }
}

#[async_trait]
impl AccountStore for Counted<dyn AccountStore> {
    async fn observe(&self, lookup: &Lookup) -> Result<Snapshot, AccountStoreError> {
        self.inner.observe(lookup).await
    }

    async fn session_key(
        &self,
        user: UserId,
        provider: Provider,
        app: &AppId,
    ) -> Result<Option<StoredSessionKey>, AccountStoreError> {
        self.inner.session_key(user, provider, app).await
    }

    async fn activity(
        &self,
        user: UserId,
        device_id: Option<String>,
    ) -> Result<Activity, AccountStoreError> {
        self.inner.activity(user, device_id).await
    }

    async fn due_for_erasure(
        &self,
        now: DateTime<Utc>,
        after: Option<DueAccount>,
        limit: u32,
    ) -> Result<Vec<DueAccount>, AccountStoreError> {
        self.inner.due_for_erasure(now, after, limit).await
    }

    async fn apply(&self, changes: &Changes) -> Result<(), AccountStoreError> {
        self.inner.apply(changes).await?;
        let actions = changes.audit.iter().map(|row| row.action);
        self.outcomes.audited(actions);
        Ok(())
    }
}

#[async_trait]
impl SessionStore for Counted<dyn SessionStore> {
    async fn find(&self, id: SessionId) -> Result<Option<SessionWithAccount>, SessionStoreError> {
        self.inner.find(id).await
    }

    async fn over(
        &self,
        user: UserId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<EndReason>, SessionStoreError> {
        self.inner.over(user, id, now).await
    }

    async fn rotate(
        &self,
        id: SessionId,
        from: &RefreshState,
        to: &RefreshState,
        now: DateTime<Utc>,
        audit: Option<AuditEvent>,
    ) -> Result<Rotation, SessionStoreError> {
        let action = audit.as_ref().map(|row| row.action);
        let rotation = self.inner.rotate(id, from, to, now, audit).await?;
        if rotation == Rotation::Done {
            self.outcomes.audited(action);
        }
        Ok(rotation)
    }

    async fn note_replay(
        &self,
        id: SessionId,
        generation: u32,
        audit: AuditEvent,
    ) -> Result<bool, SessionStoreError> {
        let action = audit.action;
        let first = self.inner.note_replay(id, generation, audit).await?;
        self.outcomes.audited(first.then_some(action));
        Ok(first)
    }

    async fn prove(
        &self,
        id: SessionId,
        now: DateTime<Utc>,
        code: Option<CodeId>,
        audit: AuditEvent,
    ) -> Result<Proof, SessionStoreError> {
        let action = audit.action;
        let proof = self.inner.prove(id, now, code, audit).await?;
        self.outcomes
            .audited((proof == Proof::Taken).then_some(action));
        Ok(proof)
    }

    async fn end(
        &self,
        user: UserId,
        which: SessionsOf,
        reason: EndReason,
        now: DateTime<Utc>,
        audit: AuditEvent,
    ) -> Result<Vec<SessionId>, SessionStoreError> {
        let action = audit.action;
        let ended = self.inner.end(user, which, reason, now, audit).await?;
        self.outcomes.audited((!ended.is_empty()).then_some(action));
        Ok(ended)
    }

    async fn list(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, SessionStoreError> {
        self.inner.list(user, now).await
    }
}

impl TokenIssuer for Counted<dyn TokenIssuer> {
    fn issue(&self, claims: &AccessClaims) -> Result<AccessToken, TokenIssuerError> {
        let token = self.inner.issue(claims)?;
        self.outcomes.token_issued();
        Ok(token)
    }
}
