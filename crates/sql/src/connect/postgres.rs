//! PostgreSQL, with a bound on every wait.

mod bounds;
mod primary;
mod turnover;

use std::sync::Arc;
use std::time::Duration;

use sea_orm::SqlxPostgresConnector;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions, Postgres};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, PgConnection};
use tokio::time::timeout;

use crate::connect::{DatabaseOptions, Pools};
use crate::database::DatabaseError;
use crate::failure::StorageFault;
use crate::health::Health;
use crate::url::PostgresUrl;
use bounds::Bounds;
pub(crate) use primary::Follower;
use primary::Servers;
use turnover::Turnover;

/// How long a connection may have been idle and still be trusted to be alive.
/// Asking each time would cost every call a round trip.
pub(crate) const TRUSTED: Duration = Duration::from_secs(1);
/// How long a connection may take for a sign of life: less than callers wait for
/// one, so that there is time for making another.
const SIGN_OF_LIFE: Duration = Duration::from_millis(250);
/// How long after a call was given up connections are asked when they come back:
/// longer than the longest call.
const DOUBT: Duration = Duration::from_secs(10);
/// How long a connection lives at most. From half of that on connections are
/// renewed one by one, so that they move to servers that were added or named
/// anew, and what a session has gathered in memory goes.
const LIFETIME: Duration = Duration::from_mins(30);
/// How long one without work is kept.
const IDLE: Duration = Duration::from_mins(10);
/// Statements that a connection keeps prepared: more than there are.
const PREPARED: usize = 200;

/// Opens a pool. The wait for a connection includes making one.
///
/// Every statement reads what was committed before it began: the write
/// transactions lock the account first and count on the next statement seeing
/// what the last holder of that lock did.
pub(super) async fn connect(
    url: &PostgresUrl,
    options: DatabaseOptions,
) -> Result<Pools, DatabaseError> {
    let bounds = Bounds::of(options);
    let candidates = url.places.iter().map(|place| {
        let candidate = url.options(place).statement_cache_capacity(PREPARED);
        bounds.ask(candidate).disable_statement_logging()
    });
    let health = Arc::new(Health::default());
    let servers = Servers::new(candidates.collect(), url.target, Arc::clone(&health));
    let (servers, first) = servers.find_first().await.map_err(unavailable)?;
    let pool = pool(options, &health).connect_with(first).await;
    let pool = pool.map_err(unavailable)?;
    let mut connection = pool.acquire().await.map_err(unavailable)?;
    bounds.confirm(&mut connection).await?;
    drop(connection);
    let follower = servers.follow(pool.clone());
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Pools {
        reader: connection.clone(),
        writer: connection,
        health,
        readers_apart: false,
        follower,
    })
}

fn pool(options: DatabaseOptions, health: &Arc<Health>) -> sqlx::pool::PoolOptions<Postgres> {
    let (taking, giving) = (Arc::clone(health), Arc::clone(health));
    let turnover = Arc::new(Turnover::new(LIFETIME, options.max_connections));
    PgPoolOptions::new()
        .max_connections(options.max_connections.max(1))
        .acquire_timeout(options.acquire)
        .max_lifetime(LIFETIME)
        .idle_timeout(IDLE)
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
            let (health, turnover) = (Arc::clone(&giving), Arc::clone(&turnover));
            Box::pin(async move {
                if health.is_discredited(times.age) || turnover.retires(times.age) {
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

#[expect(clippy::needless_pass_by_value, reason = "shaped for map_err")]
fn unavailable(error: sqlx::Error) -> DatabaseError {
    DatabaseError::Unavailable(StorageFault::new(words(&error)))
}

/// The driver's words, with the reason that it keeps apart.
fn words(error: &sqlx::Error) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    let words = error.to_string();
    match source {
        Some(source) if !words.contains(&source) => format!("{words}: {source}"),
        _ => words,
    }
}

/// One connection, made within a bound.
async fn connect_one(
    options: &PgConnectOptions,
    within: Duration,
) -> Result<PgConnection, sqlx::Error> {
    let made = timeout(within, PgConnection::connect_with(options)).await;
    made.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}
