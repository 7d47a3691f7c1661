//! A connected database, of either engine.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};

use crate::connect::{self, DatabaseOptions, Follower};
use crate::failure::{Failure, StorageFault};
use crate::health::Health;
use crate::lane::{Filled, Lane};
use crate::meter::{Meter, StatementCount, tick};
use crate::url::{DatabaseUrl, DatabaseUrlError};

/// How long one call of a port may take, whatever the engine does.
const DEADLINE: Duration = Duration::from_secs(4);

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL cannot be read.
    #[error("the database URL cannot be read: {0}")]
    Url(#[source] DatabaseUrlError),
    /// The server, or a pooler before it, does not keep a bound that we ask for
    /// when connecting.
    #[error(
        "the database does not keep {setting} as the service asks for it: behind a pooler, set it for the role (docs/postgres.md)"
    )]
    Bounds {
        /// PostgreSQL's name of it.
        setting: &'static str,
    },
    /// The database file cannot be made.
    #[error("the database file cannot be made")]
    File(#[source] io::Error),
    /// A newer version of the service has changed the schema.
    #[error("the database has the migration {migration}, which this version does not know")]
    SchemaTooNew {
        /// The first migration that is not known.
        migration: String,
    },
    /// Migrations are pending.
    #[error("the database lacks the migration {migration}")]
    SchemaTooOld {
        /// The first migration that is pending.
        migration: String,
    },
    /// The database did not answer in time, or not sensibly.
    #[error("the database is unavailable")]
    Unavailable(#[source] StorageFault),
}

impl From<sea_orm::DbErr> for DatabaseError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Unavailable(error.into())
    }
}

/// A connected database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    meter: Arc<Meter>,
    health: Arc<Health>,
    readers_apart: bool,
    lane: Option<Arc<Lane>>,
    /// Follows the primary as long as anybody uses the database.
    _follower: Arc<Follower>,
}

impl Database {
    /// Reads a URL and [opens](Self::open) what it names.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Url`], and those of [`open`](Self::open).
    pub async fn connect(url: &str, options: DatabaseOptions) -> Result<Self, DatabaseError> {
        let url = DatabaseUrl::parse(url).map_err(DatabaseError::Url)?;
        Self::open(&url, options).await
    }

    /// Connects. A missing SQLite file is made, for the eyes of its owner only.
    ///
    /// Of several hosts of PostgreSQL the one that takes changes is found, and
    /// found again whenever it changes, for as long as a clone of this lives.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::File`], [`DatabaseError::Bounds`],
    /// [`DatabaseError::Unavailable`].
    pub async fn open(url: &DatabaseUrl, options: DatabaseOptions) -> Result<Self, DatabaseError> {
        let mut pools = connect::connect(url, options).await?;
        let meter = Arc::new(Meter::default());
        for pool in [&mut pools.reader, &mut pools.writer] {
            let statements = Arc::clone(&meter.statements);
            pool.set_metric_callback(move |_| tick(&statements));
        }
        let lane = match pools.writer.get_database_backend() {
            DbBackend::Postgres => {
                let pool = pools.writer.get_postgres_connection_pool().clone();
                Some(Arc::new(Lane::of(pool, Arc::clone(&pools.health))))
            }
            _ => None,
        };
        Ok(Self {
            lane,
            reader: pools.reader,
            writer: pools.writer,
            meter,
            health: pools.health,
            readers_apart: pools.readers_apart,
            _follower: Arc::new(pools.follower),
        })
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Unavailable`].
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        let asked = self.within(async { Ok(self.reader.ping().await?) }).await;
        asked.map_err(|failure| DatabaseError::Unavailable(failure.into_fault()))
    }

    /// The time of the database's server, where it is a server.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Unavailable`].
    pub async fn server_time(&self) -> Result<Option<DateTime<Utc>>, DatabaseError> {
        if self.backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let asked = self.within(async {
            let found = rows(&self.reader, "SELECT clock_timestamp()", []).await?;
            let now = found.first().map(|row| row.try_get_by_index(0));
            Ok(now.transpose()?)
        });
        let asked = asked.await;
        asked.map_err(|failure| DatabaseError::Unavailable(failure.into_fault()))
    }

    /// Asks whether it takes writes: PostgreSQL whether it is read-only, as a
    /// standby is; SQLite by writing the same number where it is already, which
    /// a full disk refuses.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Unavailable`].
    pub async fn check_writable(&self) -> Result<(), DatabaseError> {
        let asked = self.within(async {
            match self.backend() {
                DbBackend::Postgres => self.is_not_read_only().await,
                _ => self.write_the_same().await,
            }
        });
        let asked = asked.await;
        asked.map_err(|failure| DatabaseError::Unavailable(failure.into_fault()))
    }

    async fn is_not_read_only(&self) -> Result<(), Failure> {
        let found = rows(&self.writer, "SHOW transaction_read_only", []).await?;
        let answer = found.first().map(|row| row.try_get_by_index(0));
        match answer.transpose()? {
            Some::<String>(on) if on == "off" => Ok(()),
            _ => Err(StorageFault::new("the database is read-only").into()),
        }
    }

