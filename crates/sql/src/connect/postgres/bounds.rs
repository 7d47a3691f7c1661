//! The bounds that the server keeps for us.

use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{self, PgConnection, Row as _};

use crate::connect::DatabaseOptions;
use crate::connect::postgres::unavailable;
use crate::database::DatabaseError;

/// How long a transaction of a client that fell silent keeps its locks.
const SILENCE: Duration = Duration::from_secs(5);

/// How the server is to plan; nothing depends on it but time.
const PLANNING: [(&str, &str); 2] = [
    // A plan is kept until the table is analyzed again. One that was made while the
    // table was small must not read it whole when it has grown.
    ("enable_seqscan", "off"),
    // Which makes reading a small table whole look expensive enough for the engine
    // to compile it.
    ("jit", "off"),
];

/// What every connection runs under, whatever the server's own settings are.
pub(super) struct Bounds([(&'static str, String); 4]);

impl Bounds {
    pub(super) fn of(options: DatabaseOptions) -> Self {
        let millis = |span: Duration| span.as_millis().to_string();
        Self([
            ("statement_timeout", millis(options.statement)),
            ("lock_timeout", millis(options.lock)),
            ("idle_in_transaction_session_timeout", millis(SILENCE)),
            ("default_transaction_isolation", "read committed".to_owned()),
        ])
    }

    /// Asks for them when connecting.
    pub(super) fn ask(&self, options: PgConnectOptions) -> PgConnectOptions {
        let bounds = self.0.iter().map(|(name, value)| (*name, value.as_str()));
        options.options(bounds.chain(PLANNING))
    }

    /// Makes sure that they hold: what stands between, such as a pooler, may have
    /// kept them to itself.
    pub(super) async fn confirm(&self, connection: &mut PgConnection) -> Result<(), DatabaseError> {
        for (name, wanted) in &self.0 {
            // In the setting's own unit, where `SHOW` would write `3s`.
            let sql = "SELECT setting FROM pg_catalog.pg_settings WHERE name = $1";
            let row = sqlx::query(sql).bind(*name).fetch_one(&mut *connection);
            let held: String = row
                .await
                .and_then(|row| row.try_get(0))
                .map_err(unavailable)?;
            if !is_kept(wanted, &held) {
                return Err(DatabaseError::Bounds { setting: name });
            }
        }
        Ok(())
    }
}

/// A limit may be tighter than ours, but not zero, which means none.
fn is_kept(wanted: &str, held: &str) -> bool {
    match (wanted.parse::<u64>(), held.parse::<u64>()) {
        (Ok(wanted), Ok(held)) => (1..=wanted).contains(&held),
        (_, _) => wanted == held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_kept_by_a_tighter_one_and_not_by_none() {
        assert!(is_kept("3000", "3000") && is_kept("3000", "1"));
        assert!(!is_kept("3000", "0") && !is_kept("3000", "3001"));
        assert!(is_kept("read committed", "read committed"));
        assert!(!is_kept("read committed", "serializable"));
    }
}
