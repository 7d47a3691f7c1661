//! From a decision to what the store is asked to carry out.

use chrono::{DateTime, Utc};

use crate::model::account::{Account, AccountStatus, Identity};
use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::avatar::AvatarName;
use crate::model::changes::{Changes, Expected, NoticeKey, SessionsOf, Step};
use crate::model::event::{Notice, OutboxEvent};
use crate::model::evidence::{Evidence, ProvenPhone};
use crate::model::identifiers::{IdentityId, UserId};
use crate::model::linking::{Attach, Snapshot};
use crate::model::operator::Operator;
use crate::model::origin::Origin;
use crate::model::profile::{AvatarUrl, Profile};
use crate::model::session::EndReason;
use crate::model::verification::CodeId;
use crate::model::wechat::{AppId, Platform};
use crate::ports::randomness::Randomness;

/// Collects changes, and plays them on the account that the person ends in, so
/// that the answer needs no second read.
pub(super) struct ChangeSet<'a> {
    /// The account as it will be.
    pub(super) account: Account,
    /// What the store is asked to carry out.
    pub(super) changes: Changes,
    changed: bool,
    /// Another account that is changed too.
    bereft: Option<UserId>,
    now: DateTime<Utc>,
    origin: Option<&'a Origin>,
    method: &'static str,
    randomness: &'a dyn Randomness,
    /// Who does it in place of the person, and why.
    operator: Option<(&'a Operator, Option<&'a str>)>,
}

impl<'a> ChangeSet<'a> {
    /// Begins with the account that the person ends in. What no request has asked
    /// for has no origin.
    pub(super) fn new(
        account: Account,
        method: &'static str,
        origin: impl Into<Option<&'a Origin>>,
        now: DateTime<Utc>,
        randomness: &'a dyn Randomness,
    ) -> Self {
        Self {
            account,
            changes: Changes::default(),
            changed: false,
            bereft: None,
            now,
            origin: origin.into(),
            method,
            randomness,
            operator: None,
        }
    }

    /// An operator does it, for this reason.
    pub(super) fn by(mut self, operator: &'a Operator, reason: Option<&'a str>) -> Self {
        self.operator = Some((operator, reason));
        self
    }

    /// The account is shut: all its sessions end, and nobody signs in to it.
    pub(super) fn disable(&mut self) {
        let user = self.account.id;
        self.account.status = AccountStatus::Disabled {
            purge_at: self.account.status.purge_at(),
        };
        self.changes.steps.push(Step::Disable(user));
        self.changes.steps.push(Step::EndSessions {
            user,
            which: SessionsOf::All,
            reason: EndReason::Disabled,
        });
        self.tell(AuditAction::AccountDisabled, None);
        self.publish(Notice::UserDisabled);
        self.changed = true;
    }

    /// The account is open again, or being cancelled again.
    pub(super) fn enable(&mut self) {
        self.account.status = match self.account.status.purge_at() {
            None => AccountStatus::Active,
            Some(purge_at) => AccountStatus::Cancelling { purge_at },
        };
        self.changes.steps.push(Step::Enable(self.account.id));
        self.tell(AuditAction::AccountEnabled, None);
        self.publish(Notice::UserEnabled);
        self.changed = true;
    }

    /// The account does not exist yet.
    pub(super) fn create(&mut self, consent_version: Option<String>) {
        let account = Box::new(Account {
            phone: None,
            phone_proof: None,
            identities: Vec::new(),
            union_ids: Vec::new(),
            ..self.account.clone()
        });
        self.changes.steps.push(Step::CreateUser {
            account,
            consent_version,
        });
        self.tell(AuditAction::AccountCreated, None);
        self.publish(Notice::UserCreated);
    }

