//! `QuerySendDetails`: what became of the messages to a number on a day.
//!
//! Source: Alibaba Cloud, Dysmsapi 2017-05-25, `QuerySendDetails`.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::call::Pairs;
use crate::phone::Phone;
use crate::sms::beijing_time;
use crate::state::{Message, World};

const OLDEST_DAYS: i64 = 30;
const LARGEST_PAGE: usize = 50;

/// A page of the messages, newest first.
pub(super) fn query(
    world: &World,
    parameters: &Pairs,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let find = |name: &str| {
        parameters
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    };
    let require = |name: &str| find(name).ok_or_else(|| Refusal::new(&format!("Missing{name}")));
    let phone = Phone::parse(require("PhoneNumber")?)
        .ok_or_else(|| Refusal::new("isv.MOBILE_NUMBER_ILLEGAL"))?;
    let illegal = || Refusal::new("isv.INVALID_PARAMETERS");
    let date = NaiveDate::parse_from_str(require("SendDate")?, "%Y%m%d").map_err(|_| illegal())?;
    let age = (in_beijing(now) - date).num_days();
    let number = |name: &str| require(name)?.parse::<usize>().map_err(|_| illegal());
    let (size, page) = (number("PageSize")?, number("CurrentPage")?);
    if !(0..=OLDEST_DAYS).contains(&age) || !(1..=LARGEST_PAGE).contains(&size) || page == 0 {
        return Err(illegal());
    }
    let messages = world.inbox.newest_first(Some(&phone.e164()));
    let found: Vec<_> = messages
        .iter()
        .filter(|message| message.vendor == "aliyun" && in_beijing(message.at) == date)
        .filter(|message| find("BizId").is_none_or(|id| message.sending.message_id == id))
        .collect();
    let details: Vec<_> = found
        .iter()
        .skip(size.saturating_mul(page - 1))
        .take(size)
        .map(|message| detail(message))
        .collect();
    Ok(json!({
        "Code": "OK",
        "Message": "OK",
        "TotalCount": found.len().to_string(),
        "SmsSendDetailDTOs": {"SmsSendDetailDTO": details},
    }))
}

fn in_beijing(at: DateTime<Utc>) -> NaiveDate {
    (at + TimeDelta::hours(8)).date_naive()
}

/// 1 while the carrier has said nothing, 2 failed, 3 delivered. Without a plan
/// for receipts a message is delivered at once.
fn detail(message: &Message) -> Value {
    let (status, code, reported_at) = match &message.receipt {
        None => (3, "DELIVERED", Some(message.at)),
        Some(receipt) => match receipt.reported_at {
            None => (1, "", None),
            Some(at) if receipt.is_delivered() => (3, receipt.code.as_str(), Some(at)),
            Some(at) => (2, receipt.code.as_str(), Some(at)),
        },
    };
    json!({
        "PhoneNum": message.phone.trim_start_matches("+86").trim_start_matches('+'),
        "SendStatus": status,
        "ErrCode": code,
        "TemplateCode": message.sending.template,
        "Content": message.text,
        "SendDate": beijing_time(message.at),
        "ReceiveDate": reported_at.map_or_else(String::new, beijing_time),
        "OutId": message.sending.reference,
    })
}
