//! Asking for a code, and signing in with it.

use std::sync::Arc;

use crate::http::{Connection, member, post};
use crate::load::{Failure, Visitor};
use crate::phone_book::PhoneBook;
use crate::world::{World, call, tokens};

/// One who signs in with the numbers of its part of the book, in turn: no two use
/// one number at once.
pub(super) struct Login {
    world: Arc<World>,
    connection: Connection,
    number: usize,
    of: usize,
    next: usize,
}

impl Login {
    pub(super) fn new(world: Arc<World>, number: usize, of: usize) -> Self {
        Self {
            connection: Connection::to(world.server),
            world,
            number,
            of,
            next: number,
        }
    }
}

impl Visitor for Login {
    async fn visit(&mut self) -> Result<(), Failure> {
        let index = self.next;
        self.next += self.of;
        if self.next >= self.world.book.size() {
            self.next = self.number;
        }
        sign_in(&mut self.connection, &self.world.book, index).await
    }
}

/// The whole of it: two requests, and a message between them.
///
/// # Errors
///
/// [`Failure`].
pub(crate) async fn sign_in(
    connection: &mut Connection,
    book: &PhoneBook,
    index: usize,
) -> Result<(), Failure> {
    let phone = PhoneBook::number(index);
    let ask = format!(r#"{{"phone":"{phone}","purpose":"login","client_type":"app"}}"#);
    let asked = call(connection, &post("/v1/sms/codes", &ask)).await?;
    let challenge = member(asked, "challenge_id").ok_or(Failure::Lacks("a challenge"))?;
    let code = book.code(index);
    let answer = format!(
        r#"{{"phone":"{phone}","code":"{code}","challenge_id":"{challenge}","client":{{"type":"app"}}}}"#
    );
    let body = call(connection, &post("/v1/login/sms", &answer)).await?;
    tokens(body).map(drop)
}
