//! Signing access tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use menshen_domain::model::token::{AccessClaims, AccessToken, Scope};
use menshen_domain::ports::BoxError;
use menshen_domain::ports::token_issuer::{TokenIssuer, TokenIssuerError};

use crate::claims::WireClaims;
use crate::key_set::{KeySet, signer};

impl KeySet {
    /// The audience of a scope: a verifier that looks at no scope must refuse an
    /// onboarding token too.
    pub(crate) fn audience(&self, scope: Scope) -> &str {
        match scope {
            Scope::User => &self.config.audience,
            Scope::Onboarding => &self.onboarding_audience,
        }
    }

    fn compact(&self, claims: &AccessClaims) -> Result<String, BoxError> {
        let keys = self.keys();
        let key = signer(&keys, claims.issued_at).ok_or("there is no signing key")?;
        let claims = WireClaims::new(claims, &self.config.issuer, self.audience(claims.scope));
        let mut token = key.key.header.clone();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(&claims)?, &mut token);
        // Not by way of jsonwebtoken's `encode`, which would parse the private
        // key anew for every token.
        let signature = key.key.private.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

impl TokenIssuer for KeySet {
    fn issue(&self, claims: &AccessClaims) -> Result<AccessToken, TokenIssuerError> {
        self.compact(claims)
            .map(AccessToken::new)
            .map_err(TokenIssuerError)
    }
}
