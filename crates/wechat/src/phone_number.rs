//! `phonenumber.getPhoneNumber`: a code of the phone button.

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::wechat::{AppId, OpenId, PhoneCode};
use menshen_domain::ports::wechat_gateway::{WeChatGatewayError, WeChatPhone};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::authorized::{Authority, AuthorizedCall};
use crate::errcodes::Endpoint;
use crate::failure::CallFailure;
use crate::reply::{BadReply, Reply, integer, object_in, text_in};
use crate::transport::{Transport, Tries};

const ENDPOINT: Endpoint = Endpoint::PhoneNumber;
/// How old the user's tap on the button may be.
const OLDEST: TimeDelta = TimeDelta::seconds(600);
/// How far WeChat's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::seconds(60);

/// Exchanges a code of the phone button, good for one use and 5 minutes.
///
/// The openid goes along, so that WeChat itself refuses a code of somebody
/// else.
///
/// Source: `WeChat` server API, `phonenumber.getPhoneNumber`.
pub(crate) async fn exchange(
    transport: &Transport,
    authority: &Authority,
    app: &AppId,
    code: &PhoneCode,
    openid: &OpenId,
    deadline: Instant,
) -> Result<Reply, CallFailure> {
    let body = json!({ "code": code.expose(), "openid": openid.as_str() });
    let call = AuthorizedCall {
        app,
        endpoint: ENDPOINT,
        query: &[],
        body: Some(body.to_string()),
        tries: Tries::new(),
    };
    authority.call(transport, call, deadline).await
}

/// Reads the number, if WeChat vouches for it to this application and now.
pub(crate) fn read(
    reply: &Reply,
    app: &AppId,
    now: DateTime<Utc>,
) -> Result<WeChatPhone, WeChatGatewayError> {
    let bad = CallFailure::bad_reply(ENDPOINT);
    let info = reply.object("phone_info").map_err(&bad)?;
    let mark = object_in(info, "watermark").map_err(&bad)?;
    let number = number(info).map_err(&bad)?;
    let marked_app = text_in(mark, "appid").map_err(&bad)?;
    let marked_at = mark
        .get("timestamp")
        .and_then(integer)
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or_else(|| bad(BadReply::Field("watermark.timestamp")))?;
    if marked_app != app.as_str() {
        tracing::warn!(
            app_id = app.as_str(),
            "a phone number is marked for another application"
        );
        return Err(WeChatGatewayError::CodeRefused);
    }
    if now - marked_at > OLDEST || marked_at - now > AHEAD {
        let age_s = (now - marked_at).num_seconds();
        tracing::warn!(
            app_id = app.as_str(),
            age_s,
            "a phone number is too old or of the future"
        );
        return Err(WeChatGatewayError::CodeRefused);
    }
    Ok(WeChatPhone { number })
}

/// `+`, the country code (a text or a number) and the number without it.
fn number(info: &Map<String, Value>) -> Result<PhoneNumber, BadReply> {
    let country = info
        .get("countryCode")
        .and_then(integer)
        .filter(|code| (1..=999).contains(code))
        .ok_or(BadReply::Field("countryCode"))?;
    let pure = text_in(info, "purePhoneNumber")?;
    PhoneNumber::parse(&format!("+{country}{pure}")).map_err(|_| BadReply::Field("purePhoneNumber"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_700_000_000;

    fn phone(info: &str, now: i64) -> Result<String, WeChatGatewayError> {
        let body = format!(r#"{{"errcode":0,"errmsg":"ok","phone_info":{info}}}"#);
        let reply = crate::reply::read(200, body.as_bytes()).unwrap().unwrap();
        let app = AppId::parse("wx4f4bc4dec97d474b").unwrap();
        let now = DateTime::from_timestamp(now, 0).unwrap();
        read(&reply, &app, now).map(|phone| phone.number.as_e164().to_owned())
    }

    fn info(country: &str, pure: &str, mark: &str) -> String {
        format!(
            r#"{{"phoneNumber":"x","purePhoneNumber":{pure},"countryCode":{country},"watermark":{mark}}}"#
        )
    }

    fn marked(at: i64) -> String {
        format!(r#"{{"timestamp":{at},"appid":"wx4f4bc4dec97d474b"}}"#)
    }

    #[test]
    fn the_country_code_may_be_a_text_or_a_number() {
        for (country, pure, expected) in [
            ("\"86\"", "\"13580006666\"", "+8613580006666"),
            ("86", "\"13580006666\"", "+8613580006666"),
            ("\"+86\"", "\"13580006666\"", "+8613580006666"),
            ("852", "\"51234567\"", "+85251234567"),
        ] {
            assert_eq!(
                phone(&info(country, pure, &marked(AT)), AT).unwrap(),
                expected
            );
        }
    }

    #[test]
    fn a_number_that_is_none_is_no_answer() {
        for (country, pure) in [
            ("null", "\"13580006666\""),
            ("0", "\"13580006666\""),
            ("\"86\"", "\"\""),
            ("\"86\"", "13580006666"),
            ("\"86\"", "\"1358000\""),
            ("\"86\"", "\"+8613580006666\""),
        ] {
            let result = phone(&info(country, pure, &marked(AT)), AT);
            assert!(
                matches!(
                    result,
                    Err(WeChatGatewayError::Unavailable {
                        code_unspent: false,
                        ..
                    })
                ),
                "{country} {pure}"
            );
        }
    }

    #[test]
    fn the_mark_must_be_ours_and_fresh() {
        let good = info("86", "\"13580006666\"", &marked(AT));
        for (now, taken) in [
            (AT, true),
            (AT + 600, true),
            (AT - 60, true),
            (AT + 601, false),
            (AT - 61, false),
        ] {
            assert_eq!(phone(&good, now).is_ok(), taken, "{now}");
        }
        let foreign = format!(r#"{{"timestamp":{AT},"appid":"wx0000000000000000"}}"#);
        let result = phone(&info("86", "\"13580006666\"", &foreign), AT);
        assert!(matches!(result, Err(WeChatGatewayError::CodeRefused)));
        for mark in [
            "null",
            "{}",
            r#"{"appid":"wx4f4bc4dec97d474b"}"#,
            r#"{"timestamp":9223372036854775807,"appid":"wx4f4bc4dec97d474b"}"#,
        ] {
            let result = phone(&info("86", "\"13580006666\"", mark), AT);
            assert!(
                matches!(result, Err(WeChatGatewayError::Unavailable { .. })),
                "{mark}"
            );
        }
    }
}
