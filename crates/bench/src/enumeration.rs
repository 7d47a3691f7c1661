//! Whether the time of an answer tells that a number has an account: asks for codes
//! by numbers that are unknown, active, disabled and about to be erased, in turn.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};

use crate::folder::Folder;
use crate::http::{Connection, member, post};
use crate::load::Failure;
use crate::options::Options;
use crate::phone_book::PhoneBook;
use crate::server::{Plan, Server};
use crate::stage::program;
use crate::stores::{Setup, Stores};
use crate::upstream;
use crate::world::call;

/// How far the medians of two states may lie apart.
pub const APART: Duration = Duration::from_millis(5);
/// Asks for a code of each state.
const ASKS: usize = 1000;
/// Numbers of each state; each is asked for several times.
const NUMBERS: usize = 100;
/// As many of either in a quick run.
const FEW: usize = 8;
/// The key that accounts are disabled with.
const OPERATOR: &str = "bench-operator-key-of-this-run-only";

/// What there is to be told of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unknown,
    Active,
    Disabled,
    Cancelling,
}

const STATES: [State; 4] = [
    State::Unknown,
    State::Active,
    State::Disabled,
    State::Cancelling,
];

impl State {
    const fn title(self) -> &'static str {
        match self {
            Self::Unknown => "no account",
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Cancelling => "cancelled, not erased yet",
        }
    }
}

/// Measures the set-ups, and prints their medians; false if two lie further apart
/// than [`APART`]. A quick run judges nothing.
///
/// # Errors
///
/// If something could not be started, or an answer was not a code sent.
pub fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let mut alike = true;
    let setups = match &options.setup[..] {
        [] => &[Setup::Embedded, Setup::Shared],
        given => given,
    };
    for setup in setups {
        let times = measure(options, *setup)?;
        println!("\n## Asking for a code: {}\n", setup.title());
        println!("{times}");
        alike &= times.apart() <= APART;
    }
    Ok(alike || options.quick)
}

fn measure(options: &Options, setup: Setup) -> Result<Times, Box<dyn Error>> {
    let (numbers, asks) = if options.quick {
        (FEW, FEW)
    } else {
        (NUMBERS, ASKS)
    };
    let folder = Folder::new()?;
    let stores = Stores::start(setup, folder.path())?;
    let book = Arc::new(PhoneBook::new(numbers * STATES.len()));
    let upstream = upstream::start(Arc::clone(&book))?;
    let mut plan = Plan::new(
        &program(options)?,
        folder.path(),
        &stores.settings(),
        upstream,
    );
    plan.set("admin.keys", &operator());
    for (key, value) in &options.settings {
        plan.set(key, value);
    }
    let server = Server::start(&plan)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut connection = Connection::to(server.address);
        prepare(&mut connection, &book, numbers).await?;
        let times = Times::ask(&mut connection, numbers, asks).await;
        times.map_err(|failure| Box::from(format!("no code was sent: {failure}")))
    })
}

