//! The connections to Redis, and what is done over them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{Object, Pool, PoolError, QueueMode};
use deadpool_redis::redis::{self, FromRedisValue};
use tokio::time::timeout;

use crate::fault::RedisFault;
use crate::gate::{Entry, Gate};
use crate::link::Links;
use crate::pool_state::PoolState;
use crate::script::Call;
use crate::subscriber::Subscribers;
use crate::url::{Place, RedisUrl};

/// Failures in a row after which one server counts as away.
const SERVER_FAILURES: u32 = 3;
/// The same of a cluster: with one of three masters away, every third question
/// fails, and the others are to go on.
const CLUSTER_FAILURES: u32 = 12;

/// The bounds of every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedisOptions {
    /// Connections at most; to a cluster, of each node.
    pub max_connections: usize,
    /// How long connecting to one server may take.
    pub connect: Duration,
    /// How long a caller waits for a connection, connecting included.
    pub acquire: Duration,
    /// How long a command may take.
    pub command: Duration,
}

impl Default for RedisOptions {
    /// 16 connections, and half a second for each step.
    fn default() -> Self {
        let half = Duration::from_millis(500);
        Self {
            max_connections: 16,
            connect: half,
            acquire: half,
            command: half,
        }
    }
}

/// The connections to Redis: made when they are needed, and made again when they
/// break. Cloning shares them.
#[derive(Clone)]
pub struct Redis {
    pool: Pool<Links>,
    options: RedisOptions,
    /// Counts up when connections were seen to be worth nothing any more.
    epoch: Arc<AtomicU64>,
    /// How often none was to be had in time.
    timeouts: Arc<AtomicU64>,
    url: Arc<RedisUrl>,
    gate: Arc<Gate>,
}

impl Redis {
    /// Prepares connections; none is made yet, so that a process can start while
    /// Redis is down.
    ///
    /// # Errors
    ///
    /// [`RedisFault::Failed`] if the URL cannot be used, which for one that was
    /// parsed means that no TLS can be set up.
    pub fn new(url: &RedisUrl, options: RedisOptions) -> Result<Self, RedisFault> {
        // What the driver takes for TLS. That somebody else has said so before is
        // no error: there is no other in this program.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let epoch = Arc::new(AtomicU64::new(0));
        let links = Links::new(url, options, Arc::clone(&epoch)).map_err(RedisFault::Failed)?;
        let pool = Pool::builder(links)
            .max_size(options.max_connections.max(1))
            // The one that was used last need not be asked whether it lives.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|_| RedisFault::Nonsense("the pool needs no runtime"))?;
        let failures = match &url.place {
            Place::Cluster(_) => CLUSTER_FAILURES,
            Place::One { .. } | Place::Sentinels { .. } => SERVER_FAILURES,
        };
        Ok(Self {
            pool,
            options,
            epoch,
            timeouts: Arc::default(),
            url: Arc::new(url.clone()),
            gate: Arc::new(Gate::new(failures)),
        })
    }

    /// How the connections are used at this moment.
    #[must_use]
    pub fn pool_state(&self) -> PoolState {
        let status = self.pool.status();
        PoolState {
            limit: status.max_size,
            open: status.size,
            idle: status.available,
            waiting: status.waiting,
            timeouts: self.timeouts.load(Ordering::Relaxed),
            breaks: self.epoch.load(Ordering::Relaxed),
        }
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    ///
    /// [`RedisFault`], within the bounds of the options.
    pub async fn ping(&self) -> Result<(), RedisFault> {
        self.ask(&redis::cmd("PING")).await
    }

    /// Runs a script: one atomic step.
    pub(crate) async fn run<T: FromRedisValue>(&self, call: &Call<'_>) -> Result<T, RedisFault> {
        let entry = self.gate.enter()?;
        let answer = match self.acquire().await {
            Ok(mut link) => {
                let answer = self.in_time(call.run(&mut link.line)).await;
                self.settle(link, answer)
            }
            Err(fault) => Err(fault),
        };
        self.learn(&entry, answer)
    }

    /// Sends a command whose answer tells nothing but that it was carried out.
    async fn ask(&self, command: &redis::Cmd) -> Result<(), RedisFault> {
        let entry = self.gate.enter()?;
        let answer = match self.acquire().await {
            Ok(mut link) => {
                let answer = self.in_time(link.line.ask(command)).await;
                self.settle(link, answer).map(drop)
            }
            Err(fault) => Err(fault),
        };
        self.learn(&entry, answer)
    }

    /// Tells the gate what came of a caller.
    fn learn<T>(&self, entry: &Entry, answer: Result<T, RedisFault>) -> Result<T, RedisFault> {
        match &answer {
            Err(fault) if fault.is_silence() => self.gate.failed(entry),
            Ok(_) | Err(_) => self.gate.answered(),
        }
        answer
    }

    /// Tells all who have subscribed to a channel, on whichever server of a
    /// cluster.
    pub(crate) async fn publish(&self, channel: &str, message: &[u8]) -> Result<(), RedisFault> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel).arg(message);
        self.ask(&command).await
    }

    /// Makes connections that listen.
    pub(crate) fn subscribers(&self) -> Result<Subscribers, RedisFault> {
        Subscribers::new(&self.url).map_err(RedisFault::Failed)
    }

    /// The bounds of every step.
    pub(crate) fn options(&self) -> RedisOptions {
        self.options
    }

    async fn acquire(&self) -> Result<Object<Links>, RedisFault> {
        let within = self.options.acquire;
        match timeout(within, self.pool.get()).await {
            Ok(Ok(link)) => Ok(link),
            Ok(Err(PoolError::Backend(error))) => Err(RedisFault::of(error, within)),
            Ok(Err(_)) | Err(_) => {
                self.timeouts.fetch_add(1, Ordering::Relaxed);
                Err(RedisFault::NoConnection(within))
            }
        }
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = redis::RedisResult<T>>,
    ) -> Result<T, RedisFault> {
        let within = self.options.command;
        match timeout(within, answer).await {
            Ok(answer) => answer.map_err(|error| RedisFault::of(error, within)),
            Err(_) => Err(RedisFault::Late(within)),
        }
    }

    /// Gives the connection back, or throws it away with all that were made
    /// before the fault.
    fn settle<T>(
        &self,
        mut link: Object<Links>,
        answer: Result<T, RedisFault>,
    ) -> Result<T, RedisFault> {
        match &answer {
            Ok(_) => link.prove(),
            Err(fault) if fault.discredits_connections() && link.can_be_replaced() => {
                self.epoch.fetch_add(1, Ordering::SeqCst);
                drop(Object::take(link));
            }
            Err(_) => {}
        }
        answer
    }
}
