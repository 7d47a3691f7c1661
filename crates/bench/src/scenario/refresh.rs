//! The next token pair.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::http::{Connection, post};
use crate::load::{Failure, Visitor};
use crate::prelude::Prepared;
use crate::world::{Tokens, call, tokens};

/// One who holds some sessions, refreshes them in turn, and gives them back.
pub(super) struct Refresh {
    connection: Connection,
    prepared: Arc<Prepared>,
    number: usize,
    of: usize,
    held: Vec<Tokens>,
    next: usize,
}

impl Refresh {
    pub(super) fn new(
        server: SocketAddr,
        prepared: Arc<Prepared>,
        number: usize,
        of: usize,
    ) -> Self {
        Self {
            connection: Connection::to(server),
            held: prepared.share(number, of),
            prepared,
            number,
            of,
            next: 0,
        }
    }
}

impl Drop for Refresh {
    fn drop(&mut self) {
        self.prepared.put_back(self.number, self.of, &self.held);
    }
}

impl Visitor for Refresh {
    async fn visit(&mut self) -> Result<(), Failure> {
        let place = self.next;
        self.next = (self.next + 1) % self.held.len();
        let body = format!(r#"{{"refresh_token":"{}"}}"#, self.held[place].refresh);
        let request = post("/v1/token/refresh", &body);
        let answer = call(&mut self.connection, &request).await?;
        self.held[place] = tokens(answer)?;
        Ok(())
    }
}
