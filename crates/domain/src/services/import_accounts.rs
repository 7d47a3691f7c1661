//! Importing people from another system: observe, decide, apply, some hundred at once.

mod batch;
mod rehearsal;

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::identifiers::UserId;
use crate::model::import_decision::{ImportDecision, LeftReason, decide_import};
use crate::model::imported_person::{ImportedPerson, OpenIdKey, UnionIdKey, WaysIn};
use crate::model::importing::{ImportKeys, KnownAccounts};
use crate::model::operator::Operator;
use crate::model::phone_number::PhoneNumber;
use crate::model::policy::AccountPolicy;
use crate::ports::account_import::{AccountImport, AccountImportError};
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;

use self::batch::BatchBuilder;
pub use self::rehearsal::{DryRun, UNMADE};

/// How many people are imported in one transaction.
pub const MOST_AT_ONCE: usize = 200;
/// How many numbers, openids, unionids and ids are looked up in one statement.
const MOST_KEYS: usize = 2_000;
/// How often a batch is observed anew before its first person is left as busy. Each
/// time it has half as many people, so that one who is in the way does not hold up
/// the others.
const MAX_ROUNDS: u32 = 16;

/// What became of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// An account was made.
    Created(UserId),
    /// An account was there, and has taken in what it lacked.
    Completed(UserId),
    /// An account was there, and lacked nothing.
    Unchanged(UserId),
    /// Nothing was changed: somebody has to look at these accounts.
    Left(LeftReason, Vec<UserId>),
}

/// Imports people on the word of an operator. Nobody is signed in and no message is
/// sent. The same person given again changes nothing.
pub struct ImportAccounts {
    /// The accounts.
    pub accounts: Arc<dyn AccountImport>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names accounts, identities and rows.
    pub randomness: Arc<dyn Randomness>,
    /// What accounts look like that tell nothing of it.
    pub policy: Arc<AccountPolicy>,
    /// Who imports.
    pub operator: Operator,
    /// Decide only; write nothing.
    pub dry_run: Option<DryRun>,
    /// Tell other services nothing.
    pub quiet: bool,
}

impl ImportAccounts {
    /// Imports people from the front on, as many as go into one transaction: at least
    /// one, and [`MOST_AT_ONCE`] at most. What became of each, in their order; whoever
    /// calls goes on behind them.
    ///
    /// # Errors
    ///
    /// [`AccountImportError::Unavailable`]: nothing was written. It may be tried again.
    pub async fn execute(
        &self,
        people: &[ImportedPerson],
    ) -> Result<Vec<Imported>, AccountImportError> {
        let mut take = apart(people);
        for _ in 0..MAX_ROUNDS {
            let now = self.clock.now();
            let people = &people[..take];
            let known = self.accounts.observe(&ImportKeys::of(people)).await?;
            if let Some(dry_run) = &self.dry_run {
                return Ok(dry_run.plan(people, &known));
            }
            let mut batch = BatchBuilder::new(self, now);
            let outcomes = plan(people, &known, &mut batch);
            let batch = batch.finish();
            if batch.is_empty() {
                return Ok(outcomes);
            }
            match self.accounts.apply(&batch).await {
                Ok(()) => return Ok(outcomes),
                Err(AccountImportError::Stale) => take = (take / 2).max(1),
                Err(error) => return Err(error),
            }
        }
        Ok(vec![Imported::Left(LeftReason::Busy, Vec::new())])
    }
}

/// Decides person by person. It ends before one who meets an earlier one at the
/// same account: what that one changes has to be seen first.
fn plan(
    people: &[ImportedPerson],
    known: &KnownAccounts,
    batch: &mut BatchBuilder<'_>,
) -> Vec<Imported> {
    let mut completed: HashSet<UserId> = HashSet::new();
    let mut outcomes = Vec::with_capacity(people.len());
    for person in people {
        let matching = known.matching(person);
        if matching.iter().any(|one| completed.contains(&one.id)) {
            break;
        }
        outcomes.push(match decide_import(person, known) {
            ImportDecision::Create => Imported::Created(batch.make(person)),
            ImportDecision::Complete {
                user,
                version,
                lacking,
            } => {
                completed.insert(user);
                batch.complete(user, version, lacking);
                Imported::Completed(user)
            }
            ImportDecision::Unchanged(user) => Imported::Unchanged(user),
            ImportDecision::Leave(reason, users) => Imported::Left(reason, users),
        });
    }
    outcomes
}

/// What names a person.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Id(UserId),
    Phone(&'a PhoneNumber),
    OpenId(&'a OpenIdKey),
    UnionId(&'a UnionIdKey),
}

fn keys(person: &ImportedPerson) -> impl Iterator<Item = Key<'_>> {
    let ids = person.id().map(Key::Id).into_iter();
    ids.chain(keys_of(person.ways_in()))
}

fn keys_of(ways_in: &WaysIn) -> impl Iterator<Item = Key<'_>> {
    let phones = ways_in.phone.iter().map(Key::Phone);
    phones
        .chain(ways_in.openids.iter().map(Key::OpenId))
        .chain(ways_in.union_ids.iter().map(Key::UnionId))
}

/// How many people from the front on have nothing in common, and few enough keys.
fn apart(people: &[ImportedPerson]) -> usize {
    let mut seen = HashSet::new();
    for (place, person) in people.iter().take(MOST_AT_ONCE).enumerate() {
        let before = seen.len();
        let new = keys(person).filter(|key| !seen.contains(key)).count();
        if place > 0 && (new < keys(person).count() || before + new > MOST_KEYS) {
            return place;
        }
        seen.extend(keys(person));
    }
    people.len().min(MOST_AT_ONCE)
}
