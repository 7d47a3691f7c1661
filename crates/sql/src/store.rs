//! A database together with the keys.

use std::sync::Arc;

use menshen_domain::ports::mac::Mac;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::sealer::Sealer;

use crate::database::Database;

/// Accounts, sessions, signing keys and the audit log, in SQL. Cheap to clone.
#[derive(Clone)]
pub struct SqlStore {
    pub(crate) database: Database,
    pub(crate) keys: Keys,
    pub(crate) randomness: Arc<dyn Randomness>,
}

/// What personal data passes through on its way to a column.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) sealer: Arc<dyn Sealer>,
    pub(crate) mac: Arc<dyn Mac>,
}

impl SqlStore {
    /// Puts a migrated database and the keys together. `randomness` names the
    /// audit and outbox rows of sessions that end because of others.
    #[must_use]
    pub fn new(
        database: Database,
        sealer: Arc<dyn Sealer>,
        mac: Arc<dyn Mac>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        Self {
            database,
            keys: Keys { sealer, mac },
            randomness,
        }
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }
}
