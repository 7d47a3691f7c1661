//! The columns that hold sealed values, and what each value is bound to.

use std::fmt;

use menshen_domain::model::sweep::{RowMark, SealedPlace};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use crate::accounts::session_key_row;
use crate::database::rows;
use crate::failure::{Failure, StorageFault};
use crate::store::SqlStore;

/// A column that holds sealed values.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) table: &'static str,
    pub(super) key: &'static str,
    pub(super) sealed: &'static str,
    /// The columns that name what a value is bound to.
    names: &'static str,
    /// Replaces values on PostgreSQL: of the keys `$1` those whose value is `$2`
    /// still, and whose rows nobody is writing to, by `$3`.
    pub(super) at_once: &'static str,
    row: fn(&QueryResult) -> Result<SealedRow, Failure>,
    first: fn() -> Value,
}

macro_rules! at_once {
    ($table:literal, $key:literal, $kind:literal, $sealed:literal) => {
        concat!(
            "WITH held AS (SELECT old.",
            $key,
            ", new.anew FROM unnest($1::",
            $kind,
            "[], $2::bytea[], $3::bytea[]) AS new (key, was, anew) JOIN ",
            $table,
            " AS old ON old.",
            $key,
            " = new.key AND old.",
            $sealed,
            " = new.was FOR NO KEY UPDATE OF old SKIP LOCKED) UPDATE ",
            $table,
            " SET ",
            $sealed,
            " = held.anew FROM held WHERE ",
            $table,
            ".",
            $key,
            " = held.",
            $key,
        )
    };
}

/// The primary key of a row.
#[derive(Debug, Clone)]
pub(super) enum RowKey {
    Id(Uuid),
    Word(String),
}

/// A row of a place.
pub(super) struct SealedRow {
    pub(super) key: RowKey,
    pub(super) bound_to: Vec<u8>,
    pub(super) sealed: Option<Vec<u8>>,
}

impl Place {
    pub(super) fn of(place: SealedPlace) -> Self {
        match place {
            SealedPlace::PhoneNumbers => Self {
                table: "users",
                key: "id",
                sealed: "phone_sealed",
                names: "id",
                at_once: at_once!("users", "id", "uuid", "phone_sealed"),
                row: phone_number,
                first: || Uuid::nil().into(),
            },
            SealedPlace::SessionKeys => Self {
                table: "identities",
                key: "id",
                sealed: "session_key_sealed",
                names: "id, provider, app_id, subject",
                at_once: at_once!("identities", "id", "uuid", "session_key_sealed"),
                row: session_key,
                first: || Uuid::nil().into(),
            },
            SealedPlace::SigningKeys => Self {
                table: "signing_keys",
                key: "kid",
                sealed: "sealed",
                names: "kid",
                at_once: at_once!("signing_keys", "kid", "text", "sealed"),
                row: signing_key,
                first: || "".into(),
            },
        }
    }

    /// The next rows after a mark, with and without a value, in the order of their
    /// keys: so each statement reads as many as it answers, however few have one.
    pub(super) async fn read(
        self,
        store: &SqlStore,
        after: Option<&RowMark>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, Failure> {
        let Self {
            table,
            key,
            sealed,
            names,
            ..
        } = self;
        // The limit stands in the text: as a parameter, PostgreSQL would plan for a
        // tenth of the table.
        let sql = format!(
            "SELECT {sealed} AS value, {names} FROM {table} WHERE {key} > $1 \
             ORDER BY {key} LIMIT {limit}"
        );
        let after = match after {
            Some(mark) => self.value(mark)?,
            None => (self.first)(),
        };
        let found = rows(store.database.read(), &sql, [after]).await?;
        found.iter().map(self.row).collect()
    }

    /// A mark as the column of the key has it.
    fn value(self, mark: &RowMark) -> Result<Value, Failure> {
        let unreadable = || StorageFault::unreadable("mark of a sweep");
        if let Value::Uuid(_) = (self.first)() {
            return Ok(Uuid::from_slice(&mark.0).map_err(|_| unreadable())?.into());
        }
        let word = String::from_utf8(mark.0.clone());
        Ok(word.map_err(|_| unreadable())?.into())
    }
}

impl RowKey {
    pub(super) fn mark(&self) -> RowMark {
        RowMark(match self {
            Self::Id(id) => id.as_bytes().to_vec(),
            Self::Word(word) => word.clone().into_bytes(),
        })
    }

    pub(super) fn value(&self) -> Value {
        match self {
            Self::Id(id) => (*id).into(),
            Self::Word(word) => word.clone().into(),
        }
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Word(word) => word.fmt(f),
        }
    }
}

fn phone_number(row: &QueryResult) -> Result<SealedRow, Failure> {
    let id: Uuid = row.try_get("", "id")?;
    Ok(SealedRow {
        key: RowKey::Id(id),
        bound_to: id.as_bytes().to_vec(),
        sealed: row.try_get("", "value")?,
    })
}

fn session_key(row: &QueryResult) -> Result<SealedRow, Failure> {
    let word = |column: &str| row.try_get::<String>("", column);
    let (provider, app, subject) = (word("provider")?, word("app_id")?, word("subject")?);
    Ok(SealedRow {
        key: RowKey::Id(row.try_get("", "id")?),
        bound_to: session_key_row(&provider, &app, &subject),
        sealed: row.try_get("", "value")?,
    })
}

fn signing_key(row: &QueryResult) -> Result<SealedRow, Failure> {
    let kid: String = row.try_get("", "kid")?;
    Ok(SealedRow {
        bound_to: kid.clone().into_bytes(),
        key: RowKey::Word(kid),
        sealed: row.try_get("", "value")?,
    })
}
