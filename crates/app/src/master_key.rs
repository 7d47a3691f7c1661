//! Where the master key comes from: the settings, or in development a file
//! beside the database, made on the first run.

use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use menshen_domain::ports::randomness::Randomness;
use menshen_sql::url::DatabaseUrl;
use menshen_token::master_key::{MasterKey, MasterKeyError, MasterKeys};
use secrecy::ExposeSecret;

use crate::settings::{Profile, Settings};

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeySourceError {
    /// The setting is not a good key.
    #[error("secrets.master_key: {0}")]
    Setting(#[source] MasterKeyError),
    /// The file does not hold a good key.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: MasterKeyError,
    },
    /// The file cannot be read or made.
    #[error("the master key cannot be kept in {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Others may read the file.
    #[error("{0} can be read by others: make it private with chmod 600")]
    Readable(PathBuf),
    /// Production never makes up a key.
    #[error("secrets.master_key must be set")]
    Missing,
}

/// The master keys of these settings.
///
/// # Errors
///
/// See [`MasterKeySourceError`].
pub fn master_keys(
    settings: &Settings,
    randomness: &dyn Randomness,
) -> Result<MasterKeys, MasterKeySourceError> {
    let given = &settings.secrets.master_keys;
    if !given.is_empty() {
        return MasterKeys::parse(given.iter().map(ExposeSecret::expose_secret))
            .map_err(MasterKeySourceError::Setting);
    }
    if settings.profile == Profile::Production {
        return Err(MasterKeySourceError::Missing);
    }
    let key = if let Some(path) = key_file(&settings.stores.database_url) {
        beside_database(&path, randomness)?
    } else {
        // The database goes with the process, and so may its key.
        MasterKey::generate(randomness)
    };
    MasterKeys::new(vec![key]).map_err(MasterKeySourceError::Setting)
}

/// Where the development key of a database lies; `None` for one in memory.
#[must_use]
pub fn key_file(database: &DatabaseUrl) -> Option<PathBuf> {
    if database.is_postgres() {
        return Some(PathBuf::from("data/master.key"));
    }
    Some(database.file()?.with_file_name("master.key"))
}

fn beside_database(
    path: &Path,
    randomness: &dyn Randomness,
) -> Result<MasterKey, MasterKeySourceError> {
    let io = |source| MasterKeySourceError::Io {
        path: path.to_owned(),
        source,
    };
    match make(path, randomness) {
        Ok(key) => return Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(error)),
    }
    let mode = std::fs::metadata(path).map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(MasterKeySourceError::Readable(path.to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    MasterKey::parse(text.trim()).map_err(|source| MasterKeySourceError::File {
        path: path.to_owned(),
        source,
    })
}

/// Makes the file, never over an existing one, and whole: replicas that start
/// together over one folder end with one key.
fn make(path: &Path, randomness: &dyn Randomness) -> io::Result<MasterKey> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let key = MasterKey::generate(randomness);
    let mut suffix = [0; 8];
    randomness.fill(&mut suffix);
    let draft = path.with_extension(hex::encode(suffix));
    let written = write(&draft, &key).and_then(|()| std::fs::hard_link(&draft, path));
    // Whatever came of it; a draft that stays behind is as private as the key.
    let _ = std::fs::remove_file(&draft);
    written.map(|()| key)
}

fn write(path: &Path, key: &MasterKey) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(key.to_base64().expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use menshen_token::system_randomness::SystemRandomness;

    use super::*;

    #[test]
    fn replicas_that_start_together_end_with_one_key() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("data/master.key");
            let together = Barrier::new(8);
            let start = || {
                together.wait();
                let key = beside_database(&path, &SystemRandomness).expect("a key");
                key.to_base64().expose_secret().to_owned()
            };
            let keys: Vec<String> = std::thread::scope(|scope| {
                let started: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
                let ended = started.into_iter().map(|one| one.join().expect("a start"));
                ended.collect()
            });
            assert!(keys.iter().all(|key| *key == keys[0]));
            let files = std::fs::read_dir(folder.path().join("data")).expect("a folder");
            assert_eq!(files.count(), 1);
        }
    }
}
