//! A master with a replica, and three sentinels that watch them.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use super::node::RedisServer;
use super::tls::RedisTls;

/// The name that the sentinels know the master by.
const MASTER: &str = "menshen";
/// How long they may take to know each other, or to agree on a new master.
const AGREEMENT: Duration = Duration::from_secs(30);

/// A master with a replica, and three sentinels that watch them.
#[derive(Debug)]
pub struct RedisWithSentinels {
    /// The two servers; the first is the master at first.
    pub servers: [RedisServer; 2],
    sentinels: Vec<RedisServer>,
}

impl RedisWithSentinels {
    /// Starts them, empty, and waits until the replica follows and the sentinels
    /// know of all.
    ///
    /// # Panics
    ///
    /// If there is no Redis to start, or they do not find each other.
    #[must_use]
    pub fn start() -> Self {
        Self::of(&|_| Vec::new())
    }

    /// The same, all of which speak TLS only.
    ///
    /// # Panics
    ///
    /// As of [`start`](Self::start).
    #[must_use]
    pub fn start_with_tls(tls: RedisTls<'_>) -> Self {
        Self::of(&|port| tls.arguments(port))
    }

    fn of(each: &dyn Fn(u16) -> Vec<String>) -> Self {
        let master = RedisServer::start_with(each);
        let port = master.port().to_string();
        let replica = RedisServer::start_with(|own| {
            let words = [
                "--replicaof",
                "127.0.0.1",
                &port,
                "--repl-diskless-sync-delay",
                "0",
            ];
            [each(own), words.map(str::to_owned).to_vec()].concat()
        });
        let sentinels = (0..3).map(|_| sentinel(&port, each)).collect();
        let all = Self {
            servers: [master, replica],
            sentinels,
        };
        all.wait("the replica does not follow", |all| {
            let replication = all.servers[1].command(&["INFO", "replication"]);
            replication.contains("master_link_status:up")
        });
        all.wait("the sentinels do not meet", |all| {
            all.sentinels.iter().all(|sentinel| {
                let known = sentinel.command(&["SENTINEL", "MASTER", MASTER]);
                let follows = |name: &str, count: &str| {
                    let mut words = known.lines();
                    words.any(|word| word == name) && words.next() == Some(count)
                };
                follows("num-slaves", "1") && follows("num-other-sentinels", "2")
            })
        });
        all
    }

    /// The servers that the tests of this process share; they are started by the
    /// first.
    ///
    /// # Panics
    ///
    /// If there is no Redis to start, or they do not find each other.
    pub async fn shared() -> &'static Self {
        static SERVERS: OnceLock<RedisWithSentinels> = OnceLock::new();
        let started = tokio::task::spawn_blocking(|| SERVERS.get_or_init(Self::start));
        started.await.expect("Redis with sentinels")
    }

    /// How to connect: `redis+sentinel://…/menshen`, all sentinels named.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self
            .sentinels
            .iter()
            .map(|sentinel| format!("127.0.0.1:{}", sentinel.port()))
            .collect();
        let url = self.servers[0].url();
        let scheme = url.split_once(':').map_or("redis", |(scheme, _)| scheme);
        format!("{scheme}+sentinel://{}/{MASTER}", hosts.join(","))
    }

    /// Kills the first master, and waits until the sentinels have put the replica
    /// in its place.
    ///
    /// # Panics
    ///
    /// If they do not agree.
    pub fn fail_over(&self) {
        self.servers[0].kill();
        let new = self.servers[1].port().to_string();
        self.wait("the sentinels do not agree", |all| {
            all.sentinels.iter().all(|sentinel| {
                let words = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER];
                sentinel.command(&words).lines().last() == Some(&new)
            }) && all.servers[1].command(&["ROLE"]).starts_with("master")
        });
    }

    fn wait(&self, problem: &str, ready: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !ready(self) {
            assert!(since.elapsed() < AGREEMENT, "{problem}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn sentinel(master: &str, each: &dyn Fn(u16) -> Vec<String>) -> RedisServer {
    let sentinel =
        RedisServer::start_with(|port| [each(port), vec!["--sentinel".to_owned()]].concat());
    sentinel.command(&["SENTINEL", "MONITOR", MASTER, "127.0.0.1", master, "2"]);
    for (name, milliseconds) in [
        ("down-after-milliseconds", "500"),
        ("failover-timeout", "2000"),
    ] {
        sentinel.command(&["SENTINEL", "SET", MASTER, name, milliseconds]);
    }
    sentinel
}
