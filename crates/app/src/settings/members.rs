//! The members of the tables of a list.

use crate::settings::given::Given;
use crate::settings::parse::{read_file, texts};

/// What a member of a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemberKind {
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A secret, itself or in the file that `<name>_file` names.
    Secret,
}

/// A member of the tables of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) kind: MemberKind,
    /// Whether each table must have it.
    pub(crate) is_required: bool,
    /// The words that it may be; any where there are none.
    pub(crate) words: &'static [&'static str],
}

impl Member {
    /// One that may be left out.
    pub(crate) const fn optional(name: &'static str, kind: MemberKind) -> Self {
        Self {
            name,
            kind,
            is_required: false,
            words: &[],
        }
    }

    /// One that must be there.
    pub(crate) const fn required(name: &'static str, kind: MemberKind) -> Self {
        Self {
            is_required: true,
            ..Self::optional(name, kind)
        }
    }

    /// One of some words.
    pub(crate) const fn one_of(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }
}

/// Reads the members of one table of a list, and complains about the rest.
#[derive(Debug)]
pub(crate) struct Members {
    table: toml::Table,
    declared: &'static [Member],
    taken: Vec<String>,
}

impl Members {
    /// Begins with a whole table of these members. Tests fail if others are taken, or
    /// not all of them: so nothing is described that is not read.
    #[must_use]
    pub(crate) fn declared(table: toml::Table, declared: &'static [Member]) -> Self {
        Self {
            table,
            declared,
            taken: Vec::new(),
        }
    }

    fn note(&mut self, name: &str, kind: MemberKind) {
        debug_assert!(
            self.declared
                .iter()
                .any(|member| member.name == name && member.kind == kind),
            "{name} is read and not declared"
        );
        self.taken.push(name.to_owned());
    }

    /// Takes a member that must be there, as text.
    ///
    /// # Errors
    ///
    /// What to write instead; likewise below.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, String> {
        self.optional_text(name)?
            .ok_or_else(|| format!("lacks {name}"))
    }

    /// Takes a member that may be left out, as text.
    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>, String> {
        self.note(name, MemberKind::Text);
        self.take_text(name)
    }

    fn take_text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.table.remove(name) {
            None => Ok(None),
            Some(toml::Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(toml::Value::Datetime(time)) => Ok(Some(time.to_string())),
            Some(_) => Err(format!("{name} must be text in quotes")),
        }
    }

    /// Takes a secret that must be there: from the member itself, or from the file
    /// that `<name>_file` names.
    pub(crate) fn secret(&mut self, name: &str) -> Result<String, String> {
        self.optional_secret(name)?
            .ok_or_else(|| format!("lacks {name}"))
    }

    /// Takes a secret that may be left out.
    pub(crate) fn optional_secret(&mut self, name: &str) -> Result<Option<String>, String> {
        self.note(name, MemberKind::Secret);
        let file = format!("{name}_file");
        match (self.take_text(name)?, self.take_text(&file)?) {
            (Some(_), Some(_)) => Err(format!("{name} is given twice: remove either it or {file}")),
            (text, None) => Ok(text),
            (None, Some(path)) => read_file(&path)
                .map(Some)
                .map_err(|problem| format!("{file}: {problem}")),
        }
    }

    /// Takes a list of texts that may be left out.
    pub(crate) fn optional_texts(&mut self, name: &str) -> Result<Vec<String>, String> {
        self.note(name, MemberKind::Texts);
        self.table
            .remove(name)
            .map_or(Ok(Vec::new()), |value| texts(&Given::Toml(value)))
    }

    /// Ends the reading.
    pub(crate) fn finish(self) -> Result<(), String> {
        debug_assert!(
            self.declared
                .iter()
                .all(|member| self.taken.iter().any(|taken| taken == member.name)),
            "a member is declared and not read: {:?}",
            self.taken
        );
        match self.table.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("{key} is not a member here")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[Member] = &[Member::required("app_secret", MemberKind::Secret)];

    #[test]
    fn a_secret_of_a_table_may_stand_in_a_file() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "s3cret\n").expect("a file");
        let members = |text: String| Members::declared(text.parse().expect("a table"), SECRET);
        let path = file.path().display();
        let mut in_file = members(format!("app_secret_file = {:?}", path.to_string()));
        assert_eq!(in_file.secret("app_secret").as_deref(), Ok("s3cret"));
        in_file.finish().expect("nothing else");
        let mut twice = members(format!("app_secret = \"s\"\napp_secret_file = \"{path}\""));
        let problem = twice.secret("app_secret").expect_err("a problem");
        assert!(problem.contains("given twice"), "{problem}");
        let mut nowhere = members("app_secret_file = \"nowhere/at-all\"".to_owned());
        let problem = nowhere.secret("app_secret").expect_err("a problem");
        assert!(
            problem.contains("app_secret_file: the file cannot be read"),
            "{problem}"
        );
        assert_eq!(
            members(String::new())
                .secret("app_secret")
                .expect_err("a problem"),
            "lacks app_secret"
        );
    }
}
