//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::scenario::Scenario;
use crate::stores::Setup;

/// Puts load on a release build of Menshen, and prints what it did beside what
/// this machine could do at best.
///
/// It starts everything that it needs, and takes it away again: the server, a
/// stand-in for WeChat and the SMS vendor, `PostgreSQL` and Redis.
#[derive(Debug, Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[command(
    version,
    after_help = "cargo run --release -p menshen-bench -- --scenario refresh --setup shared"
)]
pub struct Options {
    /// The server's program; the one beside this program if left out.
    #[arg(long)]
    pub server: Option<PathBuf>,
    /// Where the server keeps things; both, one after the other, if left out.
    #[arg(long, value_enum)]
    pub setup: Vec<Setup>,
    /// What people do; everything if left out.
    #[arg(long, value_enum)]
    pub scenario: Vec<Scenario>,
    /// People in the tables before anything is measured; several numbers measure
    /// several times [default: 1000 and, over `PostgreSQL`, 1000000].
    #[arg(long)]
    pub users: Vec<u64>,
    /// How many ask at once.
    #[arg(long, default_value_t = 32)]
    pub connections: usize,
    /// Seconds that a load is measured for.
    #[arg(long, default_value_t = 6.0)]
    pub seconds: f64,
    /// Logins a second of the open load; 0 leaves it out.
    #[arg(long, default_value_t = 100.0)]
    pub rate: f64,
    /// Live sessions per user; 0 means no limit, so that a login ends no other one.
    #[arg(long, default_value_t = 0)]
    pub max_sessions: u32,
    /// More settings of the server, `key=value`, such as `server.workers=1`.
    #[arg(long = "set", value_parser = setting)]
    pub settings: Vec<(String, String)>,
    /// Leaves the ceilings out.
    #[arg(long)]
    pub no_ceilings: bool,
    /// A second of everything: shows that it works, measures nothing.
    #[arg(long)]
    pub quick: bool,
    /// Instead of a load: whether the time of an answer tells that a number has an
    /// account. Fails if the medians lie more than 5 ms apart.
    #[arg(long)]
    pub enumeration: bool,
    /// Goes on with the first scenario until it is interrupted, and prints the
    /// server's process: for a profiler.
    #[arg(long)]
    pub forever: bool,
}

impl Options {
    /// What is to be measured.
    #[must_use]
    pub fn scenarios(&self) -> Vec<Scenario> {
        if self.scenario.is_empty() {
            Scenario::ALL.to_vec()
        } else {
            self.scenario.clone()
        }
    }

    /// Which set-ups, with how many people each.
    #[must_use]
    pub fn stages(&self) -> Vec<(Setup, u64)> {
        let setups = match &self.setup[..] {
            [] => &[Setup::Embedded, Setup::Shared],
            given => given,
        };
        let stages = setups.iter().flat_map(|setup| {
            let users = match (&self.users[..], setup) {
                ([], _) if self.quick => &[1000][..],
                ([], Setup::Embedded) => &[1000],
                ([], Setup::Shared) => &[1000, 1_000_000],
                (given, _) => given,
            };
            users.iter().map(|users| (*setup, *users))
        });
        stages.collect()
    }

    /// How long a load is measured for.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_secs_f64(if self.quick { 1.0 } else { self.seconds })
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| key.contains('.'));
    let (key, value) = pair.ok_or("write key=value, such as server.workers=1")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn options(words: &[&str]) -> Options {
        Options::try_parse_from([&["menshen-bench"], words].concat()).unwrap()
    }

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn without_a_word_everything_is_measured_and_the_large_table_over_postgres() {
        let options = options(&[]);
        assert_eq!(options.scenarios(), Scenario::ALL);
        assert_eq!(
            options.stages(),
            [
                (Setup::Embedded, 1000),
                (Setup::Shared, 1000),
                (Setup::Shared, 1_000_000)
            ]
        );
    }

    #[test]
    fn settings_are_pairs() {
        let options = options(&[
            "--set",
            "server.workers=1",
            "--setup",
            "shared",
            "--users",
            "5",
        ]);
        assert_eq!(
            options.settings,
            [("server.workers".to_owned(), "1".to_owned())]
        );
        assert_eq!(options.stages(), [(Setup::Shared, 5)]);
        assert!(Options::try_parse_from(["menshen-bench", "--set", "workers"]).is_err());
    }
}
