//! A folder for what one set-up writes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The file in it that names the process of the server.
const SERVER: &str = "menshen.pid";

/// A folder, removed when this is dropped, or when the tool ends however it ends;
/// a server that still runs in it is ended first.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Waits for the end of this process, which closes its input.
    undertaker: Child,
}

impl Folder {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// If there is no room for it, or no process.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("menshen-bench-")
            .tempdir()?
            .keep();
        let undertaker = Command::new("sh")
            .arg("-c")
            .arg(
                "trap '' INT TERM HUP; cat >/dev/null; \
                 kill -KILL \"$(cat \"$1/$2\")\" 2>/dev/null; rm -rf \"$1\"",
            )
            .arg("undertaker")
            .arg(&folder)
            .arg(SERVER)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            path: folder,
            undertaker,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.undertaker.stdin.take());
        // It has nothing left to do but to remove the folder.
        let _ = self.undertaker.wait();
    }
}

/// Tells which process is the server of a folder; none, once it has ended.
///
/// # Errors
///
/// If it cannot be written.
pub fn tell_server(folder: &Path, pid: Option<u32>) -> io::Result<()> {
    let pid = pid.map_or_else(String::new, |pid| pid.to_string());
    fs::write(folder.join(SERVER), pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_what_runs_in_it() {
        let folder = Folder::new().unwrap();
        let path = folder.path().to_owned();
        let mut server = Command::new("sleep").arg("600").spawn().unwrap();
        tell_server(&path, Some(server.id())).unwrap();
        drop(folder);
        assert!(!server.wait().unwrap().success());
        assert!(!path.exists());
    }
}
