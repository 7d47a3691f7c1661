//! One server.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::owner::Owner;
use super::process_group::{signal_all, signal_one};
use super::programs::{expect_success, find_programs};
use super::{FOR_TESTS, ROLE};

/// How long the server may take to start, and to end.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often another port is tried, if somebody was faster.
const TRIES: usize = 5;

/// A server of its own, stopped and removed when this is dropped, or when the
/// process ends however it ends.
#[derive(Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    programs: PathBuf,
    owner: Owner,
    /// On the loopback; `None` is a socket in the folder only.
    port: Option<u16>,
    /// `name=value`, beside the defaults.
    settings: Vec<String>,
    running: Mutex<Option<Child>>,
    /// Waits for the end of this process, which closes its input, and then stops
    /// the server and removes the folder.
    undertaker: Child,
}

/// What makes the data of a new server; it is told where.
pub(super) type Fill<'a> = dyn Fn(&Owner, &Path) -> Command + 'a;

/// The data of an empty server.
pub(super) fn initdb(owner: &Owner, programs: &Path) -> Command {
    let mut initdb = owner.command(&programs.join("initdb"));
    initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C"]);
    initdb.args(["--no-sync", "-U", ROLE]);
    initdb
}

impl PostgresServer {
    /// Starts a server on a private port of the loopback, with an empty database
    /// named `menshen`.
    ///
    /// # Panics
    ///
    /// If there is no PostgreSQL to start, or it does not start.
    #[must_use]
    pub fn start() -> Self {
        let server = Self::start_filled(&initdb, |_| Vec::new());
        server.client("createdb", [ROLE]);
        server
    }

    /// Starts a server on a private port whose data `fill` makes, and that has
    /// these settings beside the defaults for tests.
    pub(super) fn start_filled(fill: &Fill<'_>, more: impl Fn(&Self) -> Vec<String>) -> Self {
        for _ in 0..TRIES {
            let server = Self::prepare(Some(free_port()), &FOR_TESTS, fill);
            let mut server = server.expect("a folder for PostgreSQL");
            let more = more(&server);
            server.settings.extend(more);
            if server.run() {
                return server;
            }
        }
        panic!("PostgreSQL does not start on any of {TRIES} ports");
    }

    /// Starts a server that is reached through a socket in its folder.
    pub(super) fn start_on_a_socket(settings: &[&str]) -> io::Result<Self> {
        let server = Self::prepare(None, settings, &initdb)?;
        assert!(server.run(), "PostgreSQL does not start: {}", server.log());
        Ok(server)
    }

    fn prepare(port: Option<u16>, settings: &[&str], fill: &Fill<'_>) -> io::Result<Self> {
        let programs = find_programs();
        let folder = tempfile::Builder::new()
            .prefix("menshen-pg-")
            .tempdir()?
            .keep();
        let owner = Owner::find();
        owner.take(&folder)?;
        let mut filling = fill(&owner, &programs);
        filling.arg("-D").arg(folder.join("data")).current_dir("/");
        expect_success("a new server", &filling.output()?);
        let undertaker = Command::new("sh")
            .args(["-c", UNDERTAKER, "undertaker"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            folder,
            programs,
            owner,
            port,
            settings: settings.iter().map(ToString::to_string).collect(),
            running: Mutex::new(None),
            undertaker,
        })
    }

    /// Starts the process; false if it ended at once, as on a port that is taken.
    fn run(&self) -> bool {
        let child = self.spawn().expect("a process for PostgreSQL");
        *self.process() = Some(child);
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let answer = self.command("pg_isready").output();
            if answer.is_ok_and(|answer| answer.status.success()) {
                return true;
            }
            if self.process().as_mut().is_none_or(has_ended) {
                return false;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL does not start: {}", self.log());
    }

    fn spawn(&self) -> io::Result<Child> {
        let log = fs::File::create(self.folder.join("log"))?;
        let addresses = self.port.map_or("", |_| "127.0.0.1");
        let port = self.port.unwrap_or(5432);
        self.owner
            .command(&self.programs.join("postgres"))
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .args(["-c", &format!("listen_addresses={addresses}")])
            .args(["-c", &format!("port={port}")])
            .args(self.settings.iter().flat_map(|setting| ["-c", setting]))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
    }

    /// How to connect: `postgres://…`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(ROLE)
    }

