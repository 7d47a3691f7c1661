//! Connections that listen to a channel.

use deadpool_redis::redis::aio::PubSub;
use deadpool_redis::redis::sentinel::{
    SentinelClient, SentinelNodeConnectionInfo, SentinelServerType,
};
use deadpool_redis::redis::{Client, RedisResult, TlsMode};

use crate::link::{info, session};
use crate::url::{Place, RedisUrl};

/// Makes connections that listen, one after the other.
pub(crate) struct Subscribers {
    way: Way,
}

enum Way {
    /// To any of these: what is published on one node of a cluster is heard on all.
    Servers {
        clients: Vec<Client>,
        next: usize,
    },
    Sentinels(Box<SentinelClient>),
}

impl Subscribers {
    /// Nothing is connected yet.
    pub(crate) fn new(url: &RedisUrl) -> RedisResult<Self> {
        let servers = |infos: Vec<_>| {
            let clients = infos.into_iter().map(Client::open);
            let clients = clients.collect::<RedisResult<_>>()?;
            Ok(Way::Servers { clients, next: 0 })
        };
        let way: RedisResult<Way> = match &url.place {
            Place::One { host, database } => {
                servers(vec![info(host, url.tls, session(&url.login, *database))?])
            }
            Place::Cluster(hosts) => {
                let nodes = hosts
                    .iter()
                    .map(|host| info(host, url.tls, session(&url.login, 0)));
                servers(nodes.collect::<RedisResult<_>>()?)
            }
            Place::Sentinels {
                sentinels,
                login,
                master,
                database,
            } => {
                let nodes = sentinels
                    .iter()
                    .map(|host| info(host, url.tls, session(login, 0)))
                    .collect::<RedisResult<_>>()?;
                let mut of_master = SentinelNodeConnectionInfo::default()
                    .set_redis_connection_info(session(&url.login, *database));
                if url.tls {
                    of_master = of_master.set_tls_mode(TlsMode::Secure);
                }
                let kind = SentinelServerType::Master;
                let client = SentinelClient::build(nodes, master, Some(of_master), kind)?;
                Ok(Way::Sentinels(Box::new(client)))
            }
        };
        Ok(Self { way: way? })
    }

    /// Connects, and listens to a channel; of several servers to the next one, so
    /// that one which hangs is not asked again and again.
    pub(crate) async fn listen(&mut self, channel: &str) -> RedisResult<PubSub> {
        let mut line = match &mut self.way {
            Way::Servers { clients, next } => {
                let client = &clients[*next % clients.len()];
                *next = next.wrapping_add(1);
                client.get_async_pubsub().await?
            }
            Way::Sentinels(client) => client.async_get_client().await?.get_async_pubsub().await?,
        };
        line.subscribe(channel).await?;
        Ok(line)
    }
}