/// `admin.keys`, with the digest of the key.
fn operator() -> String {
    let digest = digest(&SHA256, OPERATOR.as_bytes());
    let hex = hex::encode(digest);
    format!(r#"[{{name="bench",sha256="{hex}",scope="write"}}]"#)
}

/// Numbers of a state lie side by side in the book.
fn index(state: usize, number: usize, numbers: usize) -> usize {
    state * numbers + number
}

/// Signs in with every number that shall have an account, and puts it into its state.
async fn prepare(
    connection: &mut Connection,
    book: &PhoneBook,
    numbers: usize,
) -> Result<(), Box<dyn Error>> {
    for (place, state) in STATES.into_iter().enumerate() {
        for number in 0..numbers {
            let done = settle(connection, book, index(place, number, numbers), state).await;
            done.map_err(|failure| format!("a number could not be made {state:?}: {failure}"))?;
        }
    }
    Ok(())
}

async fn settle(
    connection: &mut Connection,
    book: &PhoneBook,
    index: usize,
    state: State,
) -> Result<(), Failure> {
    if state == State::Unknown {
        return Ok(());
    }
    call(connection, &ask(index)).await?;
    let (phone, code) = (PhoneBook::number(index), book.code(index));
    let login = format!(r#"{{"phone":"{phone}","code":"{code}","client":{{"type":"app"}}}}"#);
    let answer = call(connection, &post("/v1/login/sms", &login)).await?;
    let token = member(answer, "access_token").ok_or(Failure::Lacks("an access token"))?;
    let user = user_of(answer).ok_or(Failure::Lacks("a user"))?;
    let request = match state {
        State::Unknown | State::Active => return Ok(()),
        State::Disabled => disabling(&user),
        State::Cancelling => cancelling(token),
    };
    call(connection, &request).await.map(drop)
}

/// The id of the user; the session's has another name.
fn user_of(answer: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(answer).ok()?;
    let (_, user) = text.split_once("\"user\":")?;
    member(user.as_bytes(), "id").map(ToOwned::to_owned)
}

fn disabling(user: &str) -> Vec<u8> {
    let body = r#"{"reason":"measured"}"#;
    let path = format!("/admin/v1/users/{user}/disable");
    with_bearer(post(&path, body), OPERATOR)
}

fn cancelling(token: &str) -> Vec<u8> {
    let request = b"DELETE /v1/me HTTP/1.1\r\nhost: bench\r\ncontent-length: 0\r\n\r\n";
    with_bearer(request.to_vec(), token)
}

/// The request with a bearer token behind its first line.
fn with_bearer(request: Vec<u8>, token: &str) -> Vec<u8> {
    let text = String::from_utf8(request).unwrap_or_default();
    let bearer = format!("\r\nauthorization: Bearer {token}\r\n");
    text.replacen("\r\n", &bearer, 1).into_bytes()
}

fn ask(index: usize) -> Vec<u8> {
    let phone = PhoneBook::number(index);
    let body = format!(r#"{{"phone":"{phone}","purpose":"login","client_type":"app"}}"#);
    post("/v1/sms/codes", &body)
}

/// How long each ask took, by state.
#[derive(Debug)]
struct Times([Vec<Duration>; 4]);

impl Times {
    /// Asks in turn, so that whatever the machine does meanwhile is in all of them;
    /// who comes first changes from round to round.
    async fn ask(
        connection: &mut Connection,
        numbers: usize,
        asks: usize,
    ) -> Result<Self, Failure> {
        let mut times: [Vec<Duration>; 4] = Default::default();
        let mut length = None;
        for round in 0..asks {
            for turn in 0..STATES.len() {
                let state = (round + turn) % STATES.len();
                let request = ask(index(state, round % numbers, numbers));
                let began = Instant::now();
                let answer = call(connection, &request).await?;
                times[state].push(began.elapsed());
                if *length.get_or_insert(answer.len()) != answer.len() {
                    return Err(Failure::Lacks("the length of the others"));
                }
            }
        }
        for times in &mut times {
            times.sort_unstable();
        }
        Ok(Self(times))
    }

    fn at(&self, state: usize, part: f64) -> Duration {
        at(&self.0[state], part)
    }

    /// How far apart the medians lie at most.
    fn apart(&self) -> Duration {
        let medians = (0..STATES.len()).map(|state| self.at(state, 0.5));
        let (least, most) = medians.fold((Duration::MAX, Duration::ZERO), |(least, most), one| {
            (least.min(one), most.max(one))
        });
        most.saturating_sub(least)
    }
}

/// The value that this part of the sorted ones does not exceed.
fn at(sorted: &[Duration], part: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a thousand samples"
    )]
    let place = (part * sorted.len() as f64).ceil() as usize;
    let place = place.saturating_sub(1).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| the number | asks | median ms | p90 ms |")?;
        writeln!(f, "| --- | ---: | ---: | ---: |")?;
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        for (place, state) in STATES.into_iter().enumerate() {
            let (median, p90) = (ms(self.at(place, 0.5)), ms(self.at(place, 0.9)));
            let (title, asks) = (state.title(), self.0[place].len());
            writeln!(f, "| {title} | {asks} | {median:.3} | {p90:.3} |")?;
        }
        let (apart, most) = (ms(self.apart()), ms(APART));
        write!(
            f,
            "\nThe medians lie {apart:.3} ms apart; {most} are allowed."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: [u64; 4]) -> Times {
        Times(millis.map(|ms| vec![Duration::from_millis(ms); 3]))
    }

    #[test]
    fn the_medians_furthest_apart_count() {
        assert_eq!(times([3, 3, 3, 3]).apart(), Duration::ZERO);
        assert_eq!(times([3, 9, 2, 3]).apart(), Duration::from_millis(7));
        assert!(times([1, 1, 1, 7]).apart() > APART);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        let sorted: Vec<_> = (1..=5).map(Duration::from_millis).collect();
        assert_eq!(at(&sorted, 0.5), Duration::from_millis(3));
        assert_eq!(at(&sorted, 0.9), Duration::from_millis(5));
        assert_eq!(at(&[], 0.5), Duration::ZERO);
    }

    #[test]
    fn the_user_is_told_from_the_session() {
        let answer = br#"{"data":{"session_id":"s","user":{"id":"u","identities":[{"id":"i"}]}}}"#;
        assert_eq!(user_of(answer).as_deref(), Some("u"));
    }

    #[test]
    fn a_token_goes_into_the_head() {
        let request = String::from_utf8(cancelling("t")).unwrap();
        assert!(request.starts_with("DELETE /v1/me HTTP/1.1\r\nauthorization: Bearer t\r\n"));
        assert!(request.ends_with("\r\n\r\n"));
    }
}
