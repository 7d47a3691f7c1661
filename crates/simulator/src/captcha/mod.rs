//! The offline captcha services, one file each. Their tickets come from the control
//! API: nobody solves anything here.

mod aliyun;
mod tencent;
mod turnstile;
mod verify_url;

use chrono::{DateTime, Utc};

use crate::call::{Answer, Call};
use crate::state::World;

/// Every service.
pub(crate) const SERVICES: &[CaptchaService] = &[
    tencent::SERVICE,
    aliyun::SERVICE,
    turnstile::SERVICE,
    verify_url::SERVICE,
];

/// One service: how its requests are told, and answered.
pub(crate) struct CaptchaService {
    /// `captcha/<service>`: its own path, and its name in faults.
    pub(crate) target: &'static str,
    /// Whether a request to another path is for it.
    pub(crate) speaks: fn(&Call) -> bool,
    pub(crate) answer: fn(&mut World, &Call, DateTime<Utc>) -> Answer,
    /// Refuses with an error code of the service, or its usual word for being out of
    /// order; the message replaces the code's own.
    pub(crate) refuse: fn(&mut World, Option<&str>, Option<&str>) -> Answer,
}

impl CaptchaService {
    /// As in `/captcha/<service>`.
    pub(crate) fn name(&self) -> &'static str {
        self.target.trim_start_matches("captcha/")
    }

    /// Whether a request is for it.
    pub(crate) fn serves(&self, call: &Call) -> bool {
        call.path.trim_matches('/') == self.target || (self.speaks)(call)
    }
}

/// The names of all services, for people.
pub(crate) fn names() -> String {
    let names: Vec<_> = SERVICES.iter().map(CaptchaService::name).collect();
    names.join(", ")
}

/// The ticket in what a page or a device hands in, which may go on with `;` and the
/// random string of services that have one.
fn ticket(token: &str) -> &str {
    token.split(';').next().unwrap_or_default()
}
