//! Where PostgreSQL is installed.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

/// The newest of `/usr/lib/postgresql/*/bin` (Debian), else wherever `initdb` is
/// on the path.
pub(super) fn find_programs() -> PathBuf {
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

pub(super) fn expect_success(program: &str, output: &Output) {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {words}");
}
