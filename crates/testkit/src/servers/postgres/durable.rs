//! A server as production has it.

use std::io;
use std::process::Command;

use super::server::PostgresServer;

/// A server as production has it: what is committed has reached the disk. Stopped
/// and removed when this is dropped, or when the process ends however it ends.
#[derive(Debug)]
pub struct DurablePostgres(PostgresServer);

impl DurablePostgres {
    /// Starts a server with these settings (`name=value`) beside its defaults.
    ///
    /// # Errors
    ///
    /// If there is no room for it, or no process.
    ///
    /// # Panics
    ///
    /// If there is no server to start, or it does not work.
    pub fn start(settings: &[&str]) -> io::Result<Self> {
        PostgresServer::start_on_a_socket(settings).map(Self)
    }

    /// Makes an empty database, and answers how to connect to it.
    ///
    /// # Panics
    ///
    /// If there is one of that name.
    #[must_use]
    pub fn database(&self, name: &str) -> String {
        self.0.client("createdb", [name]);
        self.0.url_of(name)
    }

    /// One of its client programs, such as `psql` or `pgbench`, ready to connect.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        self.0.command(program)
    }

    /// The process that all others of the server were started by.
    ///
    /// # Panics
    ///
    /// If the server is gone.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}
