//! Who acts for the deployment, in place of the people whose accounts they are.

/// The longest name of a key.
const MAX_NAME: usize = 64;

/// What an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorScope {
    /// Look, with personal data masked.
    Read,
    /// Look and change.
    Write,
}

impl OperatorScope {
    /// The stable word of the settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Read, Self::Write]
            .into_iter()
            .find(|scope| scope.as_str() == text)
    }
}

/// Somebody who acts for the deployment, or another service that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    name: String,
    scope: OperatorScope,
}

/// The text is not a name of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 64 characters of letters, digits, `.`, `_`, `@` and `-`")]
pub struct OperatorNameError;

impl Operator {
    /// Whoever holds the key of this name.
    ///
    /// # Errors
    ///
    /// [`OperatorNameError`] unless the name is 1 to 64 characters of
    /// `[A-Za-z0-9._@-]`: it stands in the audit log as it is.
    pub fn with_key(name: &str, scope: OperatorScope) -> Result<Self, OperatorNameError> {
        if (1..=MAX_NAME).contains(&name.len()) && name.chars().all(is_of_a_name) {
            Ok(Self {
                name: name.to_owned(),
                scope,
            })
        } else {
            Err(OperatorNameError)
        }
    }

    /// Whoever runs a command on a machine that has the settings, as its user of
    /// this name. No key has such a name: it has a colon.
    #[must_use]
    pub fn on_the_command_line(user: &str) -> Self {
        let plain = user
            .chars()
            .map(|c| if is_of_a_name(c) { c } else { '_' })
            .take(MAX_NAME);
        Self {
            name: format!("cli:{}", plain.collect::<String>()),
            scope: OperatorScope::Write,
        }
    }

    /// The name, as the audit log tells it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the operator may do.
    #[must_use]
    pub fn scope(&self) -> OperatorScope {
        self.scope
    }

    /// Whether the operator may change anything, and see personal data whole.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.scope == OperatorScope::Write
    }
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '@' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain() {
        let key = |name: &str| Operator::with_key(name, OperatorScope::Read);
        assert!(key("ops.alice@example-1").is_ok());
        for bad in ["", "a b", "cli:root", "名", "a\n", &"a".repeat(65)] {
            assert!(key(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nobody_on_the_command_line_has_the_name_of_a_key() {
        assert_eq!(Operator::on_the_command_line("root").name(), "cli:root");
        let odd = Operator::on_the_command_line("a b\u{1b}[31m");
        assert_eq!(odd.name(), "cli:a_b__31m");
        assert!(Operator::with_key(odd.name(), OperatorScope::Write).is_err());
    }
}
