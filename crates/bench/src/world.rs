//! What scenarios know of the server that they visit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::http::{Connection, member, post};
use crate::load::Failure;
use crate::phone_book::PhoneBook;
use crate::upstream::OPENID_LENGTH;

/// The application that people sign in to.
pub const APP_ID: &str = "wxbe9c000000000001";
/// People who come back again and again, at most: spread over all that there are,
/// so that a large table is really looked into.
const REGULARS: u64 = 20_000;

/// What scenarios know of the server that they visit.
#[derive(Debug)]
pub struct World {
    /// Where the server listens.
    pub server: SocketAddr,
    /// Numbers, and the codes that they were sent.
    pub book: Arc<PhoneBook>,
    /// How many people the tables hold.
    pub users: u64,
    /// Sets this run's new people and login codes apart from those before.
    run: u64,
    regulars: AtomicU64,
    strangers: AtomicU64,
}

/// A signed-in session.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Its access token.
    pub access: String,
    /// Its newest refresh token.
    pub refresh: String,
}

impl World {
    /// A world with nobody new in it.
    #[must_use]
    pub fn new(server: SocketAddr, book: Arc<PhoneBook>, users: u64) -> Self {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
        Self {
            server,
            book,
            users,
            // Microseconds: no two runs begin in the same one.
            run: since.map_or(0, |since| {
                since.as_secs() * 1_000_000 + u64::from(since.subsec_micros())
            }),
            regulars: AtomicU64::new(0),
            strangers: AtomicU64::new(0),
        }
    }

    /// The openid of a person in the tables.
    #[must_use]
    pub fn openid(person: u64) -> String {
        format!("o{person:0width$}", width = OPENID_LENGTH - 1)
    }

    /// A login code of somebody who has signed in before.
    #[must_use]
    pub fn code_of_regular(&self) -> String {
        let drawn = self.regulars.fetch_add(1, Ordering::Relaxed);
        let regulars = regulars(self.users);
        // Every regular once, in an order that jumps about; then again.
        let regular = scatter(drawn % regulars, regulars);
        let person = regular * (self.users / regulars);
        format!("{}-{:x}-{drawn}", Self::openid(person), self.run)
    }

    /// A login code of somebody whom nobody has seen.
    #[must_use]
    pub fn code_of_stranger(&self) -> String {
        let drawn = self.strangers.fetch_add(1, Ordering::Relaxed);
        let run = self.run;
        format!("n{run:016x}{drawn:011x}-{drawn}")
    }

    /// Signs in by WeChat.
    ///
    /// # Errors
    ///
    /// [`Failure`].
    pub async fn sign_in(connection: &mut Connection, code: &str) -> Result<Tokens, Failure> {
        let body = format!(r#"{{"code":"{code}","client":{{"type":"mini_program"}}}}"#);
        let request = post("/v1/login/wechat", &body);
        let answer = call(connection, &request).await?;
        tokens(answer)
    }
}

/// How many of so many people come back again and again.
#[must_use]
pub fn regulars(users: u64) -> u64 {
    users.clamp(1, REGULARS)
}

/// Sends a request, and takes nothing but a 200 for an answer.
///
/// # Errors
///
/// [`Failure`].
pub async fn call<'a>(connection: &'a mut Connection, request: &[u8]) -> Result<&'a [u8], Failure> {
    let answer = connection.call(request).await;
    let answer = answer.map_err(|error| Failure::Broken(error.kind()))?;
    if answer.status == 200 {
        return Ok(answer.body);
    }
    let code = member(answer.body, "code").unwrap_or("-");
    Err(Failure::Refused(answer.status, code.to_owned()))
}

/// The pair that a login or refresh answers.
///
/// # Errors
///
/// If there is none.
pub fn tokens(body: &[u8]) -> Result<Tokens, Failure> {
    let text = |name| member(body, name).map(ToOwned::to_owned);
    Ok(Tokens {
        access: text("access_token").ok_or(Failure::Lacks("an access token"))?,
        refresh: text("refresh_token").ok_or(Failure::Lacks("a refresh token"))?,
    })
}

/// A permutation of `0..of`: steps by a prime that is larger than any `of` of
/// ours, and so has no divisor in common with it.
fn scatter(number: u64, of: u64) -> u64 {
    const STEP: u64 = 2_654_435_761;
    number * STEP % of
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_regular_comes_before_one_comes_twice() {
        for of in [1, 2, 1000, 20_000] {
            let seen: HashSet<_> = (0..of).map(|number| scatter(number, of)).collect();
            assert_eq!(seen.len() as u64, of);
        }
    }

    #[test]
    fn codes_begin_with_an_openid_and_are_never_the_same() {
        let world = World::new(
            ([127, 0, 0, 1], 1).into(),
            Arc::new(PhoneBook::new(1)),
            1000,
        );
        let codes: HashSet<_> = (0..3000)
            .flat_map(|_| [world.code_of_regular(), world.code_of_stranger()])
            .collect();
        assert_eq!(codes.len(), 6000);
        let openids: HashSet<_> = codes.iter().map(|code| &code[..OPENID_LENGTH]).collect();
        // 1000 regulars, and each stranger.
        assert_eq!(openids.len(), 4000);
        assert!(openids.contains(World::openid(999).as_str()));
    }
}
