//! Which of several servers the connections lead to.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPool};
use sea_orm::sqlx::{self, Connection as _, PgConnection, Row as _};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::connect::postgres::connect_one;
use crate::health::Health;
use crate::url::Target;

/// How long the server that was right so far is asked before the others are.
const FIRST_ASK: Duration = Duration::from_millis(300);
/// How long a server may take to say what it is.
const ASK: Duration = Duration::from_secs(1);
/// How soon the servers are asked again, at the earliest.
const AGAIN: Duration = Duration::from_millis(250);

/// The servers of a URL.
pub(super) struct Servers {
    candidates: Vec<PgConnectOptions>,
    target: Target,
    health: Arc<Health>,
    /// The one that connections are made to.
    current: usize,
}

/// What a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// It takes no changes, for now.
    Reads,
    /// It is what was asked for.
    Serves,
}

/// Stops following when it is dropped.
pub(crate) struct Follower(Option<JoinHandle<()>>);

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Follower {
    /// For a single server there is nothing to choose.
    pub(crate) const NOBODY: Self = Self(None);
}

impl Servers {
    pub(super) fn new(
        candidates: Vec<PgConnectOptions>,
        target: Target,
        health: Arc<Health>,
    ) -> Self {
        Self {
            candidates,
            target,
            health,
            current: 0,
        }
    }

    /// Chooses where to begin: the only one unseen, or the first of several that
    /// serves; one that only reads rather than none.
    pub(super) async fn find_first(mut self) -> Result<(Self, PgConnectOptions), sqlx::Error> {
        if self.candidates.len() > 1 {
            let (server, _) = self.look_everywhere().await?;
            self.current = server;
        }
        let first = self.candidates[self.current].clone();
        Ok((self, first))
    }

    /// Follows the right server from now on: whenever connections fail, the
    /// servers are asked, and the pool is told where to connect to.
    pub(super) fn follow(self, pool: PgPool) -> Follower {
        if self.candidates.len() == 1 {
            return Follower::NOBODY;
        }
        Follower(Some(tokio::spawn(self.run(pool))))
    }

    async fn run(mut self, pool: PgPool) {
        loop {
            self.health.alarm.notified().await;
            while !self.settle(&pool).await {
                sleep(AGAIN).await;
            }
            // However loud the alarm, the servers are not asked without a pause.
            sleep(AGAIN).await;
        }
    }

    /// Looks for the right server and takes it; true if it is found.
    async fn settle(&mut self, pool: &PgPool) -> bool {
        let found = match self.ask(self.current, FIRST_ASK).await {
            Ok(Standing::Serves) => Ok((self.current, Standing::Serves)),
            _ => self.look_everywhere().await,
        };
        let Ok((server, standing)) = found else {
            return false;
        };
        if server != self.current {
            tracing::warn!(server, "the database is served by another of its hosts now");
            self.current = server;
            pool.set_connect_options(self.candidates[server].clone());
            self.health.discredit();
        }
        standing == Standing::Serves
    }

    /// Asks all at once. The first that serves is taken at once; where none does,
    /// the one that was right so far if it reads, or another that reads.
    async fn look_everywhere(&self) -> Result<(usize, Standing), sqlx::Error> {
        let mut asked = JoinSet::new();
        for (server, options) in self.candidates.iter().cloned().enumerate() {
            let target = self.target;
            asked.spawn(async move { (server, standing(&options, target, ASK).await) });
        }
        let mut reads = None;
        let mut problem = sqlx::Error::PoolTimedOut;
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok((server, Ok(Standing::Serves))) => return Ok((server, Standing::Serves)),
                Ok((server, Ok(Standing::Reads))) => {
                    if reads.is_none() || server == self.current {
                        reads = Some(server);
                    }
                }
                Ok((_, Err(error))) => problem = error,
                Err(_) => {}
            }
        }
        reads.map(|server| (server, Standing::Reads)).ok_or(problem)
    }

    async fn ask(&self, server: usize, within: Duration) -> Result<Standing, sqlx::Error> {
        standing(&self.candidates[server], self.target, within).await
    }
}

/// Connects to a server and asks what it is.
async fn standing(
    options: &PgConnectOptions,
    target: Target,
    within: Duration,
) -> Result<Standing, sqlx::Error> {
    let mut connection = connect_one(options, within).await?;
    let told = match target {
        Target::Any => Ok(Standing::Serves),
        Target::ReadWrite => {
            let told = timeout(within, takes_changes(&mut connection)).await;
            told.unwrap_or(Err(sqlx::Error::PoolTimedOut))
        }
    };
    // Its answer is known: how it takes the farewell is all the same.
    let _ = timeout(within, connection.close()).await;
    told
}

async fn takes_changes(connection: &mut PgConnection) -> Result<Standing, sqlx::Error> {
    // Also `on` for a standby.
    let row = sqlx::query("SELECT current_setting('transaction_read_only')");
    let read_only: String = row.fetch_one(connection).await?.try_get(0)?;
    Ok(match read_only.as_str() {
        "off" => Standing::Serves,
        _ => Standing::Reads,
    })
}
