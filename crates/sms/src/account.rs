//! What the settings say of one account at a vendor.

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::templates::Templates;
use crate::vendor::VendorConfigError;

/// The values of a vendor's keys, as they were read, and its templates. `Debug`
/// shows no secret.
#[derive(Debug, Clone, Default)]
pub struct Account {
    texts: BTreeMap<&'static str, String>,
    secrets: BTreeMap<&'static str, SecretString>,
    templates: Templates,
}

impl Account {
    /// With the value of a key that is no secret.
    #[must_use]
    pub fn with_text(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.texts.insert(key, value.into());
        self
    }

    /// With the value of a secret.
    #[must_use]
    pub fn with_secret(mut self, key: &'static str, value: impl Into<SecretString>) -> Self {
        self.secrets.insert(key, value.into());
        self
    }

    /// With these templates.
    #[must_use]
    pub fn with_templates(self, templates: Templates) -> Self {
        Self { templates, ..self }
    }

    /// The value of a key that is required or has a default.
    ///
    /// # Errors
    ///
    /// [`VendorConfigError::Lacks`].
    pub fn text(&self, key: &'static str) -> Result<String, VendorConfigError> {
        self.find_text(key).ok_or(VendorConfigError::Lacks(key))
    }

    /// The value of a key, if it is set.
    #[must_use]
    pub fn find_text(&self, key: &str) -> Option<String> {
        self.texts.get(key).cloned()
    }

    /// The value of a secret that is required.
    ///
    /// # Errors
    ///
    /// [`VendorConfigError::Lacks`].
    pub fn secret(&self, key: &'static str) -> Result<SecretString, VendorConfigError> {
        self.find_secret(key).ok_or(VendorConfigError::Lacks(key))
    }

    /// The value of a secret, if it is set.
    #[must_use]
    pub fn find_secret(&self, key: &str) -> Option<SecretString> {
        self.secrets.get(key).cloned()
    }

    /// Whether a key has a value, secret or not.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.texts.contains_key(key) || self.secrets.contains_key(key)
    }

    /// The templates.
    #[must_use]
    pub fn templates(&self) -> Templates {
        self.templates.clone()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn what_is_lacking_is_named_and_no_secret_is_shown() {
        let account = Account::default()
            .with_text("app_id", "7")
            .with_secret("app_secret", "fake-secret");
        assert_eq!(account.text("app_id").unwrap(), "7");
        assert!(account.has("app_secret") && !account.has("sign"));
        let secret = account.secret("app_secret").unwrap();
        assert_eq!(secret.expose_secret(), "fake-secret");
        assert!(!format!("{account:?}").contains("fake-secret"));
        // A secret is no text: nobody prints it by mistake.
        assert_eq!(account.find_text("app_secret"), None);
        let lacking = account.text("sign").unwrap_err();
        assert!(lacking.to_string().contains("sign"), "{lacking}");
    }
}
