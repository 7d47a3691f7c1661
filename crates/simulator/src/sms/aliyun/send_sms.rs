//! `SendSms`: checks sign, template, variables, numbers and limits, and
//! delivers.
//!
//! Source: Alibaba Cloud, Dysmsapi 2017-05-25, `SendSms`.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;

use super::refusal::Refusal;
use crate::call::Pairs;
use crate::phone::Phone;
use crate::state::{Message, World};

/// The text of the one template; its variable is `code`.
const TEMPLATE: &str = "您的验证码是${code}，10分钟内有效";
const MOST_NUMBERS: usize = 1000;
const LONGEST_VARIABLE: usize = 35;

/// Sends, and answers the id of the sending.
///
/// The order of checks: parameters, sign, template, variables, numbers, limits.
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
    let (numbers, sign, template) = (
        require("PhoneNumbers")?,
        require("SignName")?,
        require("TemplateCode")?,
    );
    if sign != world.config.aliyun.sign_name {
        return Err(Refusal::new("isv.SMS_SIGNATURE_ILLEGAL"));
    }
    if template != world.config.aliyun.template_code {
        return Err(Refusal::new("isv.SMS_TEMPLATE_ILLEGAL"));
    }
    let code = verification_code(find("TemplateParam"))?;
    let phones = parse_numbers(numbers)?;
    if world.config.sms_limits {
        stay_within_limits(world, &phones, now)?;
    }
    for phone in phones {
        world.inbox.deliver(Message {
            vendor: "aliyun",
            phone: phone.e164(),
            text: format!("【{sign}】{}", TEMPLATE.replace("${code}", &code)),
            code: code.clone(),
            at: now.trunc_subsecs(3),
        });
    }
    Ok(format!("{}^0", world.random.digits(18)))
}

/// The variable `code`, whose value must be a JSON string of 4 to 6 letters or digits.
fn verification_code(template_param: Option<&str>) -> Result<String, Refusal> {
    let param = template_param.ok_or_else(|| Refusal::new("isv.TEMPLATE_MISSING_PARAMETERS"))?;
    let variables: BTreeMap<String, Value> =
        serde_json::from_str(param).map_err(|_| Refusal::new("isv.INVALID_JSON_PARAM"))?;
    let value = variables
        .get("code")
        .ok_or_else(|| Refusal::new("isv.TEMPLATE_MISSING_PARAMETERS"))?;
    let code = value
        .as_str()
        .ok_or_else(|| Refusal::new("isv.INVALID_JSON_PARAM"))?;
    if code.contains("://") {
        return Err(Refusal::new("isv.PARAM_NOT_SUPPORT_URL"));
    }
    if code.chars().count() > LONGEST_VARIABLE {
        return Err(Refusal::new("isv.PARAM_LENGTH_LIMIT"));
    }
    if !(4..=6).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Refusal::new("isv.TEMPLATE_PARAMS_ILLEGAL"));
    }
    Ok(code.to_owned())
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

/// Only mainland numbers have limits.
fn stay_within_limits(
    world: &mut World,
    phones: &[Phone],
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let limited = phones.iter().filter(|phone| phone.is_mainland());
    for phone in limited.clone() {
        if let Some(limit) = world.number_limits.broken_by(&phone.e164(), now) {
            return Err(Refusal::saying(
                "isv.BUSINESS_LIMIT_CONTROL",
                limit.message(),
            ));
        }
    }
    for phone in limited {
        world.number_limits.record(&phone.e164(), now);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_a_string_of_four_to_six_letters_or_digits() {
        assert_eq!(
            verification_code(Some(r#"{"code":"012345","more":"x"}"#)).unwrap(),
            "012345"
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
