//! Showing an access token.

use std::net::SocketAddr;

use crate::http::{Connection, get};
use crate::load::{Failure, Visitor};
use crate::world::{Tokens, call};

/// One who holds some access tokens, and shows them in turn.
pub(super) struct Bearer {
    connection: Connection,
    requests: Vec<Vec<u8>>,
    next: usize,
}

impl Bearer {
    pub(super) fn new(server: SocketAddr, path: &str, held: &[Tokens]) -> Self {
        let request = |tokens: &Tokens| get(path, Some(&tokens.access));
        Self {
            connection: Connection::to(server),
            requests: held.iter().map(request).collect(),
            next: 0,
        }
    }
}

impl Visitor for Bearer {
    async fn visit(&mut self) -> Result<(), Failure> {
        let request = &self.requests[self.next];
        self.next = (self.next + 1) % self.requests.len();
        call(&mut self.connection, request).await.map(drop)
    }
}
