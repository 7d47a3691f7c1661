//! PostgreSQL, with a bound on every wait.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::SqlxPostgresConnector;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, PgConnection};
use tokio::time::timeout;

use crate::connect::{DatabaseOptions, LOCK_WAIT, POOL_WAIT, Pools};
use crate::database::DatabaseError;
use crate::failure::StorageFault;
use crate::health::Health;

/// How long a statement may take.
const STATEMENT_TIME: Duration = Duration::from_secs(3);
/// How long a transaction of a client that fell silent keeps its locks.
const SILENCE: Duration = Duration::from_secs(5);

/// How long a connection may have been idle and still be trusted to be alive.
/// Asking each time would cost every call a round trip.
pub(crate) const TRUSTED: Duration = Duration::from_secs(1);
/// How long a connection may take for a sign of life: less than callers wait for
/// one, so that there is time for making another.
const SIGN_OF_LIFE: Duration = Duration::from_millis(250);
/// How long after a call was given up connections are asked when they come back:
/// longer than the longest call.
const DOUBT: Duration = Duration::from_secs(10);

/// Opens a pool. The wait for a connection includes making one.
///
/// Every statement reads what was committed before it began: the write
/// transactions lock the account first and count on the next statement seeing
/// what the last holder of that lock did.
pub(super) async fn connect(url: &str, options: DatabaseOptions) -> Result<Pools, DatabaseError> {
    let settings = PgConnectOptions::from_str(url)
        .map_err(|_| DatabaseError::Url)?
        .options([
            ("statement_timeout", STATEMENT_TIME.as_millis().to_string()),
            ("lock_timeout", LOCK_WAIT.as_millis().to_string()),
            (
                "idle_in_transaction_session_timeout",
                SILENCE.as_millis().to_string(),
            ),
            ("default_transaction_isolation", "read committed".to_owned()),
            ("timezone", "UTC".to_owned()),
            // A plan is kept until the table is analyzed again. One that was made
            // while the table was small must not read it whole when it has grown.
            ("enable_seqscan", "off".to_owned()),
            // Which makes reading a small table whole look expensive enough for
            // the engine to compile it.
            ("jit", "off".to_owned()),
        ])
        .disable_statement_logging();
    let health = Arc::new(Health::default());
    let (taking, giving) = (Arc::clone(&health), Arc::clone(&health));
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections.max(1))
        .acquire_timeout(POOL_WAIT)
        .test_before_acquire(false)
        .before_acquire(move |connection, times| {
            let health = Arc::clone(&taking);
            Box::pin(async move {
                if health.is_discredited(times.age) {
                    return Ok(false);
                }
                if times.idle_for > TRUSTED {
                    ask_for_life(connection, &health).await?;
                }
                Ok(true)
            })
        })
        .after_release(move |connection, times| {
            let health = Arc::clone(&giving);
            Box::pin(async move {
                if health.is_discredited(times.age) {
                    return Ok(false);
                }
                // The pool asks by itself, but without a bound: a connection whose
                // peer has vanished would never come back.
                if health.is_doubted(DOUBT) {
                    ask_for_life(connection, &health).await?;
                }
                Ok(true)
            })
        })
        .connect_with(settings)
        .await
        .map_err(|error| DatabaseError::Unavailable(StorageFault::new(error.to_string())))?;
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Pools {
        reader: connection.clone(),
        writer: connection,
        health,
        readers_apart: false,
    })
}

/// A connection that does not answer discredits all that are as old.
pub(crate) async fn ask_for_life(
    connection: &mut PgConnection,
    health: &Health,
) -> Result<(), sqlx::Error> {
    let answer = timeout(SIGN_OF_LIFE, connection.ping()).await;
    let answer = answer.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    if answer.is_err() {
        health.discredit();
    }
    answer
}
