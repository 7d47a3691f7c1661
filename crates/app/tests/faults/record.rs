//! What was asked, what came back, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    SmsSend,
    SmsVerify,
    WeChatLogin,
    Refresh,
    Logout,
    /// `GET /v1/me`, which reads the account.
    Me,
    /// `GET /v1/auth/verify`.
    TokenCheck,
    Jwks,
    Liveness,
    Readiness,
}

impl Kind {
    pub(crate) const ALL: [Self; 10] = [
        Self::SmsSend,
        Self::SmsVerify,
        Self::WeChatLogin,
        Self::Refresh,
        Self::Logout,
        Self::Me,
        Self::TokenCheck,
        Self::Jwks,
        Self::Liveness,
        Self::Readiness,
    ];
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// What the client wanted; or a right refusal, such as of a wrong code.
    Served,
    /// A status with a code, or with the dependencies that are down.
    Refused(u16, String),
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    pub(crate) outcome: Outcome,
    pub(crate) asked: Instant,
    pub(crate) took: Duration,
}

impl Sample {
    pub(crate) fn served(&self) -> bool {
        self.outcome == Outcome::Served
    }
}

/// How often each outcome came, for messages.
pub(crate) fn summary<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> String {
    let mut counts: BTreeMap<(Kind, &Outcome), (u32, Duration)> = BTreeMap::new();
    for sample in samples {
        let entry = counts.entry((sample.kind, &sample.outcome)).or_default();
        *entry = (entry.0 + 1, entry.1.max(sample.took));
    }
    let line = |((kind, outcome), (count, longest)): (&(Kind, &Outcome), &(u32, Duration))| {
        format!("{kind:?} {outcome:?}: {count}, longest {longest:?}\n")
    };
    counts.iter().map(line).collect()
}
