//! Accounts by the hundred: one statement to read them, and a transaction of a few
//! statements to write them, however many they are.

mod apply;
mod observe;

use async_trait::async_trait;
use menshen_domain::model::importing::{ImportBatch, ImportKeys, KnownAccounts};
use menshen_domain::ports::account_import::{AccountImport, AccountImportError};

use crate::failure::Failure;
use crate::store::SqlStore;

#[async_trait]
impl AccountImport for SqlStore {
    async fn observe(&self, keys: &ImportKeys) -> Result<KnownAccounts, AccountImportError> {
        Ok(self.database.within(observe::observe(self, keys)).await?)
    }

    async fn apply(&self, batch: &ImportBatch) -> Result<(), AccountImportError> {
        Ok(self.database.within(apply::apply(self, batch)).await?)
    }
}

impl From<Failure> for AccountImportError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Taken(_) | Failure::Lost => Self::Stale,
            other => Self::Unavailable(other.boxed()),
        }
    }
}

/// `($1, $2), ($3, $4)`: places for rows of values, from behind `used` on.
fn places(used: usize, columns: usize, rows: usize) -> String {
    let row = |row: usize| {
        let first = used + row * columns + 1;
        let numbers = (first..first + columns).map(|number| format!("${number}"));
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn places_go_on_behind_those_that_are_used() {
        assert_eq!(places(0, 2, 2), "($1, $2), ($3, $4)");
        assert_eq!(places(3, 1, 2), "($4), ($5)");
        assert_eq!(places(3, 3, 0), "");
    }
}
