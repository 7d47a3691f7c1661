//! nginx, with the configuration that is shipped.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::http::get;

/// How long a start may take.
const START: Duration = Duration::from_secs(30);
/// How long an end may take.
const END: Duration = Duration::from_secs(10);

/// An nginx that runs until this is dropped.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    folder: PathBuf,
    address: SocketAddr,
}

impl Nginx {
    /// Starts nginx with the configuration `nginx.conf` in the folder, whose process id
    /// and logs lie there too, and waits until it answers at the address.
    ///
    /// # Errors
    ///
    /// If there is no nginx, or it refuses the configuration; with what it said.
    pub async fn start(folder: &Path, address: SocketAddr) -> io::Result<Self> {
        let mut command = command(folder);
        command.args(["-g", "daemon off;"]);
        let log = fs::File::create(folder.join("nginx.log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        let started = command.spawn().map_err(missing)?;
        let mut nginx = Self {
            child: started,
            folder: folder.to_owned(),
            address,
        };
        fs::write(folder.join("nginx.pid"), nginx.child.id().to_string())?;
        let deadline = Instant::now() + START;
        while get(address, "/").await.is_err() {
            if nginx.child.try_wait()?.is_some() || Instant::now() > deadline {
                let said = format!("nginx does not start: {}", nginx.log());
                return Err(io::Error::other(said));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(nginx)
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

    /// What it has said: at its start, and as errors.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        read("nginx.log") + &read("error.log")
    }

    /// One line per request, as the shipped configuration logs them.
    #[must_use]
    pub fn requests(&self) -> String {
        fs::read_to_string(self.folder.join("access.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, it would leave its workers behind.
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        let deadline = Instant::now() + END;
        while asked.as_ref().is_ok_and(std::process::ExitStatus::success)
            && matches!(self.child.try_wait(), Ok(None))
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_file(self.folder.join("nginx.pid")));
    }
}

/// Where what is shipped lies.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");

/// Copies the shipped folder `nginx/` into the folder, as one does beside a
/// configuration of one's own.
///
/// # Errors
///
/// If it cannot be copied.
pub fn copy_shipped(folder: &Path) -> io::Result<()> {
    let target = folder.join("nginx");
    fs::create_dir_all(&target)?;
    for entry in fs::read_dir(Path::new(SHIPPED).join("nginx"))? {
        let entry = entry?;
        fs::copy(entry.path(), target.join(entry.file_name()))?;
    }
    Ok(())
}

/// The shipped `nginx.conf`, with its `<placeholders>`.
///
/// # Errors
///
/// If it cannot be read.
pub fn shipped_configuration() -> io::Result<String> {
    fs::read_to_string(Path::new(SHIPPED).join("nginx.conf"))
}

/// Asks nginx what it thinks of `nginx.conf` in the folder.
///
/// # Errors
///
/// If there is no nginx, or it refuses; with what it said.
pub fn check(folder: &Path) -> io::Result<()> {
    let output = command(folder).arg("-t").output().map_err(missing)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(said))
}

/// nginx over a folder, which it uses for everything.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).args(["-c", "nginx.conf"]);
    // What goes wrong before the configuration is read.
    command.args(["-e", "error.log"]);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null());
    command
}

fn missing(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::NotFound {
        return io::Error::other(
            "there is no nginx: install it (Debian: `apt install nginx-light`)",
        );
    }
    error
}
