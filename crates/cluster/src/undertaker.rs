//! What is left when the process that started everything is gone.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Ends every process whose id is in a `*.pid` file of the folder, and removes the
/// folder. nginx is asked to end, since its workers outlive a killed master.
const SCRIPT: &str = "trap '' INT TERM HUP; cat >/dev/null; \
    for file in \"$1\"/*.pid; do \
      [ -s \"$file\" ] || continue; \
      case \"$file\" in */nginx.pid) signal=TERM;; *) signal=KILL;; esac; \
      kill -\"$signal\" \"$(cat \"$file\")\"; \
    done 2>/dev/null; \
    sleep 1; rm -rf \"$1\"";

/// Waits for the end of this process, which closes its input, and then cleans up.
#[derive(Debug)]
pub(crate) struct Undertaker(Child);

impl Undertaker {
    /// Watches over the folder.
    pub(crate) fn of(folder: &Path) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "undertaker"]).arg(folder);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Self)
    }
}

impl Drop for Undertaker {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It has nothing left to do but to clean up.
        drop(self.0.wait());
    }
}
