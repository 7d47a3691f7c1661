//! Chromedriver, started on a free loopback port and stopped with its browser.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const INSTALL: &str = "the browser tests need it: install the packages `chromium` and `chromium-driver` \
                       (Debian's names), or run scripts/install-test-tools";
/// What it says once it listens; the port follows.
const LISTENS: &str = "started successfully on port ";

/// A chromedriver that runs until it is dropped.
pub(crate) struct Driver {
    process: Child,
    address: SocketAddr,
    session: Option<String>,
}

impl Driver {
    /// Starts one that leaves nothing outside of this folder.
    ///
    /// # Panics
    ///
    /// If it is not installed, saying what to install.
    pub(crate) fn start(folder: &Path) -> Self {
        let program = installed("chromedriver");
        let mut process = Command::new(&program)
            .arg("--port=0")
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        let output = process.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| port_in(&line))
            .expect("chromedriver says where it listens");
        // Read on, so that it never waits for a reader.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self {
            process,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            session: None,
        }
    }

    /// Where it takes commands.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes note of the session that ends with this value.
    pub(crate) fn owns(&mut self, session: Option<String>) {
        self.session = session;
    }

    /// Ends the session, and with it the browser, which would outlive its
    /// driver. Without the client, so that it works in the fall of a test too.
    fn quit(&self) -> std::io::Result<()> {
        let Some(session) = &self.session else {
            return Ok(());
        };
        let mut stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(2))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "DELETE /session/{session} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Best effort: what is left is killed.
        let _ = self.quit();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn port_in(line: &str) -> Option<u16> {
    let (_, port) = line.split_once(LISTENS)?;
    port.trim_end_matches('.').parse().ok()
}

/// Where a program lies.
///
/// # Panics
///
/// If it is not there, saying what to install.
pub(crate) fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed; {INSTALL}"))
}
