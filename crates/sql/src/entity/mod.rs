//! The rows, one table per file.

pub(crate) mod audit_event;
pub(crate) mod identity;
pub(crate) mod outbox_event;
pub(crate) mod session;
pub(crate) mod signing_key;
pub(crate) mod sms_attempt;
pub(crate) mod user;
pub(crate) mod wrapped_key;

use sea_orm::{EntityTrait, IdenStatic as _, Iterable as _};

/// `u.id AS u_id, …`: every column of a table that stands in a statement as
/// `alias`, under a name of its own.
pub(crate) fn columns<E: EntityTrait>(alias: &str) -> String {
    let named = E::Column::iter().map(|column| {
        let name = column.as_str();
        format!(r#"{alias}."{name}" AS {alias}_{name}"#)
    });
    named.collect::<Vec<_>>().join(", ")
}
