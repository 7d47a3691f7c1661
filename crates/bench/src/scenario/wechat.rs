//! Signing in by WeChat.

use std::sync::Arc;

use crate::http::Connection;
use crate::load::{Failure, Visitor};
use crate::world::World;

/// People whom the tables hold.
pub(super) struct Returning {
    world: Arc<World>,
    connection: Connection,
}

impl Returning {
    pub(super) fn new(world: Arc<World>) -> Self {
        let connection = Connection::to(world.server);
        Self { world, connection }
    }
}

impl Visitor for Returning {
    async fn visit(&mut self) -> Result<(), Failure> {
        let code = self.world.code_of_regular();
        World::sign_in(&mut self.connection, &code).await.map(drop)
    }
}

/// People who are new each time.
pub(super) struct First {
    world: Arc<World>,
    connection: Connection,
}

impl First {
    pub(super) fn new(world: Arc<World>) -> Self {
        let connection = Connection::to(world.server);
        Self { world, connection }
    }
}

impl Visitor for First {
    async fn visit(&mut self) -> Result<(), Failure> {
        let code = self.world.code_of_stranger();
        World::sign_in(&mut self.connection, &code).await.map(drop)
    }
}
