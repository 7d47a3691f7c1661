//! From decisions to what the store is asked to carry out.

use chrono::{DateTime, Utc};

use super::ImportAccounts;
use crate::model::account::{Account, AccountStatus, Identity};
use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::event::{Notice, OutboxEvent};
use crate::model::identifiers::{IdentityId, UserId};
use crate::model::imported_person::{ImportedPerson, WaysIn};
use crate::model::importing::{CompletedAccount, ImportBatch, Intake, NewAccount};
use crate::model::profile::Profile;

/// What the audit log is told of how it was done.
const METHOD: &str = "import";

/// Collects what is to be written.
pub(super) struct BatchBuilder<'a> {
    import: &'a ImportAccounts,
    now: DateTime<Utc>,
    batch: ImportBatch,
}

impl<'a> BatchBuilder<'a> {
    pub(super) fn new(import: &'a ImportAccounts, now: DateTime<Utc>) -> Self {
        let batch = ImportBatch {
            at: now,
            ..ImportBatch::default()
        };
        Self { import, now, batch }
    }

    pub(super) fn finish(mut self) -> ImportBatch {
        if self.import.quiet {
            self.batch.outbox.clear();
        }
        self.batch
    }

    /// An account is made, with all that was given.
    pub(super) fn make(&mut self, person: &ImportedPerson) -> UserId {
        let account = self.account(person);
        let user = account.id;
        self.tell(user, AuditAction::AccountCreated, None);
        self.publish(user, Notice::UserCreated);
        let intake = self.intake(user, person.ways_in().clone());
        if person.details().disabled {
            self.tell(user, AuditAction::AccountDisabled, None);
            self.publish(user, Notice::UserDisabled);
        }
        self.batch.made.push(NewAccount { account, intake });
        user
    }

    /// An account takes in what it lacks.
    pub(super) fn complete(&mut self, user: UserId, version: i64, lacking: WaysIn) {
        let intake = self.intake(user, lacking);
        self.batch.completed.push(CompletedAccount {
            user,
            version,
            intake,
        });
    }

    fn account(&self, person: &ImportedPerson) -> Account {
        let ImportAccounts {
            randomness, policy, ..
        } = self.import;
        let details = person.details();
        let blank = policy.blank_profile(&**randomness);
        let last_login_at = details.last_login_at.unwrap_or(self.now);
        Account {
            id: person
                .id()
                .unwrap_or_else(|| UserId::generate(&**randomness, self.now)),
            version: 1,
            status: if details.disabled {
                AccountStatus::DISABLED
            } else {
                AccountStatus::Active
            },
            phone: None,
            phone_proof: None,
            profile: Profile {
                nickname: details.nickname.clone().unwrap_or(blank.nickname),
                avatar_url: details.avatar_url.clone().or(blank.avatar_url),
                birthday: details.birthday,
                bio: details.bio.clone(),
            },
            identities: Vec::new(),
            union_ids: Vec::new(),
            created_at: details.created_at.unwrap_or(self.now),
            updated_at: self.now,
            last_login_at,
        }
    }

    fn intake(&mut self, user: UserId, ways_in: WaysIn) -> Intake {
        if let Some(phone) = &ways_in.phone {
            self.tell(user, AuditAction::Linked, Some(phone.masked()));
            self.publish(user, Notice::PhoneChanged);
        }
        let no_openid = ways_in.openids.is_empty();
        let mut identities = Vec::with_capacity(ways_in.openids.len());
        for (provider, app_id, openid) in ways_in.openids {
            let id = self.identity_id();
            self.tell(user, AuditAction::Linked, Some(openid.masked()));
            self.publish(user, Notice::IdentityLinked(id));
            identities.push(Identity {
                id,
                provider,
                app_id,
                openid,
                linked_at: self.now,
            });
        }
        let mut union_ids = Vec::with_capacity(ways_in.union_ids.len());
        for (platform, union_id) in ways_in.union_ids {
            // As at a login: beside an openid, that one's row tells enough.
            if no_openid {
                self.tell(user, AuditAction::Linked, Some(union_id.masked()));
            }
            union_ids.push((self.identity_id(), platform, union_id));
        }
        Intake {
            phone: ways_in.phone,
            identities,
            union_ids,
        }
    }

    fn identity_id(&self) -> IdentityId {
        IdentityId::generate(&*self.import.randomness, self.now)
    }

    fn tell(&mut self, user: UserId, action: AuditAction, subject: Option<String>) {
        let row = AuditEvent::new(action, self.now, &*self.import.randomness);
        let mut row = row
            .with_user(user)
            .with_method(METHOD)
            .with_actor(&self.import.operator);
        row.subject = subject;
        self.batch.audit.push(row);
    }

    fn publish(&mut self, user: UserId, notice: Notice) {
        let event = OutboxEvent::new(user, notice, self.now, &*self.import.randomness);
        self.batch.outbox.push(event);
    }
}
