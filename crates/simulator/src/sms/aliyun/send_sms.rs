//! `SendSms`: checks sign, template, variables, numbers and limits, and
//! delivers.
//!
//! Source: Alibaba Cloud, Dysmsapi 2017-05-25, `SendSms`.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;

use super::refusal::Refusal;
use super::{ACCOUNT, limits};
use crate::call::Pairs;
use crate::config::sms::{SmsRegion, SmsTemplate};
use crate::phone::Phone;
use crate::sms::segments;
use crate::state::{Message, Sending, World};

const MOST_NUMBERS: usize = 1000;
const LONGEST_VARIABLE: usize = 35;

/// Sends, and answers the id of the sending.
///
/// The order of checks: parameters, account, sign, template, variables, numbers, caps, limits.
pub(super) fn send(
    world: &mut World,
    parameters: &Pairs,
    now: DateTime<Utc>,
) -> Result<String, Refusal> {
    let find = |name: &str| {
        parameters
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    };
    let require = |name: &str| find(name).ok_or_else(|| Refusal::new(&format!("Missing{name}")));
    let (numbers, sign, template_code) = (
        require("PhoneNumbers")?,
        require("SignName")?,
        require("TemplateCode")?,
    );
    if let Some(code) = world.sms_accounts.refusal("aliyun", ACCOUNT) {
        return Err(Refusal::new(code));
    }
    let account = &world.config.aliyun;
    if !account.signs.iter().any(|known| known == sign) {
        return Err(Refusal::new("isv.SMS_SIGNATURE_ILLEGAL"));
    }
    let template = SmsTemplate::find(&account.templates, template_code)
        .ok_or_else(|| Refusal::new("isv.SMS_TEMPLATE_ILLEGAL"))?;
    let values = variables(template, find("TemplateParam"))?;
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    let (text, code) = (
        format!("【{sign}】{}", template.fill(&values)),
        template.code(&values).to_owned(),
    );
    let phones = parse_numbers(numbers)?;
    if template.region == SmsRegion::Overseas && phones.iter().any(Phone::is_mainland) {
        return Err(Refusal::new("isv.DOMESTIC_NUMBER_NOT_SUPPORTED"));
    }
    // Notices have limits of their own, fifty a day to a number.
    let of_codes = template.is_for_codes();
    if let Some(code) = world
        .sms_accounts
        .spend("aliyun", ACCOUNT, phones.len(), now)
    {
        return Err(Refusal::new(code));
    }
    if of_codes && world.config.sms_limits {
        stay_within_limits(world, sign, &phones, now)?;
    }
    let biz_id = format!("{}^0", world.random.digits(18));
    for phone in phones {
        world.deliver(Message {
            vendor: "aliyun",
            phone: phone.e164(),
            text: text.clone(),
            code: code.clone(),
            at: now.trunc_subsecs(3),
            receipt: None,
            sending: Sending {
                message_id: biz_id.clone(),
                template: template_code.to_owned(),
                sign: sign.to_owned(),
                reference: find("OutId").unwrap_or_default().to_owned(),
                segments: segments::count(&text, &phone),
                ..Sending::default()
            },
        });
    }
    Ok(biz_id)
}

