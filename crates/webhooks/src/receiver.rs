//! Who is told, and how a receiver knows that it is us.

use menshen_domain::model::webhook::ReceiverName;
use menshen_outbound::{Url, base_url};
use menshen_signing::webhook::{BadWebhookSecret, WebhookKey};
use secrecy::SecretString;

/// Why nobody can be told there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiverError {
    /// The address is none.
    #[error("url must be http:// or https:// with a host, without credentials, query or fragment")]
    Url,
    /// The secret is none.
    #[error("secret must be whsec_ and the base64 of 24 to 64 random bytes")]
    Secret,
}

impl From<BadWebhookSecret> for ReceiverError {
    fn from(_: BadWebhookSecret) -> Self {
        Self::Secret
    }
}

/// A receiver of events. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// What it is called.
    pub name: ReceiverName,
    pub(crate) url: Url,
    pub(crate) key: WebhookKey,
}

impl Receiver {
    /// A receiver at this address, with this secret.
    ///
    /// # Errors
    ///
    /// [`ReceiverError`].
    pub fn parse(
        name: ReceiverName,
        url: &str,
        secret: &SecretString,
    ) -> Result<Self, ReceiverError> {
        let url = base_url(url).map_err(|_| ReceiverError::Url)?;
        let key = WebhookKey::parse(secret)?;
        Ok(Self { name, url, key })
    }

    /// The host of the address, which is no secret.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_a_secret_are_as_they_must_be() {
        let parse = |url: &str, secret: &str| {
            let name = ReceiverName::parse("a").unwrap();
            Receiver::parse(name, url, &secret.into())
        };
        let good = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u";
        let receiver = parse("https://a.example/hooks", good).unwrap();
        assert_eq!(receiver.host(), "a.example");
        assert!(!format!("{receiver:?}").contains("MDEy"));
        for bad in [
            "",
            "a.example",
            "ftp://a.example",
            "https://u:p@a.example",
            "https://a.example/?token=1",
            "https://a.example/#x",
        ] {
            assert_eq!(parse(bad, good).unwrap_err(), ReceiverError::Url, "{bad}");
        }
        for bad in ["", "whsec_", "whsec_c2hvcnQ=", "c2hvcnQ="] {
            let error = parse("https://a.example", bad).unwrap_err();
            assert_eq!(error, ReceiverError::Secret, "{bad}");
        }
    }
}
