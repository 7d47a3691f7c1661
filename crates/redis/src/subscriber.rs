//! Connections that listen to a channel.

use deadpool_redis::redis::aio::PubSub;
use deadpool_redis::redis::sentinel::SentinelClient;
use deadpool_redis::redis::{Client, RedisResult};

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
            Place::One { host, database } => servers(vec![url.server(host, *database)?]),
            Place::Cluster(hosts) => {
                let nodes = hosts.iter().map(|host| url.server(host, 0));
                servers(nodes.collect::<RedisResult<_>>()?)
            }
            Place::Sentinels { .. } => Ok(Way::Sentinels(Box::new(url.sentinels()?))),
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
