//! What is read from an access token, and what it must be.

use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use crate::settings::Settings;

/// The longest token that is looked at, in bytes: Menshen's are shorter.
const MAX_LENGTH: usize = 4096;
/// What the `typ` of an access token is (RFC 9068 section 2.1).
const TOKEN_TYPE: &str = "at+jwt";
/// By how many seconds the clocks of two machines may differ.
const LEEWAY: u64 = 5;
/// The longest id of a key.
const MAX_KID: usize = 64;

/// Somebody with a good access token.
///
/// As an argument of a handler: whoever has none is refused. Nobody is asked, so a
/// sign-out is seen when the token expires, an hour later at most.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SignedIn {
    /// The account: a UUID, the same at every login of this person.
    #[serde(rename = "sub")]
    pub user: String,
    /// The session: a UUID.
    #[serde(rename = "sid")]
    pub session: String,
    /// What the session is of: `mini_program`, `app` or `web`.
    pub client_type: String,
    /// When the token expires, in seconds since 1970.
    #[serde(rename = "exp")]
    pub expires_at: u64,
}

/// The claims that decide, each of exactly this type.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    #[serde(flatten)]
    who: SignedIn,
}

/// The id of the key that a token names, if its header is one of ours. `jku`, `x5u`,
/// `x5c` and `jwk` are not looked at.
pub(crate) fn key_id(token: &str, settings: &Settings) -> Option<String> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    let header = decode_header(token).ok()?;
    let ours = header.alg == settings.algorithm.jose()
        && header.typ.as_deref() == Some(TOKEN_TYPE)
        && header.crit.is_none();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let kid = header.kid.filter(|_| ours)?;
    let known = !kid.is_empty() && kid.len() <= MAX_KID && kid.bytes().all(plain);
    known.then_some(kid)
}

/// Who holds the token, if the key has signed it, and it is for us and of this time.
pub(crate) fn read(token: &str, key: &DecodingKey, settings: &Settings) -> Option<SignedIn> {
    let mut rules = Validation::new(settings.algorithm.jose());
    rules.leeway = LEEWAY;
    rules.validate_nbf = true;
    rules.set_required_spec_claims(&["exp", "nbf", "sub"]);
    // The library would take a list with one that fits, too: issuer and audience are
    // compared here.
    rules.validate_aud = false;
    let claims = decode::<Claims>(token, key, &rules).ok()?.claims;
    let ours = claims.iss == settings.issuer && claims.aud == settings.audience;
    (ours && !claims.who.user.is_empty()).then_some(claims.who)
}
