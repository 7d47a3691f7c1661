//! PostgreSQL.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The name that the server knows us by.
const ROLE: &str = "menshen";
/// How long the server may take to start.
const START: Duration = Duration::from_mins(1);

/// A database of its own, gone when this is dropped.
#[derive(Debug)]
pub struct PostgresDatabase {
    /// How to connect: `postgres://…`.
    pub url: String,
    name: String,
    server: &'static Server,
}

impl PostgresDatabase {
    /// Makes an empty database; starts the server if this is the first one.
    ///
    /// # Panics
    ///
    /// If there is no server to start, or it does not work.
    pub async fn fresh() -> Self {
        let made = tokio::task::spawn_blocking(Self::make);
        made.await.expect("a PostgreSQL database")
    }

    fn make() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = Server::of_this_process();
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        server.client("createdb", [&name]);
        let url = server.url(&name);
        Self { url, name, server }
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // Best effort: the whole server goes away anyway.
        let mut drop = self.server.command("dropdb");
        let _ = drop.args(["--force", "--if-exists", &self.name]).output();
    }
}

/// A server as production has it: what is committed has reached the disk. Stopped
/// and removed when this is dropped, or when the process ends however it ends.
#[derive(Debug)]
pub struct DurablePostgres(Server);

impl DurablePostgres {
    /// Starts a server with these settings (`name=value`) beside its defaults.
    ///
    /// # Errors
    ///
    /// If there is no room for it, or no process.
    ///
    /// # Panics
    ///
    /// If there is no server to start, or it does not work.
    pub fn start(settings: &[&str]) -> io::Result<Self> {
        Server::start(settings).map(Self)
    }

    /// Makes an empty database, and answers how to connect to it.
    ///
    /// # Panics
    ///
    /// If there is one of that name.
    #[must_use]
    pub fn database(&self, name: &str) -> String {
        self.0.client("createdb", [name]);
        self.0.url(name)
    }

    /// One of its client programs, such as `psql` or `pgbench`, ready to connect.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        self.0.command(program)
    }

    /// The process that all others of the server were started by.
    ///
    /// # Panics
    ///
    /// If the server is gone.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let file = fs::read_to_string(self.0.folder.join("data/postmaster.pid"));
        let file = file.expect("a server that runs");
        let pid = file.lines().next().and_then(|line| line.parse().ok());
        pid.expect("the number of a process")
    }
}

impl Drop for DurablePostgres {
    fn drop(&mut self) {
        drop(self.0.undertaker.stdin.take());
        // It has nothing left to do but to remove the folder.
        let _ = self.0.undertaker.wait();
    }
}

/// A server on a socket in a folder of its own.
#[derive(Debug)]
struct Server {
    folder: PathBuf,
    programs: PathBuf,
    /// Waits for the end of this process, which closes its input, and then stops
    /// the server and removes the folder.
    undertaker: Child,
}

impl Server {
    fn of_this_process() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(|| {
            let start = Self::start(&["fsync=off", "max_connections=300"]);
            start.expect("a folder and processes for PostgreSQL")
        })
    }

    fn start(settings: &[&str]) -> io::Result<Self> {
        let programs = find_programs();
        let folder = tempfile::Builder::new()
            .prefix("menshen-pg-")
            .tempdir()?
            .keep();
        let owner = Owner::find();
        owner.take(&folder)?;
        let data = folder.join("data");
        let init = owner
            .command(&programs.join("initdb"))
            .args([
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "-U",
                ROLE,
                "-D",
            ])
            .arg(&data)
            .current_dir("/")
            .output()?;
        expect_success("initdb", &init);
        let log = fs::File::create(folder.join("log"))?;
        owner
            .command(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args(["-c", "listen_addresses="])
            .args(settings.iter().flat_map(|setting| ["-c", *setting]))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let undertaker = Command::new("sh")
            .arg("-c")
            .arg(
                "trap '' INT TERM HUP; cat >/dev/null; \
                 kill -QUIT \"$(head -n 1 \"$1/data/postmaster.pid\")\"; sleep 1; rm -rf \"$1\"",
            )
            .arg("undertaker")
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self {
            folder,
            programs,
            undertaker,
        };
        server.wait();
        Ok(server)
    }

    fn wait(&self) {
        let since = Instant::now();
        loop {
            let answer = self.command("pg_isready").output();
            if answer.is_ok_and(|answer| answer.status.success()) {
                return;
            }
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(
                since.elapsed() < START,
                "PostgreSQL does not start: {}",
                log()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn url(&self, database: &str) -> String {
        let folder = self.folder.display();
        format!("postgres://{ROLE}@localhost/{database}?host={folder}")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.folder).args(["-U", ROLE]);
        command
    }

    fn client(&self, program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) {
        let done = self.command(program).args(arguments).output();
        expect_success(program, &done.expect("a PostgreSQL client"));
    }
}

/// Who the server runs as: itself it refuses to run as root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn find() -> Self {
        if id(&["-u"]) != Some(0) {
            return Self(None);
        }
        let named = ["postgres", "nobody"].into_iter().find_map(|name| {
            let ids = (id(&["-u", name])?, id(&["-g", name])?);
            Some(Self(Some(ids)))
        });
        named.expect("PostgreSQL does not run as root: make a user named `postgres`")
    }

    fn take(&self, folder: &Path) -> io::Result<()> {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        match self.0 {
            Some((user, group)) => chown(folder, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    fn command(&self, program: &Path) -> Command {
        let Some((user, group)) = self.0 else {
            return Command::new(program);
        };
        // Becomes the program, so that there is no process between.
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &user.to_string(), "--regid", &group.to_string()]);
        command.args(["--clear-groups", "--"]).arg(program);
        command
    }
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The newest of `/usr/lib/postgresql/*/bin` (Debian), else wherever `initdb` is
/// on the path.
fn find_programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = debian.collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&path));
    let found = folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file());
    found.expect("these tests need PostgreSQL: install it (Debian: `apt install postgresql`)")
}

fn expect_success(program: &str, output: &Output) {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {words}");
}
