//! Who a server runs as: itself it refuses to run as root.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

/// The user and the group, where it is not the caller.
#[derive(Debug)]
pub(super) struct Owner(Option<(u32, u32)>);

impl Owner {
    pub(super) fn find() -> Self {
        if id(&["-u"]) != Some(0) {
            return Self(None);
        }
        let named = ["postgres", "nobody"].into_iter().find_map(|name| {
            let ids = (id(&["-u", name])?, id(&["-g", name])?);
            Some(Self(Some(ids)))
        });
        named.expect("PostgreSQL does not run as root: make a user named `postgres`")
    }

    pub(super) fn take(&self, folder: &Path) -> io::Result<()> {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        match self.0 {
            Some((user, group)) => chown(folder, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    /// Makes a file this user's, for nobody else to read.
    pub(super) fn take_alone(&self, file: &Path) -> io::Result<()> {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
        match self.0 {
            Some((user, group)) => chown(file, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    pub(super) fn command(&self, program: &Path) -> Command {
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