    /// The cancellations of these accounts are taken back.
    pub(super) fn restore(&mut self, other: Option<&Account>) {
        if let AccountStatus::Cancelling { .. } = self.account.status {
            self.account.status = AccountStatus::Active;
            self.changes.steps.push(Step::Restore(self.account.id));
            self.tell(AuditAction::Restored, None);
            self.publish(Notice::UserRestored);
            self.changed = true;
        }
        if let Some(other) =
            other.filter(|other| matches!(other.status, AccountStatus::Cancelling { .. }))
        {
            self.changes.steps.push(Step::Restore(other.id));
        }
    }

    /// All of `from` moves into the account.
    pub(super) fn merge(&mut self, from: &Account) {
        self.account.profile.fill_from(&from.profile);
        self.account
            .identities
            .extend(from.identities.iter().cloned());
        // Oldest first, as the store will answer them.
        self.account
            .identities
            .sort_by_key(|identity| (identity.linked_at, identity.id));
        self.account
            .union_ids
            .extend(from.union_ids.iter().cloned());
        self.changes.steps.push(Step::Merge {
            from: from.id,
            into: self.account.id,
            profile: self.account.profile.clone(),
        });
        self.drop_unshown(from.profile.kept_avatar());
        self.tell(AuditAction::Merged, Some(from.id.to_string()));
        self.publish(Notice::UserMerged { from: from.id });
        self.changed = true;
    }

    /// A number goes away from another account, whose owner seems to have lost it.
    /// Its log tells nothing of whoever proved the number.
    pub(super) fn take_phone_from(&mut self, other: &Account) {
        let Some(phone) = &other.phone else { return };
        let user = other.id;
        self.changes.steps.push(Step::ClearPhone(user));
        self.changes.steps.push(Step::EndSessions {
            user,
            which: SessionsOf::All,
            reason: EndReason::PhoneChanged,
        });
        let row = AuditEvent::new(AuditAction::PhoneRemoved, self.now, self.randomness);
        let row = row
            .with_user(user)
            .with_subject(phone.masked())
            .with_method(self.method)
            .with_reason("recycled");
        self.changes.audit.push(row);
        let event = OutboxEvent::new(user, Notice::PhoneRemoved, self.now, self.randomness);
        self.changes.outbox.push(event);
        self.bereft = Some(user);
    }

    /// The account takes in what the decision says.
    pub(super) fn attach(&mut self, attach: Attach, evidence: &Evidence) {
        self.attach_phone(attach.phone, evidence);
        self.attach_wechat(attach, evidence);
    }

    fn attach_phone(&mut self, attach: bool, evidence: &Evidence) {
        let Some(phone) = evidence.phone().filter(|_| attach) else {
            return;
        };
        let replaced = self.account.phone.replace(phone.number().clone()).is_some();
        self.account.phone_proof = Some(phone.proof());
        self.changes.steps.push(Step::SetPhone {
            user: self.account.id,
            phone: phone.number().clone(),
            proof: phone.proof(),
        });
        let action = if replaced {
            AuditAction::PhoneChanged
        } else {
            AuditAction::Linked
        };
        self.tell(action, Some(phone.number().masked()));
        self.publish(Notice::PhoneChanged);
        self.changed = true;
    }

    fn attach_wechat(&mut self, attach: Attach, evidence: &Evidence) {
        let Some(wechat) = evidence.wechat() else {
            return;
        };
        if attach.openid {
            let identity = Identity {
                id: IdentityId::generate(self.randomness, self.now),
                provider: wechat.provider,
                app_id: wechat.app_id.clone(),
                openid: wechat.openid.clone(),
                linked_at: self.now,
            };
            self.tell(AuditAction::Linked, Some(wechat.openid.masked()));
            self.publish(Notice::IdentityLinked(identity.id));
            self.account.identities.push(identity.clone());
            self.changes.steps.push(Step::LinkIdentity {
                user: self.account.id,
                identity,
                session_key: wechat.session_key.clone(),
            });
            self.changed = true;
        } else if let Some(key) = &wechat.session_key
            && self.account.openid_of(wechat.provider, &wechat.app_id) == Some(&wechat.openid)
        {
            self.changes.steps.push(Step::StoreSessionKey {
                provider: wechat.provider,
                app_id: wechat.app_id.clone(),
                openid: wechat.openid.clone(),
                key: key.clone(),
            });
        }
        if let Some((platform, union_id)) = wechat.union_id.clone().filter(|_| attach.union_id) {
            // Whatever changes an account is audited; with an openid, it has been.
            if !attach.openid {
                self.tell(AuditAction::Linked, Some(union_id.masked()));
            }
            self.account
                .union_ids
                .push((platform.clone(), union_id.clone()));
            self.changes.steps.push(Step::LinkUnionId {
                user: self.account.id,
                id: IdentityId::generate(self.randomness, self.now),
                platform,
                union_id,
            });
            self.changed = true;
        }
    }

