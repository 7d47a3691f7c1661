//! Which vendor's call a request is.

use chrono::{DateTime, Utc};

use crate::call::{Answer, Call};
use crate::captcha::{self, CaptchaService};
use crate::faults::{ErrorCode, Fault};
use crate::sms::{self, SmsVendor};
use crate::state::World;
use crate::wechat::{self, WeChatCall};

/// One call that a vendor takes.
#[derive(Clone, Copy)]
pub(crate) enum Endpoint {
    WeChat(&'static WeChatCall),
    Captcha(&'static CaptchaService),
    Sms(&'static SmsVendor),
}

impl Endpoint {
    /// The call that this request is: by its path, and at `/` by what its
    /// headers and parameters say.
    pub(crate) fn find(call: &Call) -> Option<Self> {
        let of_wechat = wechat::CALLS
            .iter()
            .find(|known| known.path == call.path)
            .map(Self::WeChat);
        // Before the vendors of messages, who take whatever is said at `/`.
        let of_captcha = of_wechat.or_else(|| {
            let mut services = captcha::SERVICES.iter();
            let service = services.find(|service| service.serves(call));
            service.map(Self::Captcha)
        });
        of_captcha.or_else(|| {
            sms::VENDORS
                .iter()
                .find(|vendor| vendor.serves(call))
                .map(Self::Sms)
        })
    }

    /// All that a fault can be set for.
    pub(crate) fn targets() -> Vec<&'static str> {
        wechat::CALLS
            .iter()
            .map(|call| call.path)
            .chain(captcha::SERVICES.iter().map(|service| service.target))
            .chain(sms::VENDORS.iter().map(|vendor| vendor.target))
            .collect()
    }

    /// Its name in faults and in the request log.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::WeChat(call) => call.path,
            Self::Captcha(service) => service.target,
            Self::Sms(vendor) => vendor.target,
        }
    }

    /// Does what is asked.
    pub(crate) fn answer(self, world: &mut World, call: &Call, now: DateTime<Utc>) -> Answer {
        match self {
            Self::WeChat(known) => known.answer(world, call, now),
            Self::Captcha(service) => (service.answer)(world, call, now),
            Self::Sms(vendor) => (vendor.answer)(world, call, now),
        }
    }

    /// Refuses with the error code of `fault`; without one, as the vendor does
    /// when it is out of order.
    pub(crate) fn refuse(
        self,
        world: &mut World,
        call: &Call,
        fault: &Fault,
        now: DateTime<Utc>,
    ) -> Answer {
        let (code, message) = (
            fault.errcode.as_ref().map(ErrorCode::word),
            fault.message.as_deref(),
        );
        match self {
            Self::WeChat(known) => known.refuse(world, call, code.as_deref(), message, now),
            Self::Captcha(service) => (service.refuse)(world, code.as_deref(), message),
            Self::Sms(vendor) => (vendor.refuse)(world, call, code.as_deref(), message),
        }
    }
}
