//! The `menshen` command as a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reqwest::Method;

use super::Call;

/// Longer than a start or an end may ever take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The command with these arguments, in `folder`, with nothing in its
/// environment but these settings.
pub(crate) fn menshen(folder: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_menshen"));
    command.env_clear().current_dir(folder).args(arguments);
    let named: BTreeMap<String, &str> = settings
        .iter()
        .map(|(key, value)| (variable(key), *value))
        .collect();
    command.envs(named);
    command
}

/// `database.url` is `MENSHEN_DATABASE__URL`; what is in capitals is a variable
/// already.
pub(crate) fn variable(key: &str) -> String {
    if key.starts_with(|c: char| c.is_ascii_uppercase()) {
        key.to_owned()
    } else {
        format!("MENSHEN_{}", key.to_uppercase().replace('.', "__"))
    }
}

/// Runs a command to its end.
pub(crate) fn ended(mut command: Command) -> Output {
    command.stdin(Stdio::null()).output().expect("an output")
}

/// What a command said on standard output and on standard error.
pub(crate) fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// A command that serves until it is stopped.
pub(crate) struct Process {
    child: Child,
    heard: Arc<Mutex<String>>,
    listeners: Vec<JoinHandle<()>>,
    pub(crate) address: SocketAddr,
    pub(crate) http: reqwest::Client,
}

impl Process {
    /// Starts one, and waits until it has said where it listens: after `mark`.
    pub(crate) fn start(mut command: Command, mark: &str) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let heard = Arc::new(Mutex::new(String::new()));
        let listeners = vec![
            listen(child.stdout.take().expect("output"), Arc::clone(&heard)),
            listen(child.stderr.take().expect("output"), Arc::clone(&heard)),
        ];
        let address = address_after(mark, &heard, &mut child);
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            child,
            heard,
            listeners,
            address,
            http,
        }
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        Call::new(&self.http, self.address, method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// All that was said so far, on both outputs.
    pub(crate) fn heard(&self) -> String {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The number of the process.
    #[allow(dead_code, reason = "the faults need it")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("a shell").success(), "{kill}");
    }

    /// Waits for the end: the exit status, and all that was said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                break status;
            }
            assert!(Instant::now() < deadline, "no end: {}", self.heard());
            std::thread::sleep(Duration::from_millis(20));
        };
        for listener in self.listeners.drain(..) {
            listener.join().expect("all that was said");
        }
        (status.code(), self.heard())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn listen(output: impl Read + Send + 'static, heard: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push_str(&line);
            heard.push('\n');
        }
    })
}

/// The address that follows `mark` in what is said.
fn address_after(mark: &str, heard: &Mutex<String>, child: &mut Child) -> SocketAddr {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let so_far = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let named = so_far.split_once(mark).and_then(|(_, rest)| {
            let (_, rest) = rest.split_once("http://")?;
            let end = rest.find(|c: char| c == '/' || c.is_whitespace())?;
            rest[..end].parse().ok()
        });
        if let Some(address) = named {
            return address;
        }
        let over = child.try_wait().expect("a status");
        assert!(over.is_none(), "it ended: {so_far}");
        assert!(Instant::now() < deadline, "it says nothing: {so_far}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