    /// The number that the account holds was proven again, by a better proof.
    pub(super) fn confirm_phone(&mut self, phone: &ProvenPhone) {
        self.account.phone_proof = Some(phone.proof());
        self.changes.steps.push(Step::SetPhone {
            user: self.account.id,
            phone: phone.number().clone(),
            proof: phone.proof(),
        });
        self.tell(AuditAction::PhoneConfirmed, Some(phone.number().masked()));
        self.changed = true;
    }

    /// The account gives its phone number up.
    pub(super) fn remove_phone(&mut self) {
        let Some(phone) = self.account.phone.take() else {
            return;
        };
        self.account.phone_proof = None;
        self.changes.steps.push(Step::ClearPhone(self.account.id));
        self.tell(AuditAction::PhoneRemoved, Some(phone.masked()));
        self.publish(Notice::PhoneRemoved);
        self.changed = true;
    }

    /// The account gives an identity up; answers the application that it was of.
    pub(super) fn unlink(&mut self, id: IdentityId) -> Option<AppId> {
        let held = &mut self.account.identities;
        let place = held.iter().position(|identity| identity.id == id)?;
        let identity = held.remove(place);
        let user = self.account.id;
        self.changes.steps.push(Step::UnlinkIdentity { user, id });
        self.tell(AuditAction::Unlinked, Some(identity.openid.masked()));
        self.publish(Notice::IdentityUnlinked(id));
        self.changed = true;
        Some(identity.app_id)
    }

    /// The account forgets the unionid that it holds on a platform.
    pub(super) fn forget_union_id(&mut self, platform: &Platform) {
        let held = &mut self.account.union_ids;
        let Some(place) = held.iter().position(|(name, _)| name == platform) else {
            return;
        };
        let (platform, union_id) = held.remove(place);
        self.changes.steps.push(Step::UnlinkUnionId {
            user: self.account.id,
            platform,
        });
        self.tell(AuditAction::Unlinked, Some(union_id.masked()));
        self.changed = true;
    }

    /// The account is to be erased at `purge_at`; all its sessions end.
    pub(super) fn cancel(&mut self, purge_at: DateTime<Utc>) {
        let user = self.account.id;
        self.account.status = AccountStatus::Cancelling { purge_at };
        self.changes.steps.push(Step::Cancel { user, purge_at });
        self.changes.steps.push(Step::EndSessions {
            user,
            which: SessionsOf::All,
            reason: EndReason::Cancelled,
        });
        self.tell(AuditAction::Cancelled, None);
        self.publish(Notice::UserCancelled);
        self.changed = true;
    }

    /// Nothing personal of the account is left.
    pub(super) fn erase(&mut self) {
        for identity in std::mem::take(&mut self.account.identities) {
            self.tell(AuditAction::Unlinked, Some(identity.openid.masked()));
            self.publish(Notice::IdentityUnlinked(identity.id));
        }
        if let Some(phone) = self.account.phone.take() {
            self.tell(AuditAction::PhoneRemoved, Some(phone.masked()));
            self.publish(Notice::PhoneRemoved);
        }
        self.account.phone_proof = None;
        self.account.union_ids.clear();
        self.account.status = AccountStatus::Erased;
        self.changes.steps.push(Step::Erase(self.account.id));
        self.tell(AuditAction::Erased, None);
        self.publish(Notice::UserErased);
        self.changed = true;
    }

