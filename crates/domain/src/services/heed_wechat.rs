//! Doing what WeChat tells of a person: data goes, identities go, accounts go.

use std::sync::Arc;

use crate::model::account::Account;
use crate::model::audit::AuditAction;
use crate::model::changes::{NoticeKey, Step};
use crate::model::linking::Snapshot;
use crate::model::origin::Origin;
use crate::model::policy::AccountPolicy;
use crate::model::session::EndReason;
use crate::model::wechat::{WeChatApp, WeChatApps};
use crate::model::wechat_push::{PushEvent, PushKind};
use crate::model::withdrawal::{Withdrawal, WithdrawnData, withdraw};
use crate::ports::account_store::{AccountStore, AccountStoreError, Lookup};
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;
use crate::services::account_changes::ChangeSet;
use crate::services::sign_in::MAX_ROUNDS;

/// The method of the audit log.
const METHOD: &str = "wechat_push";

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Heeded {
    /// It was carried out, durably.
    Done,
    /// It had been carried out before.
    Before,
    /// It concerns nobody whom we know.
    Nobody,
}

impl Heeded {
    /// The stable word of the metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Before => "before",
            Self::Nobody => "nobody",
        }
    }
}

/// Does what WeChat tells of a person.
pub struct HeedWeChat {
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws nicknames and names rows.
    pub randomness: Arc<dyn Randomness>,
    /// What a profile looks like that nobody has filled in.
    pub policy: Arc<AccountPolicy>,
}

impl HeedWeChat {
    /// Carries an authentic event out, in one transaction that also remembers
    /// the event, so that its repeats change nothing.
    ///
    /// # Errors
    ///
    /// [`AccountStoreError::Unavailable`] and [`AccountStoreError::Stale`]:
    /// nothing has changed, and WeChat may deliver the event again.
    pub async fn execute(
        &self,
        event: &PushEvent,
        origin: &Origin,
    ) -> Result<Heeded, AccountStoreError> {
        let Some(app) = self.apps.all().iter().find(|app| app.id == event.app_id) else {
            return Ok(Heeded::Nobody);
        };
        let place = (app.kind.provider(), app.id.clone(), event.openid.clone());
        let lookup = Lookup {
            openid: Some(place),
            ..Lookup::default()
        };
        for _ in 0..MAX_ROUNDS {
            let found = self.accounts.observe(&lookup).await?;
            let Some(account) = found.by_openid.clone() else {
                return Ok(Heeded::Nobody);
            };
            match self.carry_out(event, app, account, &found, origin).await {
                Err(AccountStoreError::Stale) => {}
                Err(AccountStoreError::NoticeSeen) => return Ok(Heeded::Before),
                outcome => return outcome.map(|()| Heeded::Done),
            }
        }
        Err(AccountStoreError::Stale)
    }

    async fn carry_out(
        &self,
        event: &PushEvent,
        app: &WeChatApp,
        account: Account,
        found: &Snapshot,
        origin: &Origin,
    ) -> Result<(), AccountStoreError> {
        let withdrawal = withdraw(&event.kind, &account, app, &event.openid, &self.apps);
        let now = self.clock.now();
        let mut set = ChangeSet::new(account, METHOD, origin, now, &*self.randomness);
        set.claim(NoticeKey(event.key.0));
        set.tell(AuditAction::NoticeReceived, Some(event.openid.masked()));
        if let Some(row) = set.changes.audit.last_mut() {
            row.reason = Some(told(&event.kind));
        }
        match withdrawal {
            Withdrawal::Data(data) => self.give_up(&mut set, data),
            Withdrawal::Identity { id, union_id, data } => {
                self.give_up(&mut set, data);
                if let Some(app_id) = set.unlink(id) {
                    let user = set.account.id;
                    let reason = EndReason::Cancelled;
                    set.step(Step::EndSessionsThrough {
                        user,
                        app_id,
                        reason,
                    });
                }
                if let Some(platform) = union_id {
                    set.forget_union_id(&platform);
                }
            }
            Withdrawal::Account => set.erase(),
        }
        let (_, changes) = set.finish(found, None, false);
        self.accounts.apply(&changes).await
    }

    fn give_up(&self, set: &mut ChangeSet<'_>, data: WithdrawnData) {
        let mut profile = set.account.profile.clone();
        let blank = self.policy.blank_profile(&*self.randomness);
        if data.nickname {
            profile.nickname = blank.nickname;
        }
        if data.avatar {
            profile.avatar_url = blank.avatar_url;
        }
        if profile != set.account.profile {
            set.edit(profile);
        }
        if data.phone {
            set.remove_phone();
        }
    }
}

/// WeChat's word for the event, and which permissions it names.
fn told(kind: &PushKind) -> String {
    match kind {
        PushKind::AuthorizationRevoked(permissions) => {
            format!("{}: {permissions:?}", kind.as_str())
        }
        PushKind::UserInfoModified | PushKind::AuthorizationCancelled => kind.as_str().to_owned(),
    }
}
