//! Reads settings one by one: each with its key, default, meaning and parser,
//! so that validation, `config show` and the reference all come from one place.

use std::borrow::Cow;
use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::settings::Profile;
use crate::settings::form::{self, Form};
use crate::settings::given::{Given, shown};
use crate::settings::nearest::nearest_of;
use crate::settings::parse;

/// In place of a value that cannot be read: nobody can tell what it holds.
const UNREADABLE: &str = "(cannot be read)";

/// What is wrong with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key.
    pub key: String,
    /// What is wrong and what to write instead; never the value of a secret.
    pub advice: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.key, self.advice)
    }
}

/// What is known about one key, for `config show` and the reference.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// What the default is, as people write it; empty for none.
    pub default: String,
    /// What it means, with its unit and bounds.
    pub meaning: Cow<'static, str>,
    /// What it may hold, as JSON Schema.
    pub schema: Value,
    /// What is in force; secrets masked.
    pub effective: String,
}

/// Reads settings and collects every problem.
#[derive(Debug)]
pub struct Reader {
    given: BTreeMap<String, Given>,
    profile: Profile,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    notes: Vec<Problem>,
}

impl Reader {
    /// Starts with all that was given.
    #[must_use]
    pub fn new(given: BTreeMap<String, Given>, profile: Profile) -> Self {
        Self {
            given,
            profile,
            entries: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The profile whose defaults and refusals hold.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// True if the key was given, in the file or in the environment.
    #[must_use]
    pub fn is_given(&self, key: &str) -> bool {
        self.given.contains_key(key)
    }

    /// Reads a key that has a default, written as people write it.
    ///
    /// # Panics
    ///
    /// If the default itself does not parse: a mistake that every start shows.
    pub fn read<T>(
        &mut self,
        key: &str,
        default: &str,
        meaning: impl Into<Cow<'static, str>>,
        form: impl Form<T>,
    ) -> T {
        let fallback = || {
            // A default is a constant of this crate; reading it fails in every test.
            form.read(&Given::Text(default.to_owned()))
                .unwrap_or_else(|advice| unreachable!("{key}: {advice}"))
        };
        let (value, effective) = match self
            .given
            .get(key)
            .map(|given| (form.read(given), shown(given)))
        {
            None => (fallback(), default.to_owned()),
            Some((Ok(value), effective)) => (value, effective),
            Some((Err(advice), _)) => {
                self.problem(key, advice);
                (fallback(), UNREADABLE.to_owned())
            }
        };
        self.entries.push(Entry {
            key: key.to_owned(),
            default: default.to_owned(),
            meaning: meaning.into(),
            schema: form.schema(),
            effective,
        });
        value
    }

    /// Reads a key that may be left out.
    pub fn read_optional<T>(
        &mut self,
        key: &str,
        meaning: impl Into<Cow<'static, str>>,
        form: impl Form<T>,
    ) -> Option<T> {
        let given = self
            .given
            .get(key)
            .map(|given| (form.read(given), shown(given)));
        let (value, effective) = match given {
            None => (None, String::new()),
            Some((Ok(value), effective)) => (Some(value), effective),
            Some((Err(advice), _)) => {
                self.problem(key, advice);
                (None, UNREADABLE.to_owned())
            }
        };
        self.entries.push(Entry {
            key: key.to_owned(),
            default: String::new(),
            meaning: meaning.into(),
            schema: form.schema(),
            effective,
        });
        value
    }

    /// Reads a secret: from the key itself, or from the file that `<key>_file`
    /// names. The value is shown nowhere.
    pub fn read_secret(&mut self, key: &str, meaning: &'static str) -> Option<SecretString> {
        let file_key = format!("{key}_file");
        let direct = self.given.get(key).map(secret_text);
        let from_file = self.given.get(&file_key).map(secret_text);
        let (value, effective) = match (direct, from_file) {
            (None, None) => (None, String::new()),
            (Some(_), Some(_)) => {
                self.problem(key, format!("given twice: remove either it or {file_key}"));
                (None, "***".to_owned())
            }
            (Some(text), None) => (self.keep(key, text), "***".to_owned()),
            (None, Some(path)) => (
                self.keep(&file_key, path.and_then(|path| parse::read_file(&path))),
                "*** (file)".to_owned(),
            ),
        };
        self.entries.push(Entry {
            key: key.to_owned(),
            default: String::new(),
            meaning: meaning.into(),
            schema: form::secret(),
            effective,
        });
        self.entries.push(Entry {
            key: file_key,
            default: String::new(),
            meaning: Cow::Borrowed("a file that holds the value above, instead of it"),
            schema: form::file_of_secret(),
            effective: String::new(),
        });
        value
    }

    /// Reads a list of secrets, or one; in a file, one per line.
    pub fn read_secret_list(&mut self, key: &str, meaning: &'static str) -> Vec<SecretString> {
        match self.given.get(key).cloned() {
            Some(Given::Toml(toml::Value::Array(_))) => {}
            Some(Given::Text(text)) if text.trim_start().starts_with('[') => {}
            _ => {
                let lines = self.read_secret(key, meaning);
                for entry in self.entries.iter_mut().filter(|entry| entry.key == key) {
                    entry.schema = form::secrets();
                }
                let lines = lines
                    .as_ref()
                    .map(ExposeSecret::expose_secret)
                    .unwrap_or_default();
                return lines.lines().map(|line| line.trim().into()).collect();
            }
        }
        let form = form::shaped(form::secrets(), parse::secrets);
        let secrets = self.read(key, "[]", meaning, form);
        if let Some(entry) = self.entries.last_mut() {
            "***".clone_into(&mut entry.effective);
            entry.default.clear();
        }
        secrets
    }

    fn keep(&mut self, key: &str, text: Result<String, String>) -> Option<SecretString> {
        match text {
            Ok(text) if text.is_empty() => {
                self.problem(key, "is empty: give a value or leave the key out");
                None
            }
            Ok(text) => Some(text.into()),
            Err(advice) => {
                self.problem(key, advice);
                None
            }
        }
    }

    /// Notes a problem: the process will not start.
    pub fn problem(&mut self, key: &str, advice: impl Into<String>) {
        self.problems.push(Problem {
            key: key.to_owned(),
            advice: advice.into(),
        });
    }

    /// Notes what production refuses: a problem there, a warning in development.
    pub fn unsafe_for_production(&mut self, key: &str, advice: impl Into<String>) {
        let problem = Problem {
            key: key.to_owned(),
            advice: advice.into(),
        };
        match self.profile {
            Profile::Production => self.problems.push(problem),
            Profile::Development => self.warnings.push(problem),
        }
    }

    /// Notes what each start tells of a key: it is no problem, and worth knowing.
    pub fn note(&mut self, key: &str, advice: impl Into<String>) {
        self.notes.push(Problem {
            key: key.to_owned(),
            advice: advice.into(),
        });
    }

    /// Notes a value outside the range that keeps the deployment safe.
    pub fn demand(&mut self, key: &str, within: bool, range: &str) {
        if !within {
            self.unsafe_for_production(key, format!("is outside the safe range: choose {range}"));
        }
    }

    /// Ends the reading: keys that nobody asked for are problems too.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let known: Vec<&str> = self
            .entries
            .iter()
            .map(|entry| entry.key.as_str())
            .collect();
        let unknown = self
            .given
            .keys()
            .filter(|key| !known.contains(&key.as_str()));
        let unknown: Vec<Problem> = unknown
            .map(|key| Problem {
                key: key.clone(),
                advice: suggestion(key, &known),
            })
            .collect();
        self.problems.extend(unknown);
        Report {
            entries: self.entries,
            problems: self.problems,
            warnings: self.warnings,
            notes: self.notes,
        }
    }
}

impl Report {
    /// What is in force, a key a line, with secrets masked.
    #[must_use]
    pub fn shown(&self) -> String {
        let line = |entry: &Entry| format!("{} = {}\n", entry.key, entry.effective);
        self.entries.iter().map(line).collect()
    }
}

/// What a reading came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Every key.
    pub entries: Vec<Entry>,
    /// Why the process must not start.
    pub problems: Vec<Problem>,
    /// What would be a problem in production.
    pub warnings: Vec<Problem>,
    /// What is set, is no problem, and is told at each start.
    pub notes: Vec<Problem>,
}

fn suggestion(key: &str, known: &[&str]) -> String {
    match nearest_of(key, known) {
        Some(candidate) => format!("is not a key; did you mean {candidate}?"),
        None => "is not a key; see docs/configuration.md".to_owned(),
    }
}

fn secret_text(given: &Given) -> Result<String, String> {
    match given {
        Given::Toml(toml::Value::String(text)) | Given::Text(text) => Ok(text.trim().to_owned()),
        Given::Toml(_) => Err("must be text in quotes".to_owned()),
    }
}
