//! The database, with the schema of this version, and whether it can be written.

use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::ports::BoxError;
use menshen_sql::{Database, DatabaseError};

use super::StartError;
use crate::http::readiness::Probe;
use crate::settings::Settings;

/// Connects the database as the settings say.
///
/// # Errors
///
/// As of the adapter.
pub async fn database(settings: &Settings) -> Result<Database, StartError> {
    let stores = &settings.stores;
    if !stores.database_url.is_protected() {
        tracing::warn!("PostgreSQL on another machine is reached without TLS that checks it");
    }
    Ok(Database::open(&stores.database_url, stores.database).await?)
}

/// Refuses a schema that is not the one of this version.
///
/// # Errors
///
/// What to do about it.
pub async fn check_schema(database: &Database) -> Result<(), StartError> {
    database.check_schema().await.map_err(|error| match error {
        DatabaseError::SchemaTooOld { .. } => format!("{error}: run menshen migrate up").into(),
        other => other.into(),
    })
}

/// The database with the schema of this version.
pub(super) async fn migrated(settings: &Settings) -> Result<Database, StartError> {
    let database = database(settings).await?;
    if settings.stores.auto_migrate {
        database.migrate_up().await?;
    } else {
        check_schema(&database).await?;
    }
    Ok(database)
}

/// Whether the database takes what is written, for readiness.
pub(super) fn probe(database: &Database) -> Arc<dyn Probe> {
    Arc::new(DatabaseProbe(database.clone()))
}

struct DatabaseProbe(Database);

#[async_trait]
impl Probe for DatabaseProbe {
    async fn check(&self) -> Result<(), BoxError> {
        Ok(self.0.check_writable().await?)
    }
}
