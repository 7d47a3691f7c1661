//! The signature that proves a server knows a user's `session_key`.
//!
//! Source: `WeChat` mini-program guide, "signature of the login session":
//! lower-case hex HMAC-SHA256 over the body, under the key's base64 text.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use super::app_access;
use super::refusal::Refusal;
use crate::call::Call;
use crate::state::World;

/// Whose session a signed call is about.
pub(super) struct Session {
    pub(super) app_id: String,
    pub(super) person: String,
    pub(super) openid: String,
}

/// What checkSessionKey and `ResetUserSessionKey` check alike: the token family,
/// 41009 and 40003 (openid), 40097 (no signature), 87008 (`sig_method`), 87007
/// (no living key), 87009 (signature).
pub(super) fn prove(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Session, Refusal> {
    let app_id = app_access::application(world, call, now)?;
    let openid = call.parameter("openid").ok_or(Refusal::new(41009))?;
    let signature = call.parameter("signature").ok_or(Refusal::new(40097))?;
    if call.parameter("sig_method") != Some("hmac_sha256") {
        return Err(Refusal::new(87008));
    }
    let visit = world
        .find_visit(&app_id, openid)
        .ok_or(Refusal::new(40003))?;
    let key = world.session_keys.current(&app_id, &visit.person, now);
    let key = key.ok_or(Refusal::new(87007))?;
    if sign(&STANDARD.encode(key), b"") != signature {
        return Err(Refusal::new(87009));
    }
    Ok(Session {
        app_id,
        person: visit.person,
        openid: openid.to_owned(),
    })
}

fn sign(session_key_base64: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session_key_base64.as_bytes());
    hex::encode(hmac::sign(&key, body))
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn the_official_signatures_are_made() {
        for (key, body, signature) in [
            (
                "o0q0otL8aEzpcZL/FT9WsQ==",
                r#"{"foo":"bar"}"#,
                "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b",
            ),
            (
                "o0q0otL8aEzpcZL/FT9WsQ==",
                "",
                "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128",
            ),
            (
                "tiihtNczf5v6AKRyjwEUhQ==",
                "",
                "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735",
            ),
        ] {
            assert_eq!(sign(key, body.as_bytes()), signature);
        }
    }
}
