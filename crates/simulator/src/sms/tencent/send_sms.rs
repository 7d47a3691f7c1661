//! `SendSms`: checks the request, sign, template, variables, numbers and
//! limits, and delivers.
//!
//! Source: Tencent Cloud SMS 2021-01-11, `SendSms`.

use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{ACCOUNT, limits};
use crate::config::sms::{SmsRegion, SmsTemplate, TencentAccount};
use crate::phone::Phone;
use crate::sms::segments;
use crate::state::{Message, Sending, World};

const MOST_NUMBERS: usize = 200;
const LONGEST_CONTEXT: usize = 512;
/// Of a code, and of any variable of an account opened since January 2024.
const LONGEST_VARIABLE: usize = 6;
const MEMBERS: &[&str] = &[
    "PhoneNumberSet",
    "SmsSdkAppId",
    "TemplateId",
    "SignName",
    "TemplateParamSet",
    "ExtendCode",
    "SessionContext",
    "SenderId",
];

/// A request whose members have the right types.
#[derive(Debug, Default)]
pub(super) struct Request {
    numbers: Vec<String>,
    sdk_app_id: String,
    template_id: String,
    sign: Option<String>,
    params: Vec<String>,
    context: String,
}

/// Reads the body, a JSON object of known members.
pub(super) fn read(body: &[u8]) -> Result<Request, Refusal> {
    let body: Value =
        serde_json::from_slice(body).map_err(|_| Refusal::new("FailedOperation.JsonParseFail"))?;
    let members = body
        .as_object()
        .ok_or_else(|| Refusal::new("FailedOperation.JsonParseFail"))?;
    if let Some(name) = members
        .keys()
        .find(|name| !MEMBERS.contains(&name.as_str()))
    {
        let message = format!("The parameter `{name}` is not recognized.");
        return Err(Refusal::saying("UnknownParameter", &message));
    }
    let request = Request {
        numbers: member(&body, "PhoneNumberSet")?
            .ok_or_else(|| Refusal::missing("PhoneNumberSet"))?,
        sdk_app_id: member(&body, "SmsSdkAppId")?.ok_or_else(|| Refusal::missing("SmsSdkAppId"))?,
        template_id: member(&body, "TemplateId")?.ok_or_else(|| Refusal::missing("TemplateId"))?,
        sign: member(&body, "SignName")?.filter(|sign: &String| !sign.is_empty()),
        params: member(&body, "TemplateParamSet")?.unwrap_or_default(),
        context: member(&body, "SessionContext")?.unwrap_or_default(),
    };
    if request.numbers.is_empty() {
        return Err(Refusal::new("MissingParameter.EmptyPhoneNumberSet"));
    }
    if request.numbers.len() > MOST_NUMBERS {
        return Err(Refusal::new("LimitExceeded.PhoneNumberCountLimit"));
    }
    if request.context.len() >= LONGEST_CONTEXT {
        return Err(Refusal::wrong_type("SessionContext"));
    }
    Ok(request)
}

fn member<'b, T: Deserialize<'b>>(body: &'b Value, name: &str) -> Result<Option<T>, Refusal> {
    match &body[name] {
        Value::Null => Ok(None),
        value => T::deserialize(value)
            .map(Some)
            .map_err(|_| Refusal::wrong_type(name)),
    }
}