/// The values of the template's variables, in their order: JSON strings, the
/// code of 4 to 6 letters or digits. Members that the template does not have
/// are left alone.
fn variables(template: &SmsTemplate, param: Option<&str>) -> Result<Vec<String>, Refusal> {
    if template.variables.is_empty() {
        return Ok(Vec::new());
    }
    let param = param.ok_or_else(|| Refusal::new("isv.TEMPLATE_MISSING_PARAMETERS"))?;
    let given: BTreeMap<String, Value> =
        serde_json::from_str(param).map_err(|_| Refusal::new("isv.INVALID_JSON_PARAM"))?;
    let value = |name: &String| {
        let value = given
            .get(name)
            .ok_or_else(|| Refusal::new("isv.TEMPLATE_MISSING_PARAMETERS"))?;
        let value = value
            .as_str()
            .ok_or_else(|| Refusal::new("isv.INVALID_JSON_PARAM"))?;
        if value.contains("://") {
            return Err(Refusal::new("isv.PARAM_NOT_SUPPORT_URL"));
        }
        if value.chars().count() > LONGEST_VARIABLE {
            return Err(Refusal::new("isv.PARAM_LENGTH_LIMIT"));
        }
        if name == "code"
            && !((4..=6).contains(&value.len())
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        {
            return Err(Refusal::new("isv.TEMPLATE_PARAMS_ILLEGAL"));
        }
        Ok(value.to_owned())
    };
    template.variables.iter().map(value).collect()
}

/// Every number, or a refusal of all: other countries' are written without `+`.
fn parse_numbers(numbers: &str) -> Result<Vec<Phone>, Refusal> {
    let numbers: Vec<_> = numbers.split(',').collect();
    if numbers.len() > MOST_NUMBERS {
        return Err(Refusal::new("isv.MOBILE_COUNT_OVER_LIMIT"));
    }
    let parse = |raw: &&str| {
        Phone::parse(raw).filter(|phone| phone.is_mainland() || !raw.starts_with(['+', '0']))
    };
    let phones: Option<Vec<_>> = numbers.iter().map(parse).collect();
    phones.ok_or_else(|| Refusal::new("isv.MOBILE_NUMBER_ILLEGAL"))
}

/// Numbers of other countries have no limits.
fn stay_within_limits(
    world: &mut World,
    sign: &str,
    phones: &[Phone],
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let limited = phones.iter().filter(|phone| phone.is_mainland());
    for phone in limited.clone() {
        if let Some(limit) = limits::broken_by(&world.sends, sign, phone, now) {
            return Err(Refusal::saying(
                "isv.BUSINESS_LIMIT_CONTROL",
                limit.message(),
            ));
        }
    }
    for phone in limited {
        limits::record(&mut world.sends, sign, phone, now);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_a_string_of_four_to_six_letters_or_digits() {
        let template = SmsTemplate::new("SMS_1", SmsRegion::Mainland, &["code"]);
        let verification_code = |param| variables(&template, param);
        assert_eq!(
            verification_code(Some(r#"{"code":"012345","more":"x"}"#)).unwrap(),
            ["012345"]
        );
        for (param, code) in [
            (r#"{"code":12345}"#, "isv.INVALID_JSON_PARAM"),
            ("code=123456", "isv.INVALID_JSON_PARAM"),
            (r#"["123456"]"#, "isv.INVALID_JSON_PARAM"),
            (r#"{"kode":"123456"}"#, "isv.TEMPLATE_MISSING_PARAMETERS"),
            (r#"{"code":"123"}"#, "isv.TEMPLATE_PARAMS_ILLEGAL"),
            (r#"{"code":"12 456"}"#, "isv.TEMPLATE_PARAMS_ILLEGAL"),
            (
                r#"{"code":"https://a.example"}"#,
                "isv.PARAM_NOT_SUPPORT_URL",
            ),
            (
                r#"{"code":"000000000000000000000000000000000000"}"#,
                "isv.PARAM_LENGTH_LIMIT",
            ),
        ] {
            assert_eq!(
                verification_code(Some(param)),
                Err(Refusal::new(code)),
                "{param}"
            );
        }
        assert_eq!(
            verification_code(None),
            Err(Refusal::new("isv.TEMPLATE_MISSING_PARAMETERS"))
        );
    }

    #[test]
    fn one_bad_number_refuses_all() {
        assert_eq!(parse_numbers("13800138000,85298765432").unwrap().len(), 2);
        for numbers in ["12345", "13800138000,", "13800138000,abc", "+85298765432"] {
            assert_eq!(
                parse_numbers(numbers),
                Err(Refusal::new("isv.MOBILE_NUMBER_ILLEGAL")),
                "{numbers}"
            );
        }
        let many = vec!["13800138000"; 1001].join(",");
        assert_eq!(
            parse_numbers(&many),
            Err(Refusal::new("isv.MOBILE_COUNT_OVER_LIMIT"))
        );
    }
}
