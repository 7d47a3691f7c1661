//! The server that is measured: its own process, settings as in production.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::folder::tell_server;
use crate::http::get;
use crate::world::APP_ID;

/// How long it may take to be ready, or to be gone.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked whether it is ready.
const LOOK: Duration = Duration::from_micros(500);

/// Limits that would stop a load test, switched off by their own settings.
pub const LIMITS_OFF: &[(&str, &str)] = &[
    ("sms.resend_interval", "0s"),
    ("sms.per_phone_hour", "0"),
    ("sms.per_phone_day", "0"),
    ("sms.per_ip_hour", "0"),
    ("sms.per_ip_day", "0"),
    ("sms.deployment_day", "0"),
    ("sms.per_account_day", "0"),
    ("sms.per_network_hour", "0"),
    ("sms.per_prefix_hour", "0"),
    ("sms.deployment_minute", "0"),
    ("sms.failures_per_network", "0"),
    ("sms.guard", "off"),
    ("sms.failures_per_phone_day", "0"),
    ("sms.failures_per_ip", "0"),
    ("tokens.refresh_per_session", "0"),
    ("tokens.refresh_per_ip", "0"),
];

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server's program.
    pub program: PathBuf,
    /// Where its log goes, and its data if it keeps any.
    pub folder: PathBuf,
    /// Settings by their keys.
    pub settings: Vec<(String, String)>,
}

impl Plan {
    /// A server in production's profile, at these stores and these upstreams.
    #[must_use]
    pub fn new(
        program: &Path,
        folder: &Path,
        stores: &[(String, String)],
        upstream: SocketAddr,
    ) -> Self {
        let apps = format!(
            r#"[{{app_id="{APP_ID}",app_secret="0123456789abcdef0123456789abcdef",kind="mini_program"}}]"#
        );
        let webhook = format!("http://{upstream}/sms");
        let wechat = format!("http://{upstream}");
        let master_key = STANDARD.encode(random());
        let secret = format!("whsec_{}", STANDARD.encode(random()));
        let fixed = [
            ("profile", "production"),
            ("database.auto_migrate", "true"),
            ("secrets.master_key", &master_key),
            ("sms.vendors", r#"["webhook"]"#),
            ("sms.webhook.url", &webhook),
            ("sms.webhook.secret", &secret),
            ("wechat.base_url", &wechat),
            ("wechat.apps", &apps),
            ("log.format", "json"),
        ];
        let mut settings = stores.to_vec();
        let more = fixed.iter().chain(LIMITS_OFF);
        settings.extend(more.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            settings,
        }
    }

    /// Changes a setting.
    pub fn set(&mut self, key: &str, value: &str) {
        self.settings.push((key.to_owned(), value.to_owned()));
    }
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    // The generator seeds itself from the kernel, which does not fail.
    rand::fill(&mut bytes).expect("random bits");
    bytes
}

/// A server that is ready; ended when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    folder: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of its process to the first 200 of `/readyz`.
    pub ready_after: Duration,
}

impl Server {
    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// If it does not get ready; its log tells why.
    pub fn start(plan: &Plan) -> io::Result<Self> {
        let address = free_address()?;
        let log_file = plan.folder.join("menshen.log");
        let log = File::create(&log_file).map_err(|error| told(&log_file, &error))?;
        let mut command = Command::new(&plan.program);
        command
            .current_dir(&plan.folder)
            .env("MENSHEN_SERVER__LISTEN", address.to_string());
        for (key, value) in &plan.settings {
            command.env(variable(key), value);
        }
        let start = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| told(&plan.program, &error))?;
        tell_server(&plan.folder, Some(child.id()))?;
        let mut server = Self {
            child,
            folder: plan.folder.clone(),
            address,
            ready_after: Duration::ZERO,
        };
        while !is_ready(address) {
            if server.child.try_wait()?.is_some() || start.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(&log_file)?;
                return Err(io::Error::other(format!(
                    "the server does not start: {log}"
                )));
            }
            thread::sleep(LOOK);
        }
        server.ready_after = start.elapsed();
        Ok(server)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn terminate(&mut self) -> io::Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        let pid = self.pid().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let since = Instant::now();
        while self.child.try_wait()?.is_none() {
            if since.elapsed() > PATIENCE {
                self.child.kill()?;
            }
            thread::sleep(Duration::from_millis(2));
        }
        tell_server(&self.folder, None)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.terminate() {
            eprintln!("the server could not be ended: {error}");
        }
    }
}

/// The same error, with what it is about.
fn told(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The environment variable of a setting.
fn variable(key: &str) -> String {
    format!("MENSHEN_{}", key.to_uppercase().replace('.', "__"))
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(&get("/readyz", None))?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        Ok(start.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_its_place_in_the_environment() {
        assert_eq!(variable("profile"), "MENSHEN_PROFILE");
        assert_eq!(variable("sms.webhook.url"), "MENSHEN_SMS__WEBHOOK__URL");
    }

    #[test]
    fn a_server_that_ends_at_once_is_reported_with_what_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let upstream = ([127, 0, 0, 1], 9).into();
        let mut plan = Plan::new(Path::new("/bin/cat"), folder.path(), &[], upstream);
        plan.set("server.listen", "");
        plan.program = "/bin/false".into();
        let error = Server::start(&plan).unwrap_err();
        assert!(error.to_string().contains("does not start"), "{error}");
    }
}
