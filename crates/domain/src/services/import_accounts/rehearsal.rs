//! What a dry run would have made so far: nobody else can tell that two rows of a file
//! are one person.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::{Imported, Key, keys, keys_of};
use crate::model::account::{Account, AccountStatus, Identity};
use crate::model::identifiers::UserId;
use crate::model::import_decision::{Candidate, Held, ImportDecision, decide_among};
use crate::model::imported_person::{ImportedPerson, WaysIn};
use crate::model::importing::KnownAccounts;
use crate::model::wechat::{AppId, Platform, Provider};

/// How many ways in a dry run remembers at most: some 40 bytes each, 150 MB in all.
const MOST: usize = 3_500_000;

/// The id of an account that a dry run did not make, where none was asked for.
pub const UNMADE: UserId = UserId::from_uuid(Uuid::nil());

/// A dry run. Of whoever it would have made or completed it remembers hashes of 64 bits,
/// so that a later row of the same person is told as the import would tell it. Two of
/// them are taken for one by chance about once in a million files of a million people.
#[derive(Debug)]
pub struct DryRun {
    most: usize,
    seen: Mutex<Seen>,
}

impl Default for DryRun {
    fn default() -> Self {
        Self::remembering(MOST)
    }
}

impl DryRun {
    /// One that remembers about so many ways in.
    #[must_use]
    pub fn remembering(most: usize) -> Self {
        Self {
            most,
            seen: Mutex::default(),
        }
    }

    /// True if it could not remember all: later rows may have been compared with the
    /// database only.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.seen().full
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the import would do with these people, one after another.
    pub(super) fn plan(&self, people: &[ImportedPerson], known: &KnownAccounts) -> Vec<Imported> {
        let mut seen = self.seen();
        let imported = people.iter().map(|person| {
            seen.full |= seen.by_key.len() >= self.most;
            seen.take(person, known)
        });
        imported.collect()
    }
}

/// The place that a way in has in an account.
#[derive(Hash)]
enum Place<'a> {
    Phone,
    OpenId(Provider, &'a AppId),
    UnionId(&'a Platform),
}

/// An account that was made or completed, by its number.
#[derive(Debug, Clone, Copy)]
struct Rehearsed {
    user: UserId,
    status: AccountStatus,
}

#[derive(Debug, Default)]
struct Seen {
    accounts: Vec<Rehearsed>,
    /// Which account something leads to.
    by_key: HashMap<u64, usize>,
    /// Which places of which account are taken.
    taken: HashSet<u64>,
    /// Nothing more is remembered.
    full: bool,
}

impl Seen {
    fn take(&mut self, person: &ImportedPerson, known: &KnownAccounts) -> Imported {
        let matching = known.matching(person);
        let rehearsed = self.matching(person);
        let mut candidates: Vec<_> = rehearsed
            .iter()
            .map(|number| self.candidate(*number, person))
            .collect();
        // One that was completed is as it would be by now, not as it is.
        let is_new = |one: &&&Account| candidates.iter().all(|other| other.id != one.id);
        let others: Vec<&Account> = matching.iter().filter(is_new).copied().collect();
        candidates.extend(others.iter().map(|one| Candidate::of(one, person)));
        match decide_among(person, &candidates) {
            ImportDecision::Create => {
                self.make(person);
                Imported::Created(person.id().unwrap_or(UNMADE))
            }
            ImportDecision::Complete { user, lacking, .. } => {
                let number = rehearsed.first().copied();
                let number = number.or_else(|| others.first().map(|one| self.adopt(one)));
                if let Some(number) = number {
                    self.remember(number, &lacking);
                }
                Imported::Completed(user)
            }
            ImportDecision::Unchanged(user) => Imported::Unchanged(user),
            ImportDecision::Leave(reason, users) => Imported::Left(reason, users),
        }
    }

    /// The accounts that are this person's.
    fn matching(&self, person: &ImportedPerson) -> Vec<usize> {
        let mut found = Vec::new();
        for number in keys(person).filter_map(|key| self.by_key.get(&hash(&key))) {
            if !found.contains(number) {
                found.push(*number);
            }
        }
        found
    }

    fn candidate(&self, number: usize, person: &ImportedPerson) -> Candidate {
        let Rehearsed { user, status } = self.accounts[number];
        let ways_in = person.ways_in();
        let held = |key: Key<'_>, place: Place<'_>| {
            if self.by_key.get(&hash(&key)) == Some(&number) {
                Held::This
            } else if self.taken.contains(&hash(&(number, place))) {
                Held::Other
            } else {
                Held::Nothing
            }
        };
        let phone = ways_in.phone.as_ref();
        let openids = ways_in.openids.iter();
        let union_ids = ways_in.union_ids.iter();
        Candidate {
            id: user,
            version: 1,
            status,
            phone: phone.map(|given| held(Key::Phone(given), Place::Phone)),
            openids: openids
                .map(|given| held(Key::OpenId(given), Place::OpenId(given.0, &given.1)))
                .collect(),
            union_ids: union_ids
                .map(|given| held(Key::UnionId(given), Place::UnionId(&given.0)))
                .collect(),
        }
    }

    fn make(&mut self, person: &ImportedPerson) {
        let status = if person.details().disabled {
            AccountStatus::DISABLED
        } else {
            AccountStatus::Active
        };
        let number = self.begin(person.id().unwrap_or(UNMADE), status);
        self.remember(number, person.ways_in());
    }

    /// Remembers an account of the database, whole: it may be found by anything later.
    fn adopt(&mut self, account: &Account) -> usize {
        let number = self.begin(account.id, account.status);
        let openids = account.identities.iter().cloned();
        let held = WaysIn {
            phone: account.phone.clone(),
            openids: openids
                .map(|one: Identity| (one.provider, one.app_id, one.openid))
                .collect(),
            union_ids: account.union_ids.clone(),
        };
        self.remember(number, &held);
        number
    }

    fn begin(&mut self, user: UserId, status: AccountStatus) -> usize {
        let number = self.accounts.len();
        if !self.full {
            self.accounts.push(Rehearsed { user, status });
            if user != UNMADE {
                self.by_key.insert(hash(&Key::Id(user)), number);
            }
        }
        number
    }

    fn remember(&mut self, number: usize, ways_in: &WaysIn) {
        if self.full {
            return;
        }
        for key in keys_of(ways_in) {
            let place = match key {
                Key::Id(_) => continue,
                Key::Phone(_) => Place::Phone,
                Key::OpenId((provider, app, _)) => Place::OpenId(*provider, app),
                Key::UnionId((platform, _)) => Place::UnionId(platform),
            };
            self.taken.insert(hash(&(number, place)));
            self.by_key.insert(hash(&key), number);
        }
    }
}

fn hash(of: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(of)
}