    /// How to connect to the database of this name.
    pub(super) fn url_of(&self, database: &str) -> String {
        match self.port {
            Some(port) => format!("postgres://{ROLE}@127.0.0.1:{port}/{database}"),
            None => format!(
                "postgres://{ROLE}@localhost/{database}?host={}",
                self.folder.display()
            ),
        }
    }

    /// Ends all its processes at once, as a crash would (an *immediate* shutdown:
    /// what was committed is recovered at the next start).
    ///
    /// # Panics
    ///
    /// If it does not end.
    pub fn kill(&self) {
        let Some(mut child) = self.process().take() else {
            return;
        };
        signal_all("-CONT", child.id());
        signal_one("-QUIT", child.id());
        let since = Instant::now();
        while !has_ended(&mut child) {
            assert!(since.elapsed() < PATIENCE, "PostgreSQL does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts it again after [`kill`](Self::kill), on the same port.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn restart(&self) {
        assert!(self.run(), "PostgreSQL does not start: {}", self.log());
    }

    /// Stops all its processes without ending them: connections stay open and
    /// hang, new ones are taken by the kernel and hang too.
    ///
    /// # Panics
    ///
    /// If it is not running.
    pub fn freeze(&self) {
        signal_all("-STOP", self.id());
    }

    /// Lets a frozen server go on.
    ///
    /// # Panics
    ///
    /// If it is not running.
    pub fn thaw(&self) {
        signal_all("-CONT", self.id());
    }

    /// Lets all transactions from now on refuse or take writes, those of
    /// connections that there are included.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn read_only(&self, read_only: bool) {
        let value = if read_only { "on" } else { "off" };
        self.execute(&format!(
            "ALTER SYSTEM SET default_transaction_read_only = {value}"
        ));
        self.execute("SELECT pg_reload_conf()");
    }

    /// Runs one statement as an operator would, and answers its rows, the columns
    /// parted by `|`.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn execute(&self, statement: &str) -> String {
        let mut psql = self.command("psql");
        psql.args(["-d", ROLE, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c"]);
        let done = psql.arg(statement).output().expect("psql");
        expect_success(statement, &done);
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    /// A client program that is told how to connect.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.folder).args(["-U", ROLE]);
        if let Some(port) = self.port {
            command.args(["-p", &port.to_string()]);
        }
        command
    }

    pub(super) fn client(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) {
        let done = self.command(program).args(arguments).output();
        expect_success(program, &done.expect("a PostgreSQL client"));
    }

    /// The port on the loopback.
    ///
    /// # Panics
    ///
    /// If it listens on a socket only.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.expect("a server on the loopback")
    }

    /// How it is written in a URL of several hosts.
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// Its folder, and who owns what is in it.
    pub(super) fn place(&self) -> (&Path, &Owner) {
        (&self.folder, &self.owner)
    }

    pub(super) fn id(&self) -> u32 {
        let running = self.process();
        running.as_ref().expect("a running server").id()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.kill();
        drop(self.undertaker.stdin.take());
        // It has nothing left to do but to remove the folder.
        let _ = self.undertaker.wait();
    }
}

/// Stops what is left, were it frozen, and removes the folder.
const UNDERTAKER: &str = "\
trap '' INT TERM HUP; cat >/dev/null
pid=$(head -n 1 \"$1/data/postmaster.pid\" 2>/dev/null)
if [ -n \"$pid\" ]; then
    kill -CONT \"$pid\"
    for status in /proc/[0-9]*/status; do
        child=${status#/proc/}
        grep -qx \"PPid:[[:space:]]*$pid\" \"$status\" && kill -CONT \"${child%/status}\"
    done
    kill -QUIT \"$pid\" && sleep 1
fi
rm -rf \"$1\"";

fn has_ended(child: &mut Child) -> bool {
    child.try_wait().is_ok_and(|status| status.is_some())
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}
