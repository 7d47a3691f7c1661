//! `sms.*`: codes, limits and vendors.

use std::time::Duration;

use chrono::{DateTime, Utc};
use menshen_domain::model::limits::Limits;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::policy::{SmsPolicy, TestNumber};
use menshen_domain::model::region::Region;
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::spend::GuardPolicy;
use menshen_domain::model::test_number::LONGEST;
use menshen_sms::{RegionClass, Weights};
use serde_json::json;

use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::members::{Member, MemberKind, Members};
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::sms::captcha::CaptchaSettings;
use crate::settings::sms::receipts::ReceiptSettings;
use crate::settings::sms::vendors::{GivenAccount, VendorSettings, Vendors};

pub mod captcha;
mod guard;
mod limits;
pub mod receipts;
mod section;
mod templates;
pub mod vendors;
mod weights;

/// `sms.*`.
#[derive(Debug)]
pub struct SmsSettings {
    /// What the rules need.
    pub policy: SmsPolicy,
    /// The limits, without those of refreshing.
    pub limits: Limits,
    /// The vendors, in order of preference.
    pub vendors: Vec<VendorSettings>,
    /// The vendors' accounts, chosen or not, as far as they are given.
    pub accounts: Vec<GivenAccount>,
    /// Where vendors push delivery receipts.
    pub receipts: ReceiptSettings,
    /// How the first vendor of each message is drawn.
    pub weights: Weights,
    /// The verified-to-sent budget.
    pub guard: GuardPolicy,
    /// Captchas, and who checks them.
    pub captcha: CaptchaSettings,
}

/// Reads `sms.*`, with a section for each of `all`.
pub fn read(reader: &mut Reader, now: DateTime<Utc>, all: Vendors) -> SmsSettings {
    let policy = policy(reader, now);
    let limits = limits::read(reader);
    let (vendors, accounts) = vendors::read(reader, all);
    served(reader, &policy, &vendors);
    let weights = weights::read(reader, all, &vendors);
    SmsSettings {
        policy,
        limits,
        vendors,
        accounts,
        receipts: receipts::read(reader),
        weights,
        guard: guard::read(reader),
        captcha: captcha::read(reader),
    }
}

/// The regions whose numbers begin with +1 (the North American Numbering Plan).
const NORTH_AMERICA: [&str; 25] = [
    "AG", "AI", "AS", "BB", "BM", "BS", "CA", "DM", "DO", "GD", "GU", "JM", "KN", "KY", "LC", "MP",
    "MS", "PR", "SX", "TC", "TT", "US", "VC", "VG", "VI",
];

/// Notes regions whose numbers nobody is there for: no vendor has a template, or
/// all take numbers without their `+`, and so +1 for mainland China's.
fn served(reader: &mut Reader, policy: &SmsPolicy, vendors: &[VendorSettings]) {
    let wanted = policy.regions.iter().map(ToString::to_string);
    let beyond = wanted.filter(|region| NORTH_AMERICA.contains(&region.as_str()));
    if let Some(region) = beyond.reduce(|all, one| format!("{all}, {one}"))
        && !vendors.is_empty()
        && vendors.iter().all(|vendor| !vendor.entry.takes_plus_one)
    {
        let names = vendors::names(vendors.iter().map(|vendor| vendor.entry));
        reader.problem(
            "sms.vendors",
            format!("{names} cannot be told +1 numbers apart from mainland ones, and sms.regions has {region}: add another vendor"),
        );
    }
    for region in [RegionClass::Mainland, RegionClass::Overseas] {
        let mut regions = policy.regions.iter();
        let wanted = regions.any(|code| RegionClass::of_region(*code) == region);
        let served = vendors.iter().any(|vendor| vendor.serves(region));
        if wanted && !served && !vendors.is_empty() {
            let region = region.as_str();
            reader.problem(
                "sms.templates",
                format!("no vendor of sms.vendors has a template for {region} numbers, which sms.regions asks for"),
            );
        }
    }
}

fn policy(reader: &mut Reader, now: DateTime<Utc>) -> SmsPolicy {
    let policy = SmsPolicy {
        regions: reader.read("sms.regions", "[\"CN\"]", "where numbers may be from, as ISO 3166-1 codes", form::shaped(json!({ "type": "array", "items": { "type": "string", "pattern": "^[A-Z]{2}$" }, "minItems": 1 }), regions)),
        code_ttl: reader.read("sms.code_ttl", "10m", "life of a code, 60s to 10m", parse::duration),
        max_attempts: reader.read("sms.max_attempts", "5", "wrong tries per challenge, 3 to 5", form::number(3, 5, attempts)),
        test_numbers: reader.read("sms.test_numbers", "[]", "`{phone, code, until}`: a fixed code and no message, for app-store reviewers; in production `until` is required, at most 90 days ahead", form::tables(TEST_NUMBER, test_numbers)),
    };
    reader.demand(
        "sms.code_ttl",
        (Duration::from_mins(1)..=Duration::from_mins(10)).contains(&policy.code_ttl),
        "60s to 10m",
    );
    reader.demand(
        "sms.max_attempts",
        (3..=5).contains(&policy.max_attempts),
        "3 to 5",
    );
    if policy.code_ttl.is_zero() || policy.max_attempts == 0 {
        reader.problem(
            "sms",
            "code_ttl and max_attempts must not be 0: no code could be right",
        );
    }
    let latest = now + LONGEST;
    if policy
        .test_numbers
        .iter()
        .any(|test| test.until.is_none_or(|until| until > latest))
    {
        reader.unsafe_for_production(
            "sms.test_numbers",
            "each needs an `until` that is at most 90 days ahead, such as 2026-01-31T00:00:00Z",
        );
    }
    policy
}

fn regions(given: &Given) -> Result<Vec<Region>, String> {
    const WANTED: &str = "write two-letter codes in capitals, such as [\"CN\", \"HK\"]";
    let regions: Option<Vec<_>> = parse::texts(given)?
        .iter()
        .map(|text| Region::parse(text))
        .collect();
    regions
        .filter(|regions| !regions.is_empty())
        .ok_or_else(|| WANTED.to_owned())
}

fn attempts(given: &Given) -> Result<u8, String> {
    u8::try_from(parse::count(given)?).map_err(|_| "write a number from 3 to 5".to_owned())
}

const TEST_NUMBER: &[Member] = &[
    Member::required("phone", MemberKind::Text),
    Member::required("code", MemberKind::Text),
    Member::optional("until", MemberKind::Text),
];

fn test_numbers(given: &Given) -> Result<Vec<TestNumber>, String> {
    parse::tables(given)?.into_iter().map(test_number).collect()
}

fn test_number(table: toml::Table) -> Result<TestNumber, String> {
    let mut members = Members::declared(table, TEST_NUMBER);
    let phone =
        PhoneNumber::parse(&members.text("phone")?).map_err(|_| "phone must be a phone number")?;
    let code =
        SmsCode::parse(&members.text("code")?).map_err(|_| "code must be six digits in quotes")?;
    let until = members
        .optional_text("until")?
        .map(|text| moment(&text))
        .transpose()?;
    members.finish()?;
    Ok(TestNumber { phone, code, until })
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let day = || format!("{text}T00:00:00Z");
    let parsed =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc3339(&day()));
    parsed
        .map(|time| time.to_utc())
        .map_err(|_| "until must be a time, such as 2026-01-31T00:00:00Z".to_owned())
}
