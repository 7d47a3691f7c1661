//! Checks channel, sign, template, variables and limits of each number, and
//! delivers.

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;

use super::limits;
use super::refusal::LOOK_AT_STATUS;
use super::request::{Content, Request};
use crate::config::sms::{HuaweiAccount, SmsRegion, SmsTemplate};
use crate::phone::Phone;
use crate::sms::{segments, uuid};
use crate::state::{Message, Sending, World};

/// What may not be in a variable.
const FORBIDDEN: &[char] = &['\'', '{', '}'];
const LONGEST_VARIABLE: usize = 20;

/// The result of each number, in the order of the numbers.
pub(super) fn send(world: &mut World, request: &Request, now: DateTime<Utc>) -> Vec<Value> {
    let mut results = Vec::new();
    for content in &request.contents {
        let filled = fill(&world.config.huawei, request, content);
        for raw in &content.to {
            let sent = match (&filled, Phone::parse(raw)) {
                (Ok(filled), Some(phone)) => deliver(world, request, content, filled, &phone, now),
                (Err(status), _) => Err(*status),
                (_, None) => Err(LOOK_AT_STATUS),
            };
            let total = filled.as_ref().map_or(1, |filled| {
                Phone::parse(raw).map_or(1, |phone| segments::count(&filled.text, &phone))
            });
            let sent = sent.as_ref().map(String::as_str).map_err(|status| *status);
            results.push(request.result(world, raw, total, sent, now));
        }
    }
    results
}

/// A filled template.
struct Filled {
    text: String,
    code: String,
    sign: String,
    region: SmsRegion,
}

/// The text, if channel, sign, template and variables fit one another.
///
/// The order of checks: channel, sign, template, variables.
fn fill(
    account: &HuaweiAccount,
    request: &Request,
    content: &Content,
) -> Result<Filled, &'static str> {
    let channel = account
        .channels
        .iter()
        .find(|channel| channel.sender == request.from)
        .ok_or("E200018")?;
    let sign = content.signature.as_ref().or(channel.signs.first());
    let sign = sign
        .filter(|sign| channel.signs.contains(sign))
        .ok_or("E200020")?;
    let template = SmsTemplate::find(&account.templates, &content.template_id).ok_or("E200030")?;
    if template.region != channel.region {
        return Err("E200033");
    }
    let is_fit = |(name, value): (&String, &String)| {
        let is_word = value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        !value.contains(FORBIDDEN)
            && (name != "code" || (is_word && (1..=LONGEST_VARIABLE).contains(&value.len())))
    };
    if content.paras.len() != template.variables.len()
        || !template.variables.iter().zip(&content.paras).all(is_fit)
    {
        return Err("E200028");
    }
    let values: Vec<_> = content.paras.iter().map(String::as_str).collect();
    Ok(Filled {
        text: format!("【{sign}】{}", template.fill(&values)),
        code: template.code(&values).to_owned(),
        sign: sign.clone(),
        region: template.region,
    })
}

/// Delivers to one number, and answers the message's id.
fn deliver(
    world: &mut World,
    request: &Request,
    content: &Content,
    filled: &Filled,
    phone: &Phone,
    now: DateTime<Utc>,
) -> Result<String, &'static str> {
    if (filled.region == SmsRegion::Mainland) != phone.is_mainland() {
        return Err("E200033");
    }
    let mut doom = None;
    if world.config.sms_limits {
        if limits::is_repeated(&world.sends, phone, &filled.text, now) {
            return Err("E200041");
        }
        // Too many in all are taken, and then not delivered.
        doom = limits::is_too_often(&world.sends, phone, now).then_some("BEYONDN");
        limits::record(&mut world.sends, phone, &filled.text, now);
    }
    let message_id = format!("{}_1", uuid(&mut world.random));
    world.deliver(Message {
        vendor: "huawei",
        phone: phone.e164(),
        text: filled.text.clone(),
        code: filled.code.clone(),
        at: now.trunc_subsecs(3),
        receipt: None,
        sending: Sending {
            message_id: message_id.clone(),
            template: content.template_id.clone(),
            sign: filled.sign.clone(),
            sender: request.from.clone(),
            reference: request.extend.clone(),
            segments: segments::count(&filled.text, phone),
            callback: request.status_callback.clone(),
            doom,
        },
    });
    Ok(message_id)
}