    /// All of this happens once, however often the notice is delivered.
    pub(super) fn claim(&mut self, notice: NoticeKey) {
        self.changes.steps.push(Step::ClaimNotice(notice));
    }

    /// The code that proved this, if one did, proves nothing any more.
    pub(super) fn spend(&mut self, code: Option<CodeId>) {
        self.changes.steps.extend(code.map(Step::SpendCode));
    }

    /// The account shows this profile from now on.
    pub(super) fn edit(&mut self, profile: Profile) {
        let shown = self.account.profile.kept_avatar();
        self.account.profile = profile.clone();
        self.changes.steps.push(Step::SaveProfile {
            user: self.account.id,
            profile,
        });
        self.drop_unshown(shown);
        self.tell(AuditAction::ProfileUpdated, None);
        self.publish(Notice::UserUpdated);
        self.changed = true;
    }

    /// The account shows a picture that was announced for it.
    pub(super) fn show_avatar(&mut self, name: AvatarName, address: AvatarUrl) {
        let user = self.account.id;
        self.changes.steps.push(Step::ShowAvatar { user, name });
        self.edit(Profile {
            avatar_url: Some(address),
            ..self.account.profile.clone()
        });
    }

    /// A picture goes that was shown, if it is kept here and is not shown any more.
    fn drop_unshown(&mut self, shown: Option<AvatarName>) {
        if let Some(name) = shown.filter(|_| shown != self.account.profile.kept_avatar()) {
            let user = self.account.id;
            self.changes.steps.push(Step::DropAvatar { user, name });
        }
    }

    /// Adds a step that changes no account.
    pub(super) fn step(&mut self, step: Step) {
        self.changes.steps.push(step);
    }

    /// Adds an audit row about the account.
    pub(super) fn tell(&mut self, action: AuditAction, subject: Option<String>) {
        let mut row = AuditEvent::new(action, self.now, self.randomness)
            .with_user(self.account.id)
            .with_method(self.method);
        if let Some(origin) = self.origin {
            row = row.with_origin(origin);
        }
        row.subject = subject;
        if let Some((operator, reason)) = self.operator {
            row.actor = Some(operator.name().to_owned());
            row.reason = reason.map(ToOwned::to_owned);
        }
        self.changes.audit.push(row);
    }

    /// Adds an event about the account.
    pub(super) fn publish(&mut self, notice: Notice) {
        let event = OutboxEvent::new(self.account.id, notice, self.now, self.randomness);
        self.changes.outbox.push(event);
    }

    /// Demands that every account of the snapshot is as it was seen, and ends
    /// the collection.
    pub(super) fn finish(
        mut self,
        found: &Snapshot,
        merged: Option<&Account>,
        signed_in: bool,
    ) -> (Account, Changes) {
        let id = self.account.id;
        let seen = found.signed_in.iter().chain(found.matched());
        let mut expected: Vec<Expected> = Vec::new();
        for account in seen {
            if expected.iter().any(|other| other.user == account.id) {
                continue;
            }
            let survivor = account.id == id;
            expected.push(Expected {
                user: account.id,
                version: account.version,
                last_login_at: account.last_login_at,
                changed: (survivor && self.changed)
                    || merged.is_some_and(|from| from.id == account.id)
                    || self.bereft == Some(account.id),
                signed_in_at: (survivor && signed_in).then_some(self.now),
            });
        }
        let existed = expected.iter().any(|other| other.user == id);
        self.changes.expected = expected;
        if self.changed {
            // A new account is stored with the version that it was made with.
            self.account.version += i64::from(existed);
            self.account.updated_at = self.now;
        }
        if signed_in {
            self.account.last_login_at = self.now;
        }
        (self.account, self.changes)
    }
}