/// The status of each number, in the order of the numbers.
///
/// The order of checks: application, account, sign, template, variables, number,
/// cap, limits. Most are said of each number.
pub(super) fn send(
    world: &mut World,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Vec<Value>, Refusal> {
    let account = &world.config.tencent;
    if request.sdk_app_id != account.sdk_app_id {
        return Err(Refusal::new("UnauthorizedOperation.SmsSdkAppIdVerifyFail"));
    }
    if let Some(code) = world.sms_accounts.refusal("tencent", ACCOUNT) {
        let refusal = Refusal::new(code);
        return if refusal.is_of_a_number() {
            Ok(request.refused_for_all(&refusal))
        } else {
            Err(refusal)
        };
    }
    let phones: Vec<_> = request.numbers.iter().map(|raw| parse(raw)).collect();
    let filled = request
        .check(account, &phones)
        .map(|template| request.fill(template));
    let (text, code) = match filled {
        Ok(filled) => filled,
        Err(refusal) => return Ok(request.refused_for_all(&refusal)),
    };
    let statuses = request.numbers.iter().zip(phones).map(|(raw, phone)| {
        let phone = phone.ok_or_else(|| Refusal::new("InvalidParameterValue.IncorrectPhoneNumber"));
        match phone.and_then(|phone| deliver(world, request, &phone, (&text, &code), now)) {
            Ok(status) => status,
            Err(refusal) => request.refused(raw, &refusal),
        }
    });
    Ok(statuses.collect())
}

/// Delivers to one number, unless it had too much already.
fn deliver(
    world: &mut World,
    request: &Request,
    phone: &Phone,
    (text, code): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    if let Some(code) = world.sms_accounts.spend("tencent", ACCOUNT, 1, now) {
        return Err(Refusal::new(code));
    }
    if world.config.sms_limits {
        let account = &world.config.tencent;
        if let Some(code) = limits::broken_by(&world.sends, account, phone, text, now) {
            return Err(Refusal::new(code));
        }
        limits::record(&mut world.sends, phone, text, now);
    }
    let fee = segments::count(text, phone);
    let serial = format!("1000:{}", world.random.digits(25));
    world.deliver(Message {
        vendor: "tencent",
        phone: phone.e164(),
        code: code.to_owned(),
        text: text.to_owned(),
        at: now.trunc_subsecs(3),
        receipt: None,
        sending: Sending {
            message_id: serial.clone(),
            template: request.template_id.clone(),
            sign: request.sign.clone().unwrap_or_default(),
            sender: request.sdk_app_id.clone(),
            reference: request.context.clone(),
            segments: fee,
            ..Sending::default()
        },
    });
    Ok(json!({
        "SerialNo": serial,
        "PhoneNumber": phone.e164(),
        "Fee": fee,
        "SessionContext": request.context,
        "Code": "Ok",
        "Message": "send success",
        "IsoCode": iso_code(phone),
    }))
}

impl Request {
    /// The template, if sign, template and variables fit the numbers.
    fn check<'a>(
        &self,
        account: &'a TencentAccount,
        phones: &[Option<Phone>],
    ) -> Result<&'a SmsTemplate, Refusal> {
        let mut known = phones.iter().flatten();
        let is_mainland = known.clone().any(Phone::is_mainland);
        if is_mainland && known.clone().any(|phone| !phone.is_mainland()) {
            return Err(Refusal::new(
                "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
            ));
        }
        let sign_is_approved = match &self.sign {
            Some(sign) => account.signs.contains(sign),
            None => !is_mainland,
        };
        if !sign_is_approved {
            return Err(Refusal::new(
                "FailedOperation.SignatureIncorrectOrUnapproved",
            ));
        }
        let template = SmsTemplate::find(&account.templates, &self.template_id)
            .ok_or_else(|| Refusal::new("FailedOperation.TemplateIncorrectOrUnapproved"))?;
        if known.any(|phone| !template.reaches(phone)) {
            return Err(Refusal::new(match template.region {
                SmsRegion::Mainland => "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
                SmsRegion::Overseas => "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
            }));
        }
        self.check_variables(template)?;
        Ok(template)
    }

    /// As many as the template has; in a template for codes digits only.
    fn check_variables(&self, template: &SmsTemplate) -> Result<(), Refusal> {
        if self.params.len() != template.variables.len() {
            return Err(Refusal::new(
                "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
            ));
        }
        for value in &self.params {
            if value.contains("://") {
                return Err(Refusal::new(
                    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
                ));
            }
            let is_short = value.chars().count() <= LONGEST_VARIABLE;
            if template.is_for_codes()
                && !(is_short && value.bytes().all(|byte| byte.is_ascii_digit()))
            {
                return Err(Refusal::new(
                    "InvalidParameterValue.TemplateParameterFormatError",
                ));
            }
            if !is_short {
                return Err(Refusal::new(
                    "InvalidParameterValue.TemplateParameterLengthLimit",
                ));
            }
        }
        Ok(())
    }

    /// The text with its sign, and the code in it.
    fn fill(&self, template: &SmsTemplate) -> (String, String) {
        let values: Vec<_> = self.params.iter().map(String::as_str).collect();
        let text = template.fill(&values);
        let text = match &self.sign {
            Some(sign) if template.region == SmsRegion::Mainland => format!("【{sign}】{text}"),
            Some(sign) => format!("[{sign}]{text}"),
            None => text,
        };
        (text, template.code(&values).to_owned())
    }

    /// The same refusal for each number.
    pub(super) fn refused_for_all(&self, refusal: &Refusal) -> Vec<Value> {
        let each = self.numbers.iter().map(|raw| self.refused(raw, refusal));
        each.collect()
    }

    fn refused(&self, raw: &str, refusal: &Refusal) -> Value {
        let phone = parse(raw);
        json!({
            "SerialNo": "",
            "PhoneNumber": phone.as_ref().map_or_else(|| raw.to_owned(), Phone::e164),
            "Fee": 0,
            "SessionContext": self.context,
            "Code": refusal.code,
            "Message": refusal.message,
            "IsoCode": phone.as_ref().map_or("", iso_code),
        })
    }
}

/// E.164 with `+`; mainland numbers also with `86`, `0086` or bare.
fn parse(raw: &str) -> Option<Phone> {
    Phone::parse(raw).filter(|phone| phone.is_mainland() || raw.starts_with('+'))
}

/// `DEF` where the vendor does not know the country.
fn iso_code(phone: &Phone) -> &'static str {
    phone.iso_code().unwrap_or("DEF")
}
