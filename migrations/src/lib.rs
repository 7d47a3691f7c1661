//! The schema of Menshen, one list of migrations for SQLite and PostgreSQL.
//!
//! The list is append-only: a migration that was released is never edited.

mod column;
mod m20260101_000001_accounts;
mod m20260101_000002_sessions;
mod m20260101_000003_records;
mod m20260101_000004_keys;
mod m20260101_000005_sends;
mod m20260101_000006_provider_notices;
mod m20260101_000007_housekeeping;
mod m20260101_000008_ring_rotation;
mod m20260101_000009_spent_codes;
mod m20260101_000010_resealing;
mod m20260101_000011_due_accounts;
mod m20260101_000012_ended_sessions;
mod m20260101_000013_audit_actors;
mod m20260101_000014_test_numbers;
mod m20260101_000015_webhook_deliveries;
mod m20260101_000017_avatars;

pub use sea_orm_migration::MigratorTrait;

use sea_orm_migration::sea_orm::{ConnectionTrait as _, DbErr, Statement};
use sea_orm_migration::{IntoSchemaManagerConnection, MigrationTrait, SchemaManager};

/// The schema's history.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20260101_000001_accounts::Migration),
            Box::new(m20260101_000002_sessions::Migration),
            Box::new(m20260101_000003_records::Migration),
            Box::new(m20260101_000004_keys::Migration),
            Box::new(m20260101_000005_sends::Migration),
            Box::new(m20260101_000006_provider_notices::Migration),
            Box::new(m20260101_000007_housekeeping::Migration),
            Box::new(m20260101_000008_ring_rotation::Migration),
            Box::new(m20260101_000009_spent_codes::Migration),
            Box::new(m20260101_000010_resealing::Migration),
            Box::new(m20260101_000011_due_accounts::Migration),
            Box::new(m20260101_000012_ended_sessions::Migration),
            Box::new(m20260101_000013_audit_actors::Migration),
            Box::new(m20260101_000014_test_numbers::Migration),
            Box::new(m20260101_000015_webhook_deliveries::Migration),
            Box::new(m20260101_000017_avatars::Migration),
        ]
    }
}

/// The names of all migrations that this version knows, oldest first.
#[must_use]
pub fn known() -> Vec<String> {
    let files = Migrator::get_migration_files();
    files.iter().map(|file| file.name().to_owned()).collect()
}

/// The names of the migrations that a database has, oldest first, whether this
/// version knows them or not. Changes nothing.
///
/// # Errors
///
/// The driver's.
pub async fn applied<'c>(db: impl IntoSchemaManagerConnection<'c>) -> Result<Vec<String>, DbErr> {
    let manager = SchemaManager::new(db);
    if !manager.has_table("seaql_migrations").await? {
        return Ok(Vec::new());
    }
    let query = Statement::from_string(
        manager.get_database_backend(),
        "SELECT version FROM seaql_migrations ORDER BY version",
    );
    let rows = manager.get_connection().query_all_raw(query).await?;
    rows.iter().map(|row| row.try_get("", "version")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_has_a_name_of_its_own_in_order() {
        let names = known();
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
