//! What must have happened before anything is measured: people who are signed in,
//! and numbers that have accounts.

use std::sync::Mutex;
use std::sync::{Arc, PoisonError};

use tokio::task::{JoinSet, LocalSet};

use crate::http::Connection;
use crate::load::Failure;
use crate::scenario::sign_in_by_sms;
use crate::world::{Tokens, World};

/// How many do it at once.
const AT_ONCE: usize = 16;
/// How often each tries: nothing is measured yet, and the machine may be busy.
const TRIES: usize = 5;

/// Sessions that are signed in. Who refreshes one gives its new tokens back.
#[derive(Debug, Default)]
pub struct Prepared {
    sessions: Mutex<Vec<Tokens>>,
}

impl Prepared {
    /// Signs people in, so many sessions, and each number of the book once.
    ///
    /// # Errors
    ///
    /// What failed first: nothing can be measured then.
    ///
    /// # Panics
    ///
    /// If the machine gives no runtime.
    pub fn sign_in(world: &Arc<World>, sessions: usize) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let everybody = LocalSet::new().block_on(&runtime, async {
            let mut parts = JoinSet::new();
            for first in 0..AT_ONCE {
                parts.spawn_local(part(Arc::clone(world), first, sessions));
            }
            let mut everybody = Vec::with_capacity(sessions);
            while let Some(part) = parts.join_next().await {
                everybody.extend(part.expect("a task that ends")?);
            }
            Ok(everybody)
        });
        Ok(Self {
            sessions: Mutex::new(everybody?),
        })
    }

    /// The sessions of one of so many visitors.
    #[must_use]
    pub fn share(&self, number: usize, of: usize) -> Vec<Tokens> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().skip(number).step_by(of).cloned().collect()
    }

    /// Takes the sessions of one of so many visitors back, with the tokens that
    /// they have now.
    pub fn put_back(&self, number: usize, of: usize, held: &[Tokens]) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let places = sessions.iter_mut().skip(number).step_by(of);
        for (place, tokens) in places.zip(held) {
            place.clone_from(tokens);
        }
    }
}

async fn part(world: Arc<World>, first: usize, sessions: usize) -> Result<Vec<Tokens>, Failure> {
    let mut connection = Connection::to(world.server);
    for index in (first..world.book.size()).step_by(AT_ONCE) {
        let mut tries = 1..TRIES;
        while let Err(failure) = sign_in_by_sms(&mut connection, &world.book, index).await {
            tries.next().ok_or(failure)?;
        }
    }
    let mut signed_in = Vec::new();
    for _ in (first..sessions).step_by(AT_ONCE) {
        let mut tries = 1..TRIES;
        signed_in.push(loop {
            let code = world.code_of_stranger();
            match World::sign_in(&mut connection, &code).await {
                Ok(tokens) => break tokens,
                Err(failure) => tries.next().map(drop).ok_or(failure)?,
            }
        });
    }
    Ok(signed_in)
}
