//! `SendSms`: checks message group, sign, template, variables and numbers, and
//! delivers. Limits per number show up in receipts only.
//!
//! Source: Volcengine, volcSMS 2020-01-01, `SendSms`.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::ACCOUNT;
use super::refusal::Refusal;
use crate::config::sms::{SmsTemplate, VolcengineAccount};
use crate::phone::Phone;
use crate::sms::{segments, uuid};
use crate::state::{Message, Sending, World};

const MOST_NUMBERS: usize = 200;

/// The body; members that nobody knows are left alone.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    sms_account: String,
    sign: String,
    #[serde(rename = "TemplateID")]
    template_id: String,
    #[serde(default)]
    template_param: String,
    phone_numbers: String,
    #[serde(default)]
    tag: String,
}

/// What a message group sends.
enum Group {
    Everything,
    Codes,
    Notices,
}

impl Group {
    fn find(account: &VolcengineAccount, id: &str) -> Option<Self> {
        let own = account.notice_sms_account.as_deref();
        if own == Some(id) {
            return Some(Self::Notices);
        }
        let group = own.map_or(Self::Everything, |_| Self::Codes);
        (account.sms_account == id).then_some(group)
    }

    fn sends(&self, template: &SmsTemplate) -> bool {
        match self {
            Self::Everything => true,
            Self::Codes => template.is_for_codes(),
            Self::Notices => !template.is_for_codes(),
        }
    }
}

/// Reads the body, a JSON object of strings.
pub(super) fn read(body: &[u8]) -> Result<Request, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::new("RE:0009"))
}

/// The ids of the messages, in the order of the numbers.
///
/// The order of checks: account, message group, sign, template and its type,
/// variables, numbers, cap.
pub(super) fn send(
    world: &mut World,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Vec<String>, Refusal> {
    if let Some(code) = world.sms_accounts.refusal("volcengine", ACCOUNT) {
        return Err(Refusal::new(code));
    }
    let account = &world.config.volcengine;
    let group =
        Group::find(account, &request.sms_account).ok_or_else(|| Refusal::new("RE:0003"))?;
    if !account.signs.contains(&request.sign) {
        return Err(Refusal::new("RE:0004"));
    }
    let template = SmsTemplate::find(&account.templates, &request.template_id)
        .ok_or_else(|| Refusal::new("RE:0005"))?;
    if !group.sends(template) {
        return Err(Refusal::new("RE:0012"));
    }
    let values = variables(template, &request.template_param)?;
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    let text = format!("【{}】{}", request.sign, template.fill(&values));
    let code = template.code(&values).to_owned();
    let phones = parse_numbers(&request.phone_numbers)?;
    if !phones.iter().all(|phone| template.reaches(phone)) {
        return Err(Refusal::new("RE:0011"));
    }
    if let Some(code) = world
        .sms_accounts
        .spend("volcengine", ACCOUNT, phones.len(), now)
    {
        return Err(Refusal::new(code));
    }
    let deliver = |phone: Phone| {
        let message_id = uuid(&mut world.random);
        world.deliver(Message {
            vendor: "volcengine",
            phone: phone.e164(),
            text: text.clone(),
            code: code.clone(),
            at: now.trunc_subsecs(3),
            receipt: None,
            sending: Sending {
                message_id: message_id.clone(),
                template: request.template_id.clone(),
                sign: request.sign.clone(),
                sender: request.sms_account.clone(),
                reference: request.tag.clone(),
                segments: segments::count(&text, &phone),
                ..Sending::default()
            },
        });
        message_id
    };
    Ok(phones.into_iter().map(deliver).collect())
}

/// The values of the template's variables, in their order: JSON strings, the
/// code of 4 to 8 letters or digits.
fn variables(template: &SmsTemplate, param: &str) -> Result<Vec<String>, Refusal> {
    if template.variables.is_empty() {
        return Ok(Vec::new());
    }
    let given: BTreeMap<String, Value> =
        serde_json::from_str(param).map_err(|_| Refusal::new("RE:0009"))?;
    let value = |name: &String| {
        let value = given.get(name).and_then(Value::as_str);
        let value = value.filter(|value| {
            let is_word = value.bytes().all(|byte| byte.is_ascii_alphanumeric());
            name != "code" || (is_word && (4..=8).contains(&value.len()))
        });
        value
            .map(str::to_owned)
            .ok_or_else(|| Refusal::new("RE:0009"))
    };
    template.variables.iter().map(value).collect()
}

/// Every number, or a refusal of all: mainland with or without `+86`, others in
/// E.164.
fn parse_numbers(numbers: &str) -> Result<Vec<Phone>, Refusal> {
    let numbers: Vec<_> = numbers.split(',').collect();
    if numbers.len() > MOST_NUMBERS {
        return Err(Refusal::new("RE:0006"));
    }
    let parse = |raw: &&str| {
        Phone::parse(raw).filter(|phone| {
            raw.starts_with('+') || (phone.is_mainland() && raw.len() == phone.national.len())
        })
    };
    let phones: Option<Vec<_>> = numbers.iter().map(parse).collect();
    phones.ok_or_else(|| Refusal::new("RE:0006"))
}
