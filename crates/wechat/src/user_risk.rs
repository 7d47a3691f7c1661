//! `getUserRiskRank`: how suspicious who signs up is.

use std::net::IpAddr;

use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::wechat::{AppId, OpenId};
use menshen_domain::model::wechat_login::RiskRank;
use serde_json::json;
use tokio::time::Instant;

use crate::authorized::{Authority, AuthorizedCall};
use crate::errcodes::Endpoint;
use crate::failure::CallFailure;
use crate::reply::{BadReply, Reply};
use crate::transport::{Transport, Tries};

const ENDPOINT: Endpoint = Endpoint::UserRiskRank;
/// Registration.
const SCENE: u8 = 0;

/// Whom the question is about.
pub(crate) struct Suspect<'a> {
    pub(crate) openid: &'a OpenId,
    /// The person's own address.
    pub(crate) address: IpAddr,
    pub(crate) phone: Option<PhoneNumber>,
}

/// Asks for the rank, 0 to 4.
///
/// Source: `WeChat` server API, `getUserRiskRank`.
pub(crate) async fn ask(
    transport: &Transport,
    authority: &Authority,
    app: &AppId,
    suspect: &Suspect<'_>,
    deadline: Instant,
) -> Result<RiskRank, CallFailure> {
    let mut body = json!({
        "appid": app.as_str(),
        "openid": suspect.openid.as_str(),
        "scene": SCENE,
        "client_ip": suspect.address.to_canonical().to_string(),
    });
    if let Some(phone) = &suspect.phone {
        body["mobile_no"] = phone.as_e164().into();
    }
    let call = AuthorizedCall {
        app,
        endpoint: ENDPOINT,
        query: &[],
        body: Some(body.to_string()),
        tries: Tries::of_a_read(),
    };
    let reply = authority.call(transport, call, deadline).await?;
    rank(&reply).map_err(CallFailure::bad_reply(ENDPOINT))
}

pub(crate) fn rank(reply: &Reply) -> Result<RiskRank, BadReply> {
    u8::try_from(reply.integer("risk_rank")?)
        .ok()
        .and_then(RiskRank::new)
        .ok_or(BadReply::Field("risk_rank"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_zero_to_four() {
        let rank = |value: &str| {
            let body = format!(
                r#"{{"errcode":0,"errmsg":"getuserriskrank succ","risk_rank":{value},"unoin_id":2258658297}}"#
            );
            let reply = crate::reply::read(200, body.as_bytes()).unwrap().unwrap();
            rank(&reply).map(RiskRank::get)
        };
        assert_eq!(rank("0"), Ok(0));
        assert_eq!(rank("4"), Ok(4));
        assert_eq!(rank("\"3\""), Ok(3));
        for bad in ["5", "-1", "null", "256", "1.5"] {
            assert!(rank(bad).is_err(), "{bad}");
        }
    }
}
