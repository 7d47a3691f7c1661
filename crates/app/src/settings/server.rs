//! `server.*`: where to listen and whom to believe.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;

use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;

/// Longer than any balancer takes to notice.
const MAX_DRAIN_DELAY: Duration = Duration::from_mins(2);

/// More than any machine has cores.
const MOST_WORKERS: u32 = 1024;

/// `server.*`.
#[derive(Debug)]
pub struct ServerSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to serve `/metrics`, and nowhere else.
    pub metrics_listen: Option<SocketAddr>,
    /// Where to serve `/admin/v1`, the console, introspection and revocation, and
    /// nowhere else.
    pub admin_listen: Option<SocketAddr>,
    /// How many workers; zero means one per core.
    pub workers: usize,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that browsers may call from.
    pub cors_origins: Vec<String>,
    /// How long a server that is leaving goes on taking requests.
    pub drain_delay: Duration,
    /// How long a shutdown waits for what is in flight.
    pub shutdown_grace: Duration,
}

/// Reads `server.*`.
pub fn read(reader: &mut Reader) -> ServerSettings {
    let settings = ServerSettings {
        listen: reader.read("server.listen", "127.0.0.1:8080", "address and port to listen on", parse::socket_address),
        metrics_listen: reader.read_optional(
            "server.metrics_listen",
            "address and port for `/metrics` alone, which is then not at `server.listen`; `/healthz` and `/readyz` are at both",
            parse::socket_address,
        ),
        admin_listen: reader.read_optional(
            "server.admin_listen",
            "address and port for `/admin/v1`, `/console`, introspection and revocation alone, which are then not at `server.listen`; `/healthz` and `/readyz` are at both",
            parse::socket_address,
        ),
        workers: reader.read("server.workers", "0", "worker threads; 0 means one per core", form::number(0, MOST_WORKERS, parse::count)) as usize,
        trusted_proxies: reader.read(
            "server.trusted_proxies",
            "[]",
            "networks whose `X-Forwarded-For` is believed, such as `[\"10.0.0.0/8\"]`; from anyone else it is ignored",
            form::list(networks),
        ),
        cors_origins: reader.read(
            "server.cors_origins",
            "[]",
            "origins that browsers may call from, such as `[\"https://www.example.com\"]`",
            form::list(origins),
        ),
        drain_delay: reader.read(
            "server.drain_delay",
            "0s",
            "how long a server that is told to stop goes on taking requests while `/readyz` says `draining`; longer than the proxy in front takes to notice and keeps idle connections; up to 2m",
            parse::duration,
        ),
        shutdown_grace: reader.read("server.shutdown_grace", "20s", "how long a shutdown waits for requests in flight", parse::duration),
    };
    check_listeners(reader, &settings);
    if settings.workers > MOST_WORKERS as usize {
        reader.problem("server.workers", "write a number from 0 to 1024");
    }
    if settings.drain_delay > MAX_DRAIN_DELAY {
        reader.problem("server.drain_delay", "write at most 2m");
    }
    settings
}

/// Two listeners cannot have one address; port 0 is another one each time.
fn check_listeners(reader: &mut Reader, settings: &ServerSettings) {
    let mut taken = vec![settings.listen];
    for (key, listen) in [
        ("server.metrics_listen", settings.metrics_listen),
        ("server.admin_listen", settings.admin_listen),
    ] {
        let Some(listen) = listen else { continue };
        if listen.port() != 0 && taken.contains(&listen) {
            reader.problem(key, "write an address that no other listener has");
        }
        taken.push(listen);
    }
}

fn networks(given: &Given) -> Result<Vec<IpNet>, String> {
    parse::texts(given)?
        .iter()
        .map(|text| {
            let network = text
                .parse::<IpNet>()
                .or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
            network
                .map_err(|_| "write networks, such as [\"10.0.0.0/8\", \"192.0.2.7\"]".to_owned())
        })
        .collect()
}

fn origins(given: &Given) -> Result<Vec<String>, String> {
    const WANTED: &str =
        "write whole origins without a path, such as [\"https://www.example.com\"]; * is refused";
    let origins = parse::texts(given)?;
    let whole = |origin: &String| {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', ' ']))
    };
    if origins.iter().all(whole) {
        Ok(origins)
    } else {
        Err(WANTED.to_owned())
    }
}
