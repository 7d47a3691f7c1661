//! Three masters that share the slots.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use super::node::RedisServer;
use super::tls::RedisTls;

/// How long the masters may take to know each other.
const MEETING: Duration = Duration::from_secs(30);

/// A cluster of three masters, without replicas.
#[derive(Debug)]
pub struct RedisCluster {
    masters: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts a cluster that is empty.
    ///
    /// # Panics
    ///
    /// If there is no Redis to start, or the masters do not find each other.
    #[must_use]
    pub fn start() -> Self {
        Self::of(|| RedisServer::start_with(arguments))
    }

    /// Starts a cluster that is empty and speaks TLS only.
    ///
    /// # Panics
    ///
    /// As of [`start`](Self::start).
    #[must_use]
    pub fn start_with_tls(tls: RedisTls<'_>) -> Self {
        Self::of(|| RedisServer::start_with(|port| [tls.arguments(port), arguments(port)].concat()))
    }

    fn of(master: impl Fn() -> RedisServer) -> Self {
        let masters = (0..3).map(|_| master()).collect();
        let cluster = Self { masters };
        for (master, slots) in cluster
            .masters
            .iter()
            .zip(["0 5460", "5461 10922", "10923 16383"])
        {
            let slots = ["CLUSTER ADDSLOTSRANGE", slots].join(" ");
            master.command(&slots.split(' ').collect::<Vec<_>>());
        }
        let [first, others @ ..] = &cluster.masters[..] else {
            unreachable!("three masters");
        };
        for other in others {
            let port = other.port().to_string();
            first.command(&["CLUSTER", "MEET", "127.0.0.1", &port]);
        }
        cluster.wait();
        cluster
    }

    /// The cluster that the tests of this process share; it is started by the
    /// first.
    ///
    /// # Panics
    ///
    /// If there is no Redis to start, or the masters do not find each other.
    pub async fn shared() -> &'static Self {
        static CLUSTER: OnceLock<RedisCluster> = OnceLock::new();
        let started = tokio::task::spawn_blocking(|| CLUSTER.get_or_init(Self::start));
        started.await.expect("a Redis cluster")
    }

    /// How to connect: `redis+cluster://…`, all masters named.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self
            .masters
            .iter()
            .map(|master| format!("127.0.0.1:{}", master.port()))
            .collect();
        let url = self.masters[0].url();
        let scheme = url.split_once(':').map_or("redis", |(scheme, _)| scheme);
        format!("{scheme}+cluster://{}", hosts.join(","))
    }

    /// The masters.
    #[must_use]
    pub fn masters(&self) -> &[RedisServer] {
        &self.masters
    }

    /// Waits until every master sees all slots served by three.
    fn wait(&self) {
        let since = Instant::now();
        let ready = |master: &RedisServer| {
            let info = master.command(&["CLUSTER", "INFO"]);
            info.contains("cluster_state:ok") && info.contains("cluster_size:3")
        };
        while !self.masters.iter().all(ready) {
            assert!(since.elapsed() < MEETING, "the masters do not meet");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn arguments(_: u16) -> Vec<String> {
    let words = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
    words.map(str::to_owned).to_vec()
}
