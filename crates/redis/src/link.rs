//! One connection of the pool: how it is made, and when it is trusted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use deadpool_redis::cluster::{ClusterClient, ClusterClientBuilder, ClusterConnection};
use deadpool_redis::redis::aio::{ConnectionLike as _, MultiplexedConnection};
use deadpool_redis::redis::sentinel::SentinelClient;
use deadpool_redis::redis::{
    AsyncConnectionConfig, Cmd, RedisError, RedisResult, TlsMode, Value, cmd,
};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::redis::RedisOptions;
use crate::url::{Place, RedisUrl};

/// How long a connection that worked is trusted without being asked.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How often a cluster's node is asked again, after a redirection for example.
const CLUSTER_RETRIES: u32 = 3;

/// One connection, used by one caller at a time.
pub(crate) struct Link {
    pub(crate) line: Line,
    /// When it last worked.
    proven: Instant,
    /// The [`Links::epoch`] that it was made in.
    epoch: u64,
}

/// What a connection leads to.
pub(crate) enum Line {
    /// To one server.
    Server(MultiplexedConnection),
    /// To all servers of a cluster; it finds each key's by itself, and connects
    /// to it again by itself.
    Cluster(ClusterConnection),
}

impl Link {
    /// It has just worked.
    pub(crate) fn prove(&mut self) {
        self.proven = Instant::now();
    }

    /// False for what mends itself.
    pub(crate) fn can_be_replaced(&self) -> bool {
        matches!(self.line, Line::Server(_))
    }
}

/// Makes connections.
pub(crate) struct Links {
    way: Way,
    epoch: Arc<AtomicU64>,
    /// How long a connection that was idle may take to show that it lives: half of
    /// what a caller waits for one, so that there is time to make another.
    sign_of_life: Duration,
}

enum Way {
    Server(deadpool_redis::Manager),
    Cluster(ClusterClient),
    Sentinels(Box<Mutex<SentinelClient>>),
}

impl Links {
    /// Nothing is connected yet. Connections of an earlier epoch than the one
    /// that `epoch` tells are not used again.
    pub(crate) fn new(
        url: &RedisUrl,
        options: RedisOptions,
        epoch: Arc<AtomicU64>,
    ) -> RedisResult<Self> {
        let way = match &url.place {
            Place::One { host, database } => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(options.connect))
                    .set_response_timeout(Some(options.command));
                let server = url.server(host, *database)?;
                Way::Server(deadpool_redis::Manager::new_with_config(server, config)?)
            }
            Place::Cluster(hosts) => {
                let nodes = hosts.iter().map(|host| url.server(host, 0));
                let mut builder =
                    ClusterClientBuilder::new(nodes.collect::<RedisResult<Vec<_>>>()?)
                        .retries(CLUSTER_RETRIES)
                        .min_retry_wait(5)
                        .max_retry_wait(50)
                        .connection_timeout(options.connect)
                        .response_timeout(options.command)
                        .overall_response_timeout(Some(options.command));
                if url.tls {
                    builder = builder.tls(TlsMode::Secure);
                }
                if let Some(certificates) = url.certificates() {
                    builder = builder.certs(certificates);
                }
                Way::Cluster(builder.build()?)
            }
            Place::Sentinels { .. } => Way::Sentinels(Box::new(Mutex::new(url.sentinels()?))),
        };
        Ok(Self {
            way,
            epoch,
            sign_of_life: options.acquire / 2,
        })
    }
}

impl Manager for Links {
    type Type = Link;
    type Error = RedisError;

    async fn create(&self) -> Result<Link, RedisError> {
        // Before it is connected: what is learnt meanwhile discredits it too.
        let epoch = self.epoch.load(Ordering::SeqCst);
        let line = match &self.way {
            Way::Server(manager) => Line::Server(manager.create().await?),
            Way::Sentinels(client) => {
                let mut client = client.lock().await;
                Line::Server(client.get_async_connection().await?)
            }
            Way::Cluster(client) => Line::Cluster(client.get_async_connection().await?),
        };
        Ok(Link {
            line,
            proven: Instant::now(),
            epoch,
        })
    }

    async fn recycle(&self, link: &mut Link, _: &Metrics) -> RecycleResult<RedisError> {
        if !link.can_be_replaced() {
            return Ok(());
        }
        if link.epoch != self.epoch.load(Ordering::SeqCst) {
            return Err(RecycleError::message("others like it failed"));
        }
        if link.proven.elapsed() < TRUSTED_FOR {
            return Ok(());
        }
        let ping = cmd("PING");
        let asked = link.line.ask(&ping);
        timeout(self.sign_of_life, asked)
            .await
            .map_err(|_| RecycleError::message("no sign of life"))??;
        link.proven = Instant::now();
        Ok(())
    }
}

impl Line {
    /// Sends a command and awaits its answer.
    pub(crate) async fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        let answer = match self {
            Self::Server(connection) => connection.req_packed_command(command).await,
            Self::Cluster(connection) => connection.req_packed_command(command).await,
        };
        answer?.extract_error()
    }
}
