//! What ports were asked, and what changes do, in words.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::changes::{Changes, Step};
use menshen_domain::model::session::Session;
use menshen_domain::model::sms_delivery::SendVerdict;

/// What a port was asked, in order.
pub(crate) struct Heard<T>(Arc<Mutex<Vec<T>>>);

impl<T> Heard<T> {
    pub(super) fn new() -> (Self, impl Fn(T) + Clone + Send + Sync + 'static)
    where
        T: Send + 'static,
    {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let listen = move |one| {
            listener
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(one);
        };
        (Self(heard), listen)
    }

    pub(crate) fn all(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard<AuditEvent> {
    pub(crate) fn actions(&self) -> Vec<AuditAction> {
        self.all().iter().map(|row| row.action).collect()
    }
}

impl<T: Clone> Heard<T> {
    /// The only one that was heard of.
    #[track_caller]
    pub(crate) fn only(&self) -> T {
        let all = self.all();
        assert_eq!(all.len(), 1, "it happened once");
        all[0].clone()
    }
}

/// What the send record was told.
pub(crate) struct Recorded {
    pub(crate) verdicts: Heard<SendVerdict>,
    pub(crate) audit: Heard<AuditEvent>,
}

/// What the changes do, one word per step.
pub(crate) fn steps(changes: &Changes) -> Vec<&'static str> {
    let word = |step: &Step| match step {
        Step::CreateUser { .. } => "create",
        Step::SetPhone { .. } => "phone",
        Step::ClearPhone(_) => "no phone",
        Step::LinkIdentity { .. } => "openid",
        Step::LinkUnionId { .. } => "unionid",
        Step::UnlinkIdentity { .. } => "no openid",
        Step::UnlinkUnionId { .. } => "no unionid",
        Step::StoreSessionKey { .. } => "session key",
        Step::DropSessionKey { .. } => "no session key",
        Step::Erase(_) => "erase",
        Step::EndSessionsThrough { .. } => "end sessions through",
        Step::ClaimNotice(_) => "notice",
        Step::SpendCode(_) => "spent code",
        Step::Merge { .. } => "merge",
        Step::SaveProfile { .. } => "profile",
        Step::ShowAvatar { .. } => "picture",
        Step::DropAvatar { .. } => "no picture",
        Step::Cancel { .. } => "cancel",
        Step::Restore(_) => "restore",
        Step::Disable(_) => "disable",
        Step::Enable(_) => "enable",
        Step::EndSessions { .. } => "end sessions",
        Step::OpenSession { .. } => "session",
    };
    changes.steps.iter().map(word).collect()
}

pub(crate) fn actions(changes: &Changes) -> Vec<AuditAction> {
    changes.audit.iter().map(|row| row.action).collect()
}

pub(crate) fn notices(changes: &Changes) -> Vec<&'static str> {
    let name = |event: &menshen_domain::model::event::OutboxEvent| event.notice.as_str();
    changes.outbox.iter().map(name).collect()
}

/// The session that the changes open.
pub(crate) fn opened(changes: &Changes) -> Session {
    let session = changes.steps.iter().find_map(|step| match step {
        Step::OpenSession { session, .. } => Some((**session).clone()),
        _ => None,
    });
    session.expect("a session is opened")
}
