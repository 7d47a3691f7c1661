//! `secrets.*`: the master key.

use secrecy::SecretString;

use crate::settings::Profile;
use crate::settings::reader::Reader;

/// `secrets.*`.
#[derive(Debug)]
pub struct SecretSettings {
    /// The master keys, base64: the first wraps, all open. Empty means the
    /// development key beside the database.
    pub master_keys: Vec<SecretString>,
}

/// Reads `secrets.*`.
pub fn read(reader: &mut Reader) -> SecretSettings {
    const KEY: &str = "secrets.master_key";
    const FILE: &str = "secrets.master_key_file";
    let master_keys = reader.read_secret_list(
        KEY,
        "32 random bytes in base64 (`openssl rand -base64 32`), which wrap the keys in the database; a list rotates: the first wraps, all open. Required in production",
    );
    if master_keys.is_empty()
        && !reader.is_given(KEY)
        && !reader.is_given(FILE)
        && reader.profile() == Profile::Production
    {
        reader.problem(KEY, "must be set in production: write 32 random bytes in base64, as `openssl rand -base64 32` prints them");
    }
    SecretSettings { master_keys }
}
