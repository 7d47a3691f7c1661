//! Where settings come from: one TOML file, and over it the environment.

use std::collections::BTreeMap;
use std::path::Path;

use crate::settings::given::Given;
use crate::settings::reader::Problem;

const PREFIX: &str = "MENSHEN_";
const DEFAULT_FILE: &str = "menshen.toml";

/// Reads the file (the default one only if it is there) and the environment.
///
/// # Errors
///
/// A [`Problem`] if the file cannot be read or is not TOML.
pub fn collect(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<BTreeMap<String, Given>, Problem> {
    let mut given = BTreeMap::new();
    if let Some(path) = file.or_else(|| Some(Path::new(DEFAULT_FILE)).filter(|path| path.exists()))
    {
        let problem = |advice: String| Problem {
            key: path.display().to_string(),
            advice,
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| problem(format!("the file cannot be read: {error}")))?;
        flatten("", parse(&text).map_err(problem)?, &mut given);
    }
    for (name, value) in environment {
        if let Some(key) = key_of(&name) {
            given.insert(key, Given::Text(value));
        }
    }
    Ok(given)
}

/// The text of a file as a table, or what is wrong with it and where.
fn parse(text: &str) -> Result<toml::Table, String> {
    text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(1, |span| text[..span.start].lines().count().max(1));
        format!("line {line} is not TOML: {}", error.message())
    })
}

/// The settings of a file's text, and over them those of the environment, without
/// reading either; the text of the problem if it is not TOML.
#[cfg(feature = "fuzzing")]
pub(crate) fn of_text(
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<BTreeMap<String, Given>, String> {
    let mut given = BTreeMap::new();
    flatten("", parse(text)?, &mut given);
    for (name, value) in environment {
        if let Some(key) = key_of(&name) {
            given.insert(key, Given::Text(value));
        }
    }
    Ok(given)
}

/// `MENSHEN_DATABASE__URL` is `database.url`; a name without `__` is not ours,
/// but for the profile.
fn key_of(name: &str) -> Option<String> {
    let rest = name.strip_prefix(PREFIX)?;
    (rest == "PROFILE" || rest.contains("__")).then(|| rest.to_lowercase().replace("__", "."))
}

/// Tables become dotted keys; lists of tables stay values.
fn flatten(prefix: &str, table: toml::Table, given: &mut BTreeMap<String, Given>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, given),
            value => {
                given.insert(key, Given::Toml(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_environment_become_keys() {
        assert_eq!(
            key_of("MENSHEN_DATABASE__URL").as_deref(),
            Some("database.url")
        );
        assert_eq!(
            key_of("MENSHEN_TOKENS__MINI_PROGRAM__ACCESS_TTL").as_deref(),
            Some("tokens.mini_program.access_ttl")
        );
        assert_eq!(key_of("MENSHEN_PROFILE").as_deref(), Some("profile"));
        assert_eq!(key_of("MENSHEN_PORT"), None);
        assert_eq!(key_of("MENSHEN_SERVICE_HOST"), None);
        assert_eq!(key_of("PATH"), None);
    }
}