    async fn write_the_same(&self) -> Result<(), Failure> {
        let found = rows(&self.writer, "PRAGMA user_version", []).await?;
        let number = found.first().map(|row| row.try_get_by_index(0));
        let number: i32 = number.transpose()?.unwrap_or_default();
        let write = format!("PRAGMA user_version = {number}");
        run(&self.writer, &write, []).await.map(drop)
    }

    /// Closes all connections, after what they are doing; does not wait for a
    /// server that hangs.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Unavailable`].
    pub async fn close(&self) -> Result<(), DatabaseError> {
        if let Some(lane) = self.lane() {
            lane.close();
        }
        let closed = self.within(async {
            self.reader.close_by_ref().await?;
            Ok(self.writer.close_by_ref().await?)
        });
        let closed = closed.await;
        closed.map_err(|failure| DatabaseError::Unavailable(failure.into_fault()))
    }

    /// The connection that writes, for tools that look where no port does.
    #[must_use]
    pub fn connection(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// How much was asked of the database so far.
    #[must_use]
    pub fn statements(&self) -> StatementCount {
        self.meter.count()
    }

    /// The connections for reading only, where they are apart.
    pub(crate) fn readers(&self) -> Option<&DatabaseConnection> {
        self.readers_apart.then_some(&self.reader)
    }

    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// The connection for reading, one statement of which is about to be asked.
    pub(crate) fn read(&self) -> &DatabaseConnection {
        tick(&self.meter.reads);
        &self.reader
    }

    /// The connection for writing, one statement of which is about to be asked.
    pub(crate) fn write(&self) -> &DatabaseConnection {
        tick(&self.meter.single_writes);
        &self.writer
    }

    /// The way of single statements, where the engine is PostgreSQL. Each is to be
    /// counted, with [`Self::tick_read`] or [`Self::tick_single_write`].
    pub(crate) fn lane(&self) -> Option<&Lane> {
        self.lane.as_deref()
    }

    /// Counts a statement that reads, in [the lane](Self::lane).
    pub(crate) fn tick_read(&self) {
        tick(&self.meter.reads);
        tick(&self.meter.statements);
    }

    /// Counts a statement that writes, in [the lane](Self::lane).
    pub(crate) fn tick_single_write(&self) {
        tick(&self.meter.single_writes);
        tick(&self.meter.statements);
    }

    /// Asks a statement that reads, of those that are asked most.
    pub(crate) async fn ask_often(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, Failure> {
        let Some(lane) = self.lane() else {
            return rows(self.read(), sql, values).await;
        };
        self.tick_read();
        let found = lane.rows(filled(sql, values)?).await?;
        Ok(found.into_iter().map(QueryResult::from).collect())
    }

    /// Runs a statement that writes, a transaction by itself, of those that are run
    /// most; answers how many rows it touched.
    pub(crate) async fn tell_often(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, Failure> {
        let Some(lane) = self.lane() else {
            return run(self.write(), sql, values).await;
        };
        self.tick_single_write();
        lane.run(filled(sql, values)?).await
    }

    /// Begins a transaction that writes. On SQLite it begins as a writer: one
    /// that has read first could not become a writer while another one is.
    ///
    /// Dropped without a commit, at whatever point, it is rolled back before the
    /// connection serves anybody else.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, Failure> {
        tick(&self.meter.transactions);
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    /// Bounds a call of a port: a server that froze runs no time limit of its own.
    /// What the call comes to tells about the connections, too.
    pub(crate) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, Failure> {
        // Declared before the call, and so dropped after it: the doubt is there
        // before the connection is given back.
        let mut work = pin!(work);
        let call = self.health.call();
        let Ok(outcome) = tokio::time::timeout(DEADLINE, work.as_mut()).await else {
            return Err(StorageFault::new("no answer in time").into());
        };
        call.end(&outcome);
        outcome
    }
}

/// How often a step is carried out that the engine undoes for the sake of others.
const ROUNDS: u32 = 3;

/// Carries a step out again that the engine undid for the sake of another one.
/// For steps that nobody has to decide anew; what accounts are changed to is
/// decided anew by whoever asked.
pub(crate) async fn again<T, F>(mut step: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    for _ in 1..ROUNDS {
        match step().await {
            Err(Failure::Lost) => {}
            settled => return settled,
        }
    }
    step().await
}

/// Asks a statement that answers rows. Both engines read `$1`, `$2`, ….
pub(crate) async fn rows(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value> + Send,
) -> Result<Vec<QueryResult>, Failure> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(db.query_all_raw(statement).await?)
}

/// Runs a statement, and answers how many rows it touched.
pub(crate) async fn run(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value> + Send,
) -> Result<u64, Failure> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(db.execute_raw(statement).await?.rows_affected())
}

/// A statement of the lane with its values.
fn filled(sql: &'static str, values: Vec<Value>) -> Result<Filled, Failure> {
    let mut statement = sqlx::query(sql);
    for value in values {
        statement = match value {
            Value::Uuid(value) => statement.bind(value),
            Value::String(value) => statement.bind(value),
            Value::Bytes(value) => statement.bind(value),
            Value::BigInt(value) => statement.bind(value),
            Value::ChronoDateTimeUtc(value) => statement.bind(value),
            _ => return Err(StorageFault::new("a value of a kind that no statement has").into()),
        };
    }
    Ok(statement)
}
