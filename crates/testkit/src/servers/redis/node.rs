//! One process of Redis.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(30);
/// How often another port is tried, if somebody was faster.
const TRIES: usize = 5;

/// A server of its own on a private port of the loopback, stopped and removed
/// when this is dropped, or when the process ends however it ends.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    folder: PathBuf,
    /// What it was started with, for starting it again.
    arguments: Vec<String>,
    running: Mutex<Option<Child>>,
    /// Waits for the end of this process, which closes its input, and then kills
    /// the server and removes the folder.
    undertaker: Child,
}

impl RedisServer {
    /// Starts a server that is empty.
    ///
    /// # Panics
    ///
    /// If there is no Redis to start, or it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(|_| Vec::new())
    }

    /// The server that the tests of this process share; it is started by the
    /// first.
    ///
    /// # Panics
    ///
    /// If there is no Redis to start, or it does not start.
    pub async fn shared() -> &'static Self {
        static SERVER: OnceLock<RedisServer> = OnceLock::new();
        let started = tokio::task::spawn_blocking(|| SERVER.get_or_init(Self::start));
        started.await.expect("a Redis server")
    }

    /// Starts a server with more arguments, which may depend on its port.
    pub(super) fn start_with(arguments: impl Fn(u16) -> Vec<String>) -> Self {
        for _ in 0..TRIES {
            let port = free_port();
            let server = Self::prepare(port, arguments(port)).expect("a folder for Redis");
            server.run().expect("a process for Redis");
            if server.answers_in(START) {
                return server;
            }
        }
        panic!("Redis does not start on any of {TRIES} ports");
    }

    fn prepare(port: u16, arguments: Vec<String>) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("menshen-redis-")
            .tempdir()?
            .keep();
        let undertaker = Command::new("sh")
            .arg("-c")
            .arg(
                "trap '' INT TERM HUP; cat >/dev/null; \
                 kill -KILL \"$(cat \"$1/pid\")\" 2>/dev/null; rm -rf \"$1\"",
            )
            .arg("undertaker")
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            port,
            folder,
            arguments,
            running: Mutex::new(None),
            undertaker,
        })
    }

    fn run(&self) -> io::Result<()> {
        let log = fs::File::create(self.folder.join("log"))?;
        // A sentinel keeps what it knows in a configuration file of its own.
        let configuration = self.folder.join("configuration");
        if !configuration.exists() {
            fs::write(&configuration, "")?;
        }
        let started = Command::new("redis-server")
            .arg(&configuration)
            .args(["--port", &self.port.to_string()])
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(&self.folder)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        let child = match started {
            Err(error) if error.kind() == io::ErrorKind::NotFound => panic!(
                "these tests need Redis: install it (Debian: `apt install redis-server redis-tools`)"
            ),
            other => other?,
        };
        fs::write(self.folder.join("pid"), child.id().to_string())?;
        *self.process() = Some(child);
        Ok(())
    }

    /// The port on the loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process; nothing while it is killed.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process().as_ref().map(Child::id)
    }

    /// How to connect: `redis://…`, or `rediss://…` where it speaks TLS.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = self.authority().map_or("redis", |_| "rediss");
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// The file of the authority that certified it, where it speaks TLS.
    fn authority(&self) -> Option<&String> {
        let mut arguments = self.arguments.iter();
        arguments.find(|argument| *argument == "--tls-ca-cert-file")?;
        arguments.next()
    }

    /// Runs one command, such as `["FLUSHALL"]`, and answers its output.
    ///
    /// # Panics
    ///
    /// If the client cannot be run, or the server refuses.
    pub fn command(&self, words: &[&str]) -> String {
        self.try_command(words)
            .unwrap_or_else(|problem| panic!("{words:?}: {problem}"))
    }

    pub(super) fn try_command(&self, words: &[&str]) -> Result<String, String> {
        let output = Command::new("redis-cli")
            .args(["-e", "-p", &self.port.to_string()])
            .args(
                self.authority()
                    .into_iter()
                    .flat_map(|file| ["--tls", "--cacert", file]),
            )
            .args(words)
            .output()
            .expect("redis-cli, of the package redis-tools");
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() {
            Ok(text)
        } else {
            Err(text + &String::from_utf8_lossy(&output.stderr))
        }
    }

    /// Ends the process as a crash would.
    ///
    /// # Panics
    ///
    /// If it cannot be ended.
    pub fn kill(&self) {
        if let Some(mut child) = self.process().take() {
            child.kill().expect("a process that can be killed");
            child.wait().expect("a process that ends");
        }
        // So that the undertaker ends nobody else.
        fs::write(self.folder.join("pid"), "").expect("the folder of Redis");
    }

    /// Starts the process again after [`kill`](Self::kill), empty, on the same port.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn restart(&self) {
        self.run().expect("a process for Redis");
        assert!(self.answers_in(START), "Redis does not start again");
    }

    /// Stops the process without ending it: connections stay open and hang.
    ///
    /// # Panics
    ///
    /// If it cannot be stopped.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets a frozen process go on.
    ///
    /// # Panics
    ///
    /// If it cannot go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let running = self.process();
        let child = running.as_ref().expect("a running server");
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(sent.expect("the command kill").success(), "kill {signal}");
    }

    fn answers_in(&self, time: Duration) -> bool {
        let since = Instant::now();
        while since.elapsed() < time {
            if self.try_command(&["PING"]).is_ok() {
                return true;
            }
            let mut running = self.process();
            let ended = running.as_mut().is_none_or(|child| {
                let status = child.try_wait();
                status.is_ok_and(|status| status.is_some())
            });
            if ended {
                return false;
            }
            drop(running);
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        drop(self.undertaker.stdin.take());
        // It has nothing left to do but to remove the folder.
        let _ = self.undertaker.wait();
    }
}

/// A port that nobody listens on, low enough that a cluster's second port (10 000
/// above) is one too.
fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let second = port.checked_add(10_000);
        if second.is_some_and(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return port;
        }
    }
}
