//! The readers of WeChat's answers, for the fuzz targets: what each call would make
//! of a body, without a connection.

use chrono::{DateTime, Utc};
use menshen_domain::model::wechat::{AppId, AppKind};
use menshen_domain::model::wechat_login::{ProfileTicket, RiskRank};
use menshen_domain::model::wechat_profile::WeChatProfile;
use menshen_domain::ports::wechat_gateway::{WeChatIdentification, WeChatPhone};

use crate::reply::{self, BadReply, Refusal, Reply};
use crate::{access_token, code2session, oauth, phone_number, user_info, user_risk};

/// What the calls would make of one answer. Where a call would refuse it, the text
/// is that of the error.
pub struct Readings {
    /// `auth.code2Session`.
    pub login: Result<WeChatIdentification, String>,
    /// `snsAccessToken`, of a native app; nobody for a code that proves none.
    pub oauth: Result<Option<WeChatIdentification>, String>,
    /// `phonenumber.getPhoneNumber`.
    pub phone: Result<WeChatPhone, String>,
    /// `snsUserInfo`, of the person of this ticket.
    pub profile: Result<WeChatProfile, String>,
    /// `getUserRiskRank`.
    pub rank: Result<RiskRank, String>,
    /// `getStableAccessToken`: whether a usable token came.
    pub token: Result<(), String>,
}

/// An answer, read as all calls would read it; the text of the error if no call
/// would look into it.
///
/// # Errors
///
/// A refusal, or an answer that makes no sense, as it would be logged.
pub fn read(
    status: u16,
    body: &[u8],
    app: &AppId,
    ticket: &ProfileTicket,
    now: DateTime<Utc>,
) -> Result<Readings, Refused> {
    let reply = reply::read(status, body).map_err(|bad| Refused::Nonsense(bad.to_string()))?;
    let reply = reply.map_err(Refused::Refusal)?;
    Ok(readings(&reply, app, ticket, now))
}

/// Why no call would look into an answer.
#[derive(Debug)]
pub enum Refused {
    /// WeChat said no.
    Refusal(Refusal),
    /// It made no sense, as it would be logged.
    Nonsense(String),
}

fn readings(reply: &Reply, app: &AppId, ticket: &ProfileTicket, now: DateTime<Utc>) -> Readings {
    let told = |bad: BadReply| bad.to_string();
    Readings {
        login: code2session::read(reply).map_err(told),
        oauth: oauth::read(reply, AppKind::App).map_err(told),
        phone: phone_number::read(reply, app, now).map_err(|error| error.to_string()),
        profile: user_info::profile(reply, ticket).map_err(told),
        rank: user_risk::rank(reply).map_err(told),
        token: access_token::read(reply).map(drop).map_err(told),
    }
}
