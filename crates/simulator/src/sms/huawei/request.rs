//! The two forms of a request, read as one.
//!
//! Source: Huawei Cloud Message & SMS, `batchSendSms/v1` and
//! `batchSendDiffSms/v1`.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{Api, iso_time};
use crate::call::Call;
use crate::phone::Phone;
use crate::state::World;

const MOST_NUMBERS: usize = 500;
const LONGEST_NUMBER: usize = 21;
const LONGEST_EXTEND: usize = 128;
const FORM: &str = "application/x-www-form-urlencoded";

/// What is to be sent, from one channel.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) from: String,
    pub(super) contents: Vec<Content>,
    /// Where the receipts go.
    pub(super) status_callback: Option<String>,
    /// Given back in the receipts.
    pub(super) extend: String,
}

/// One text, and who gets it.
#[derive(Debug)]
pub(super) struct Content {
    /// The numbers, as they were sent.
    pub(super) to: Vec<String>,
    pub(super) template_id: String,
    pub(super) paras: Vec<String>,
    pub(super) signature: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DiffBody {
    from: String,
    status_callback: Option<String>,
    #[serde(default)]
    extend: String,
    sms_content: Vec<DiffContent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DiffContent {
    to: Vec<String>,
    template_id: String,
    #[serde(default)]
    template_paras: Vec<Value>,
    signature: Option<String>,
}

/// Reads the body; numbers are digits with a `+` before them, or not.
pub(super) fn read(api: Api, call: &Call) -> Result<Request, Refusal> {
    let kind = call.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let request = match api {
        Api::SameText if kind.eq_ignore_ascii_case(FORM) => read_form(call)?,
        Api::DifferentTexts if kind.eq_ignore_ascii_case("application/json") => read_json(call)?,
        _ => return Err(Refusal::new("E000040")),
    };
    let numbers: Vec<_> = request.numbers().collect();
    let is_number = |raw: &&str| {
        let digits = raw.strip_prefix('+').unwrap_or(raw);
        raw.len() <= LONGEST_NUMBER && Phone::parse(raw).is_some() && is_digits(digits)
    };
    let is_template = |content: &Content| {
        content.template_id.len() == 32
            && content
                .template_id
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit())
    };
    let is_well_formed = !numbers.is_empty()
        && numbers.len() <= MOST_NUMBERS
        && numbers.iter().all(is_number)
        && request.contents.iter().all(is_template)
        && is_printable(&request.from)
        && request.extend.len() <= LONGEST_EXTEND;
    is_well_formed
        .then_some(request)
        .ok_or_else(|| Refusal::new("E000503"))
}

fn read_form(call: &Call) -> Result<Request, Refusal> {
    let form = call.form();
    let find = |name: &str| {
        let found = form
            .iter()
            .find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    };
    let require = |name: &str| find(name).ok_or_else(|| Refusal::new("E000503"));
    let paras = find("templateParas")
        .map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|_| Refusal::new("E000000"))?;
    let content = Content {
        to: require("to")?.split(',').map(str::to_owned).collect(),
        template_id: require("templateId")?,
        paras: texts(paras.unwrap_or_default())?,
        signature: find("signature"),
    };
    Ok(Request {
        from: require("from")?,
        contents: vec![content],
        status_callback: find("statusCallback"),
        extend: find("extend").unwrap_or_default(),
    })
}

fn read_json(call: &Call) -> Result<Request, Refusal> {
    let body: DiffBody = serde_json::from_slice(&call.body).map_err(|_| Refusal::new("E000503"))?;
    let contents = body.sms_content.into_iter().map(|content| {
        Ok(Content {
            to: content.to,
            template_id: content.template_id,
            paras: texts(content.template_paras)?,
            signature: content.signature.filter(|sign| !sign.is_empty()),
        })
    });
    Ok(Request {
        from: body.from,
        contents: contents.collect::<Result<_, Refusal>>()?,
        status_callback: body.status_callback.filter(|url| !url.is_empty()),
        extend: body.extend,
    })
}

/// Strings; a bare number is taken too, without the zeros that it cannot have.
fn texts(values: Vec<Value>) -> Result<Vec<String>, Refusal> {
    let text = |value: Value| match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Refusal::new("E000503")),
    };
    values.into_iter().map(text).collect()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_printable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl Request {
    fn numbers(&self) -> impl Iterator<Item = &str> {
        let contents = self.contents.iter();
        contents.flat_map(|content| content.to.iter().map(String::as_str))
    }

    /// The same status for each number.
    pub(super) fn refused_for_all(
        &self,
        world: &mut World,
        status: &str,
        now: DateTime<Utc>,
    ) -> Vec<Value> {
        self.numbers()
            .map(|raw| self.result(world, raw, 1, Err(status), now))
            .collect()
    }

    /// What is said of one number: its message's id, or why there is none.
    pub(super) fn result(
        &self,
        world: &mut World,
        raw: &str,
        total: usize,
        sent: Result<&str, &str>,
        now: DateTime<Utc>,
    ) -> Value {
        let phone = Phone::parse(raw);
        let made_up = format!("{}_1", super::super::uuid(&mut world.random));
        json!({
            "originTo": raw,
            "createTime": iso_time(now),
            "from": self.from,
            "smsMsgId": sent.unwrap_or(&made_up),
            "status": sent.map_or_else(|status| status, |_| super::SUCCESS),
            "countryId": phone.as_ref().and_then(Phone::iso_code).unwrap_or_default(),
            "total": total,
        })
    }
}
