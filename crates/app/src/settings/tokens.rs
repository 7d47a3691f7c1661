//! `tokens.*` and `sessions.*`.

use std::time::Duration;

use menshen_domain::model::client::ClientType;
use menshen_domain::model::policy::{TokenLives, TokenPolicy};

use crate::settings::form::{self, words};
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;

/// How access tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 (RFC 7518 section 3.4).
    Es256,
    /// Ed25519 (RFC 8037), named `EdDSA`.
    EdDsa,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// HMAC; only where this service is the sole verifier.
    Hs256,
}

/// `tokens.*` and `sessions.*`.
#[derive(Debug)]
pub struct TokenSettings {
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// How tokens are signed.
    pub algorithm: Algorithm,
    /// When a new signing key is made.
    pub key_rotation: Duration,
    /// Lives, grace and sessions.
    pub policy: TokenPolicy,
    /// Rotations per session and 5 minutes.
    pub refresh_per_session: u32,
    /// Rotations per address and 5 minutes.
    pub refresh_per_ip: u32,
}

/// Reads `tokens.*` and `sessions.*`.
pub fn read(reader: &mut Reader) -> TokenSettings {
    let general = lives(reader, "tokens", ["1h", "30d", "180d"]);
    let mut of = |client: ClientType| {
        let defaults = [general.access, general.refresh, general.session].map(written);
        let prefix = format!("tokens.{}", client.as_str());
        lives(reader, &prefix, [&defaults[0], &defaults[1], &defaults[2]])
    };
    let policy = TokenPolicy {
        mini_program: of(ClientType::MiniProgram),
        app: of(ClientType::App),
        web: of(ClientType::Web),
        refresh_grace: reader.read("tokens.refresh_grace", "30s", "how long a replaced refresh token answers the same successor, 0s to 60s; 0s turns it off", parse::duration),
        refresh_recovery: reader.read("tokens.refresh_recovery", "7d", "how long a predecessor recovers a lost answer, 0s to 30d; 0s turns it off", parse::duration),
        max_sessions: reader.read("sessions.max_per_client_type", "5", "live sessions per user, client type and app; the oldest beyond is signed out; 0 means no limit", parse::count),
    };
    reader.demand(
        "tokens.refresh_grace",
        policy.refresh_grace <= Duration::from_mins(1),
        "0s to 60s",
    );
    reader.demand(
        "tokens.refresh_recovery",
        policy.refresh_recovery <= Duration::from_hours(720),
        "0s to 30d",
    );
    let settings = TokenSettings {
        issuer: reader.read(
            "tokens.issuer",
            "menshen",
            "the `iss` claim of access tokens",
            form::pattern("^[!-~]{1,256}$", name),
        ),
        audience: reader.read(
            "tokens.audience",
            "menshen",
            "the `aud` claim of access tokens",
            form::pattern("^[!-~]{1,256}$", name),
        ),
        algorithm: reader.read(
            "tokens.algorithm",
            "ES256",
            "`ES256`, `EdDSA`, `RS256`, or `HS256` where this service is the only verifier",
            words(ALGORITHMS),
        ),
        key_rotation: reader.read(
            "tokens.key_rotation",
            "90d",
            "when a new signing key is made; old ones verify until their last token is dead",
            parse::duration,
        ),
        policy,
        refresh_per_session: reader.read(
            "tokens.refresh_per_session",
            "30",
            "rotations per session and 5 minutes; 0 means no limit",
            parse::count,
        ),
        refresh_per_ip: reader.read(
            "tokens.refresh_per_ip",
            "600",
            "rotations per address and 5 minutes; 0 means no limit",
            parse::count,
        ),
    };
    reader.demand(
        "tokens.key_rotation",
        settings.key_rotation >= Duration::from_hours(1),
        "1h or more",
    );
    settings
}

/// A span as people write it, in the largest unit that tells it whole.
fn written(span: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "d"), (3600, "h"), (60, "m")];
    let seconds = span.as_secs();
    let whole = UNITS
        .iter()
        .find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    match whole {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => humantime::format_duration(span)
            .to_string()
            .replace(' ', ""),
    }
}

fn lives(reader: &mut Reader, prefix: &str, [access, refresh, session]: [&str; 3]) -> TokenLives {
    let key = |name: &str| format!("{prefix}.{name}");
    let lives = TokenLives {
        access: reader.read(
            &key("access_ttl"),
            access,
            "life of an access token, 300s to 1h",
            parse::duration,
        ),
        refresh: reader.read(
            &key("refresh_ttl"),
            refresh,
            "life of a refresh token that is not used, at most 90d",
            parse::duration,
        ),
        session: reader.read(
            &key("session_ttl"),
            session,
            "life of a session whatever happens, at most 365d",
            parse::duration,
        ),
    };
    let access_range = Duration::from_mins(5)..=Duration::from_hours(1);
    reader.demand(
        &key("access_ttl"),
        access_range.contains(&lives.access),
        "300s to 1h",
    );
    let refresh_range = Duration::from_mins(5)..=Duration::from_hours(24 * 90);
    reader.demand(
        &key("refresh_ttl"),
        refresh_range.contains(&lives.refresh),
        "5m to 90d",
    );
    let session_range = Duration::from_mins(5)..=Duration::from_hours(24 * 365);
    reader.demand(
        &key("session_ttl"),
        session_range.contains(&lives.session),
        "5m to 365d",
    );
    for (name, span) in [
        ("access_ttl", lives.access),
        ("refresh_ttl", lives.refresh),
        ("session_ttl", lives.session),
    ] {
        if span < Duration::from_secs(1) {
            reader.problem(&key(name), "must be at least 1s");
        }
    }
    lives
}

fn name(given: &Given) -> Result<String, String> {
    let text = parse::text(given)?;
    let plain = !text.is_empty() && text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic());
    if plain {
        Ok(text)
    } else {
        Err("write a name or URL of printable ASCII without spaces".to_owned())
    }
}

const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("ES256", Algorithm::Es256),
    ("EdDSA", Algorithm::EdDsa),
    ("RS256", Algorithm::Rs256),
    ("HS256", Algorithm::Hs256),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_in_the_largest_unit_that_tells_them_whole() {
        for text in ["180d", "1h", "90m", "36h", "45s", "1m30s"] {
            let span = humantime::parse_duration(text).unwrap();
            assert_eq!(written(span), text);
        }
    }
}
