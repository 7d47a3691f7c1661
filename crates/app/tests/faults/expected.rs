//! The table of faults: what each kind of request gets while something is away.

use crate::record::{Kind, Outcome};

/// What may come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    Served,
    Refused(u16, &'static str),
}

impl Expected {
    pub(crate) fn holds(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Self::Served, Outcome::Served) => true,
            (Self::Refused(status, code), Outcome::Refused(other, said)) => {
                status == other && code == said
            }
            _ => false,
        }
    }
}

const UNAVAILABLE: Expected = Expected::Refused(503, "unavailable");

/// Redis is down or hangs: codes are closed, all else goes on.
pub(crate) fn without_redis(kind: Kind) -> Expected {
    match kind {
        Kind::SmsSend | Kind::SmsVerify => UNAVAILABLE,
        Kind::Readiness => Expected::Refused(200, "ephemeral"),
        _ => Expected::Served,
    }
}

/// The database is down or hangs: nobody is let in on no evidence.
pub(crate) fn without_the_database(kind: Kind) -> Expected {
    match kind {
        Kind::Jwks | Kind::Liveness => Expected::Served,
        Kind::Readiness => Expected::Refused(503, "database"),
        _ => UNAVAILABLE,
    }
}

/// The database takes no writes: only what reads goes on.
pub(crate) fn without_writes(kind: Kind) -> Expected {
    match kind {
        Kind::Me | Kind::TokenCheck => Expected::Served,
        other => without_the_database(other),
    }
}

/// Both are away.
pub(crate) fn without_both(kind: Kind) -> Expected {
    match kind {
        Kind::Readiness => Expected::Refused(503, "database, ephemeral"),
        other => without_the_database(other),
    }
}

/// `WeChat` hangs.
pub(crate) fn without_wechat(kind: Kind) -> Expected {
    match kind {
        Kind::WeChatLogin => Expected::Refused(503, "wechat_unavailable"),
        _ => Expected::Served,
    }
}

/// No vendor takes a message.
pub(crate) fn without_vendors(kind: Kind) -> Expected {
    match kind {
        Kind::SmsSend => Expected::Refused(503, "sms_unavailable"),
        _ => Expected::Served,
    }
}
