//! What people do: one file for each thing.

mod bearer;
mod refresh;
mod sms;
mod wechat;

use std::sync::Arc;

use clap::ValueEnum;

use crate::load::{Load, Measured, run};
use crate::meter::Meter;
use crate::prelude::Prepared;
use crate::world::World;

pub(crate) use sms::sign_in as sign_in_by_sms;

/// What people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Scenario {
    /// Somebody known signs in by WeChat: one call to WeChat.
    WechatReturning,
    /// Somebody new does.
    WechatFirst,
    /// Somebody known asks for an SMS code and signs in with it: two requests.
    SmsLogin,
    /// The next token pair.
    Refresh,
    /// `GET /v1/me`.
    Me,
    /// `GET /v1/auth/verify`.
    Verify,
}

impl Scenario {
    /// All, in the order of the report.
    pub const ALL: [Self; 6] = [
        Self::WechatReturning,
        Self::WechatFirst,
        Self::SmsLogin,
        Self::Refresh,
        Self::Me,
        Self::Verify,
    ];

    /// The row of the report.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::WechatReturning => "returning WeChat login",
            Self::WechatFirst => "first WeChat login",
            Self::SmsLogin => "full SMS login",
            Self::Refresh => "refresh",
            Self::Me => "`GET /v1/me`",
            Self::Verify => "`GET /v1/auth/verify`",
        }
    }

    /// Puts a load of it on the server.
    #[must_use]
    pub fn run(
        self,
        load: Load,
        meter: &Arc<Meter>,
        world: &Arc<World>,
        prepared: &Arc<Prepared>,
    ) -> Measured {
        let (world, prepared) = (Arc::clone(world), Arc::clone(prepared));
        let of = load.connections;
        match self {
            Self::WechatReturning => run(load, meter, move |_| {
                wechat::Returning::new(Arc::clone(&world))
            }),
            Self::WechatFirst => run(load, meter, move |_| wechat::First::new(Arc::clone(&world))),
            Self::SmsLogin => run(load, meter, move |number| {
                sms::Login::new(Arc::clone(&world), number, of)
            }),
            Self::Refresh => run(load, meter, move |number| {
                refresh::Refresh::new(world.server, Arc::clone(&prepared), number, of)
            }),
            Self::Me => run(load, meter, move |number| {
                let tokens = prepared.share(number, of);
                bearer::Bearer::new(world.server, "/v1/me", &tokens)
            }),
            Self::Verify => run(load, meter, move |number| {
                let tokens = prepared.share(number, of);
                bearer::Bearer::new(world.server, "/v1/auth/verify", &tokens)
            }),
        }
    }
}
