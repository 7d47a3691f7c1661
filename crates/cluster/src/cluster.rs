//! All parts together.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use menshen_testkit::servers::postgres::PostgresDatabase;
use menshen_testkit::servers::redis::RedisServer;

use crate::nginx::{self, Nginx};
use crate::ports;
use crate::process::Process;
use crate::settings::{Places, Profile, new_master_key, shared, variable};
use crate::undertaker::Undertaker;

/// What is to be started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The `menshen` command.
    pub binary: PathBuf,
    /// What the replicas are for.
    pub profile: Profile,
    /// How many replicas.
    pub replicas: usize,
    /// Settings by key that are not those of the cluster, such as
    /// `("sms.per_ip_hour", "0")`.
    pub settings: Vec<(String, String)>,
}

/// The whole topology.
///
/// The parts end in the order of the fields; the undertaker comes last.
#[derive(Debug)]
pub struct Cluster {
    /// nginx, in front of the replicas.
    pub nginx: Nginx,
    /// The replicas of the service.
    pub replicas: Vec<Process>,
    /// The offline WeChat and SMS vendors, which all replicas ask.
    pub simulator: Process,
    /// What the replicas share for minutes.
    pub redis: RedisServer,
    /// What the replicas share for good.
    pub database: PostgresDatabase,
    environment: Vec<(String, String)>,
    binary: PathBuf,
    folder: PathBuf,
    _undertaker: Undertaker,
}

impl Cluster {
    /// Starts everything over an empty database, which the replicas migrate, and waits
    /// until all of it is ready.
    ///
    /// # Errors
    ///
    /// If a part does not start; with what it said.
    ///
    /// # Panics
    ///
    /// If there is no PostgreSQL or Redis to start.
    pub async fn start(options: &Options) -> io::Result<Self> {
        let mut parts = Parts::prepare(options).await?;
        parts.simulator.start().await?;
        // All at once, as an orchestrator does.
        for replica in &mut parts.replicas {
            replica.spawn()?;
        }
        for replica in &mut parts.replicas {
            replica.ready().await?;
        }
        let front = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()?));
        let text = configuration(options.profile, front, &parts);
        fs::write(parts.folder.join("nginx.conf"), text)?;
        nginx::copy_shipped(&parts.folder)?;
        let nginx = Nginx::start(&parts.folder, front).await?;
        Ok(Self {
            nginx,
            replicas: parts.replicas,
            simulator: parts.simulator,
            redis: parts.redis,
            database: parts.database,
            environment: parts.environment,
            binary: options.binary.clone(),
            folder: parts.folder,
            _undertaker: parts.undertaker,
        })
    }

    /// The `menshen` command with the replicas' settings, for commands other than
    /// `serve`.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        menshen(&self.binary, &self.folder, &self.environment, arguments)
    }

    /// One more replica, which is not started, and which nginx does not know.
    ///
    /// # Errors
    ///
    /// If there is no port for it.
    pub fn another(&self, name: &str) -> io::Result<Process> {
        replica(&self.binary, &self.folder, &self.environment, name)
    }

    /// Where the parts keep their files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// What is there before nginx.
struct Parts {
    replicas: Vec<Process>,
    simulator: Process,
    redis: RedisServer,
    database: PostgresDatabase,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    undertaker: Undertaker,
}

impl Parts {
    async fn prepare(options: &Options) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("menshen-cluster-")
            .tempdir()?
            .keep();
        let undertaker = Undertaker::of(&folder)?;
        // nginx's workers are somebody else where its master is root.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        let started = tokio::task::spawn_blocking(RedisServer::start);
        let redis = started.await.map_err(io::Error::other)?;
        let database = PostgresDatabase::fresh().await;
        let simulator = simulator(&options.binary, &folder)?;
        let places = Places {
            database_url: database.url.clone(),
            redis_url: redis.url(),
            simulator: simulator.address(),
            master_key: new_master_key()?,
        };
        let mut environment = shared(options.profile, &places);
        for (key, value) in &options.settings {
            let name = variable(key);
            environment.retain(|(known, _)| *known != name);
            environment.push((name, value.clone()));
        }
        let replicas = (1..=options.replicas).map(|n| {
            replica(
                &options.binary,
                &folder,
                &environment,
                &format!("replica-{n}"),
            )
        });
        Ok(Self {
            replicas: replicas.collect::<io::Result<_>>()?,
            simulator,
            redis,
            database,
            environment,
            folder,
            undertaker,
        })
    }
}

fn simulator(binary: &Path, folder: &Path) -> io::Result<Process> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()?));
    let listen = address.to_string();
    let command = menshen(binary, folder, &[], &["simulate", "--listen", &listen]);
    let ready = "/control/sms?phone=13800138000";
    Ok(Process::new("simulator", folder, command, address, ready))
}

fn replica(
    binary: &Path,
    folder: &Path,
    environment: &[(String, String)],
    name: &str,
) -> io::Result<Process> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()?));
    let mut command = menshen(binary, folder, environment, &["serve"]);
    command.env(variable("server.listen"), address.to_string());
    Ok(Process::new(name, folder, command, address, "/readyz"))
}

/// The command with nothing in its environment but these settings.
fn menshen(
    binary: &Path,
    folder: &Path,
    environment: &[(String, String)],
    arguments: &[&str],
) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().current_dir(folder).args(arguments);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

/// The shipped configuration with these addresses, without TLS.
fn configuration(profile: Profile, front: SocketAddr, parts: &Parts) -> String {
    let mut upstream = String::new();
    for replica in &parts.replicas {
        let address = replica.address();
        // Writing to a string cannot fail.
        let _ = writeln!(
            upstream,
            "    server {address} max_fails=10 fail_timeout=1s;"
        );
    }
    let playground = match profile {
        Profile::Development => "    include nginx/playground.conf;\n",
        Profile::Production => "",
    };
    let folder = parts.folder.display();
    let simulator = parts.simulator.address();
    format!(
        "worker_processes 2;\n\
         pid {folder}/nginx.pid;\n\
         error_log {folder}/error.log warn;\n\
         events {{ worker_connections 2048; }}\n\
         http {{\n\
             include nginx/http.conf;\n\
             access_log {folder}/access.log menshen;\n\
             client_body_temp_path {folder}/body;\n\
             proxy_temp_path {folder}/proxy;\n\
             fastcgi_temp_path {folder}/fastcgi;\n\
             uwsgi_temp_path {folder}/uwsgi;\n\
             scgi_temp_path {folder}/scgi;\n\
             upstream menshen {{\n\
             zone menshen 128k;\n\
             least_conn;\n\
         {upstream}\
             keepalive 64;\n\
             keepalive_timeout 3s;\n\
             keepalive_requests 10000;\n\
             }}\n\
             upstream simulator {{ server {simulator}; }}\n\
             server {{\n\
             listen {front};\n\
             include nginx/locations.conf;\n\
         {playground}\
             }}\n\
         }}\n"
    )
}
