//! Which Menshen is believed, and for what.

use thiserror::Error;
use url::Url;

/// How access tokens are signed: `tokens.algorithm` of the deployment.
///
/// `HS256` is not among them: its key is a secret that only Menshen may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// ECDSA on P-256, the default.
    #[default]
    Es256,
    /// Ed25519, under the name `EdDSA` (RFC 8037).
    EdDsa,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
}

impl Algorithm {
    pub(crate) fn jose(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

/// Which Menshen is believed. The default is its development profile on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its base address, as this service reaches it: `http` or `https`.
    pub url: String,
    /// The `iss` of its tokens: `tokens.issuer` of the deployment.
    pub issuer: String,
    /// The `aud` of its tokens: `tokens.audience` of the deployment.
    pub audience: String,
    /// The one algorithm that is accepted.
    pub algorithm: Algorithm,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8080".to_owned(),
            issuer: "menshen".to_owned(),
            audience: "menshen".to_owned(),
            algorithm: Algorithm::default(),
        }
    }
}

/// Settings that cannot be used.
#[derive(Debug, Error)]
pub enum BadSettings {
    /// The address is none, or not one of `http` or `https` with a host and perhaps a path.
    #[error(
        "the address of Menshen must be http:// or https:// with a host, without password or query"
    )]
    Url,
    /// An empty issuer or audience, which would be nobody's.
    #[error("issuer and audience must not be empty")]
    Empty,
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

impl Settings {
    /// An address below the base.
    pub(crate) fn address(&self, path: &str) -> Result<Url, BadSettings> {
        let mut url = Url::parse(&self.url).map_err(|_| BadSettings::Url)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !plain {
            return Err(BadSettings::Url);
        }
        let path = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(url)
    }

    pub(crate) fn check(&self) -> Result<(), BadSettings> {
        if self.issuer.is_empty() || self.audience.is_empty() {
            return Err(BadSettings::Empty);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Result<Url, BadSettings> {
        let settings = Settings {
            url: url.to_owned(),
            ..Settings::default()
        };
        settings.address("/v1/auth/verify")
    }

    #[test]
    fn an_address_may_have_a_path_and_a_slash_at_its_end() {
        for (given, wanted) in [
            ("http://menshen:8080", "http://menshen:8080/v1/auth/verify"),
            (
                "https://example.com/login/",
                "https://example.com/login/v1/auth/verify",
            ),
        ] {
            assert_eq!(at(given).unwrap().as_str(), wanted);
        }
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for given in [
            "",
            "menshen",
            "ftp://menshen",
            "http://",
            "https://a/?b=",
            "https://a/#",
            "https://user:secret@a/",
        ] {
            assert!(matches!(at(given), Err(BadSettings::Url)), "{given}");
        }
    }
}
