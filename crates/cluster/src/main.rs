//! Two replicas behind nginx, over PostgreSQL and Redis, on this machine, until
//! Ctrl-C.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use menshen_cluster::{Cluster, Options, Profile};
use tokio::signal::unix::{SignalKind, signal};

/// Starts replicas of Menshen over PostgreSQL and Redis behind nginx, as processes of
/// this machine, and removes them with all their data at Ctrl-C.
#[derive(Debug, Parser)]
#[command(
    name = "menshen-cluster",
    after_help = "Example: cargo build -p menshen && cargo run -p menshen-cluster -- --replicas 3"
)]
struct Arguments {
    /// How many replicas.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    replicas: u8,
    /// As for people: without the playground.
    #[arg(long)]
    production: bool,
    /// A setting of all replicas, such as `sms.resend_interval=1s`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// The `menshen` command; by default the one beside this program.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("menshen-cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let (mut interrupted, mut terminated) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let profile = if arguments.production {
        Profile::Production
    } else {
        Profile::Development
    };
    let options = Options {
        binary: arguments.binary.map_or_else(beside, Ok)?,
        profile,
        replicas: usize::from(arguments.replicas),
        settings: arguments.settings,
    };
    tokio::select! {
        started = Cluster::start(&options) => {
            let cluster = started?;
            println!("{}", addresses(profile, &cluster));
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
        }
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    Ok(())
}

/// `menshen` in the folder of this program.
fn beside() -> io::Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("menshen");
    if binary.is_file() {
        return Ok(binary);
    }
    let said =
        "there is no menshen beside this program: run cargo build -p menshen, or say --binary";
    Err(io::Error::other(said))
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn addresses(profile: Profile, cluster: &Cluster) -> String {
    let mut lines = vec![format!("nginx        {}", cluster.nginx.url())];
    if profile == Profile::Development {
        lines.push(format!("playground   {}/playground", cluster.nginx.url()));
    }
    for (n, replica) in cluster.replicas.iter().enumerate() {
        lines.push(format!("replica {}    {}", n + 1, replica.url()));
    }
    lines.push(format!("simulator    {}", cluster.simulator.url()));
    lines.push(format!("PostgreSQL   {}", cluster.database.url));
    lines.push(format!("Redis        {}", cluster.redis.url()));
    lines.push(format!("logs         {}", cluster.folder().display()));
    format!(
        "\n  {}\n\n  Stop with Ctrl-C: all of it is removed.\n",
        lines.join("\n  ")
    )
}
