//! PostgreSQL: a database of a shared server, or a server of its own.

mod durable;
mod owner;
mod pair;
mod process_group;
mod programs;
mod server;
mod tls;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub use durable::DurablePostgres;
pub use pair::PostgresPair;
pub use server::PostgresServer;

/// What tests trade for speed: nothing that they write outlives the machine.
const FOR_TESTS: [&str; 2] = ["fsync=off", "max_connections=300"];

/// The name that a server knows us by.
const ROLE: &str = "menshen";

/// A database of its own, gone when this is dropped.
#[derive(Debug)]
pub struct PostgresDatabase {
    /// How to connect: `postgres://…`.
    pub url: String,
    name: String,
    server: &'static PostgresServer,
}

impl PostgresDatabase {
    /// Makes an empty database; starts the server if this is the first one.
    ///
    /// # Panics
    ///
    /// If there is no server to start, or it does not work.
    pub async fn fresh() -> Self {
        let made = tokio::task::spawn_blocking(Self::make);
        made.await.expect("a PostgreSQL database")
    }

    fn make() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        static SERVER: OnceLock<PostgresServer> = OnceLock::new();
        let server = SERVER.get_or_init(|| {
            let started = PostgresServer::start_on_a_socket(&FOR_TESTS);
            started.expect("a folder and processes for PostgreSQL")
        });
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        server.client("createdb", [&name]);
        Self {
            url: server.url_of(&name),
            name,
            server,
        }
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // Best effort: the whole server goes away anyway.
        let mut drop = self.server.command("dropdb");
        let _ = drop.args(["--force", "--if-exists", &self.name]).output();
    }
}
