//! Columns as all tables spell them.

use sea_orm_migration::prelude::{ColumnDef, IntoIden};
use sea_orm_migration::sea_orm::DbBackend;

/// A UUID.
pub(crate) fn uuid(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid();
    column
}

/// A moment, to the microsecond.
pub(crate) fn moment(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.timestamp_with_time_zone();
    column
}

/// Text that is only shown.
pub(crate) fn text(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text();
    column
}

/// Text that names something: compared as bytes, whatever the database's locale
/// says. SQLite does so by itself.
pub(crate) fn word(name: impl IntoIden, backend: DbBackend) -> ColumnDef {
    let mut column = text(name);
    if backend == DbBackend::Postgres {
        column.extra(r#"COLLATE "C""#);
    }
    column
}

/// Bytes.
pub(crate) fn bytes(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.blob();
    column
}

/// A whole number of 64 bits.
pub(crate) fn number(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer();
    column
}

/// Yes or no.
pub(crate) fn flag(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.boolean();
    column
}
