//! A process that can be ended in every way, and started again.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::http::get;

/// How long a start may take, on a machine that does much else.
const START: Duration = Duration::from_mins(1);
/// How long an end may take.
const END: Duration = Duration::from_mins(1);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(20);

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status, if it was not a signal.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// A process that serves on one address: running or not.
///
/// Its id lies in `<name>.pid` and what it says in `<name>.log`, both in the cluster's
/// folder.
#[derive(Debug)]
pub struct Process {
    name: String,
    folder: PathBuf,
    command: Command,
    address: SocketAddr,
    /// Answers 200 once it serves.
    ready: &'static str,
    running: Option<Child>,
}

impl Process {
    pub(crate) fn new(
        name: &str,
        folder: &Path,
        mut command: Command,
        address: SocketAddr,
        ready: &'static str,
    ) -> Self {
        // The signals of a terminal are for whoever started the cluster.
        command.process_group(0).stdin(Stdio::null());
        Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            command,
            address,
            ready,
            running: None,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address, as a client writes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The id of the process that runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Child::id)
    }

    /// Changes what it gets from the environment at its next start.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.command.env(variable, value);
    }

    /// All that it has said since its first start, on both outputs.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.file("log")).map_or_else(
            |_| String::new(),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// Starts it, and does not wait.
    ///
    /// # Errors
    ///
    /// If there is no such program.
    pub fn spawn(&mut self) -> io::Result<()> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.file("log"))?;
        let errors: File = log.try_clone()?;
        let child = self.command.stdout(log).stderr(errors).spawn()?;
        fs::write(self.file("pid"), child.id().to_string())?;
        self.running = Some(child);
        Ok(())
    }

    /// Waits until it is ready to serve.
    ///
    /// # Errors
    ///
    /// If it ends instead, or takes longer than a minute; with all that it said.
    pub async fn ready(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + START;
        loop {
            let answer = get(self.address, self.ready).await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            let over = self.try_ended()?;
            if over.is_some() || Instant::now() > deadline {
                return Err(io::Error::other(format!(
                    "{} does not start: {}",
                    self.name,
                    self.log()
                )));
            }
            sleep(LOOK).await;
        }
    }

    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// As of [`spawn`](Self::spawn) and [`ready`](Self::ready).
    pub async fn start(&mut self) -> io::Result<()> {
        self.spawn()?;
        self.ready().await
    }

    /// Ends it as a crash of the machine would: at once, with nothing finished.
    ///
    /// # Errors
    ///
    /// If it cannot be ended.
    pub fn kill(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.running.take() {
            child.kill()?;
            child.wait()?;
            self.forget_id();
        }
        Ok(())
    }

    /// Sends it a signal, such as `TERM`.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        let id = self.id().ok_or_else(|| io::Error::other("does not run"))?;
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id.to_string()])
            .status()?;
        if sent.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("kill -{name} {id}")))
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// If it goes on for longer than a minute; with all that it said.
    pub async fn ended(&mut self) -> io::Result<Ended> {
        let deadline = Instant::now() + END;
        loop {
            if let Some(ended) = self.try_ended()? {
                return Ok(ended);
            }
            if Instant::now() > deadline {
                return Err(io::Error::other(format!(
                    "{} does not end: {}",
                    self.name,
                    self.log()
                )));
            }
            sleep(LOOK).await;
        }
    }

    /// How it ended, if it has, and runs no more.
    ///
    /// # Errors
    ///
    /// If the machine does not know.
    pub fn try_ended(&mut self) -> io::Result<Option<Ended>> {
        let Some(child) = &mut self.running else {
            return Err(io::Error::other(format!("{} does not run", self.name)));
        };
        let Some(status) = child.try_wait()? else {
            return Ok(None);
        };
        self.running = None;
        self.forget_id();
        Ok(Some(Ended {
            status: status.code(),
            signal: status.signal(),
        }))
    }

    /// So that the undertaker ends nobody who has the same id later.
    fn forget_id(&self) {
        // Best effort: the folder goes away with the cluster.
        drop(fs::remove_file(self.file("pid")));
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The undertaker does what fails here.
        drop(self.kill());
    }
}
