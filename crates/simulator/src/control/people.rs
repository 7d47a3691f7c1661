//! `/control/people`: who has a phone in the hand.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::{given, read};
use crate::phone::Phone;
use crate::state::{Individual, Shared};

/// More numbers than this are not bound to one account.
const MOST_PHONES: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    name: String,
    phone: Option<String>,
    nickname: Option<String>,
}

/// Members that are left out stay; `null` takes away.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three things"
)]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default, deserialize_with = "given")]
    phone: Option<Option<String>>,
    phones: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    nickname: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    avatar_url: Option<Option<String>>,
    blocked: Option<bool>,
    closed: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    risk_rank: Option<Option<u8>>,
}

/// `GET /control/people`: `[{name, phone, phones, nickname, avatar_url, blocked,
/// closed, risk_rank}]`.
pub(super) async fn list(shared: Data<Shared>) -> HttpResponse {
    let (world, _) = shared.enter();
    let people: Vec<_> = world
        .people
        .iter()
        .map(|(name, person)| describe(name, person))
        .collect();
    HttpResponse::Ok().json(people)
}

/// `POST /control/people` `{name, phone?, nickname?}`: makes a person, or gives
/// the one of that name another number.
pub(super) async fn add(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let new: NewPerson = read(&body)?;
    let length = new.name.chars().count();
    if !(1..=64).contains(&length)
        || new.name.chars().any(char::is_control)
        || new.name.contains('/')
    {
        return Err(Failure::bad_request(
            "name has 1 to 64 characters, no slash and no control character",
        ));
    }
    let phone = new.phone.as_deref().map(parse_phone).transpose()?;
    let (mut world, _) = shared.enter();
    let known = world.people.find(&new.name).cloned().unwrap_or_default();
    let person = Individual {
        phones: phone.map_or(known.phones, |phone| vec![phone]),
        nickname: new.nickname.or(known.nickname),
        ..known
    };
    let answer = describe(&new.name, &person);
    world
        .people
        .add(&new.name, person)
        .map_err(|_| Failure::conflict("there are too many people"))?;
    Ok(HttpResponse::Ok().json(answer))
}

/// `PATCH` or `POST /control/people/{name}` `{phone?, phones?, nickname?,
/// avatar_url?, blocked?, closed?, risk_rank?}`: `phone` is the only number, `phones` several, of which
/// the button offers the first; a `risk_rank` of `null`: `WeChat` knows nothing
/// (61010).
pub(super) async fn change(
    shared: Data<Shared>,
    name: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let change: Change = read(&body)?;
    let phones = parse_phones(&change)?;
    if change.risk_rank.flatten().is_some_and(|rank| rank > 4) {
        return Err(Failure::bad_request("risk_rank is of 0 to 4, or null"));
    }
    let (mut world, _) = shared.enter();
    let person = world
        .people
        .find_mut(&name)
        .ok_or_else(|| Failure::no_person(&name))?;
    if let Some(phones) = phones {
        person.phones = phones;
    }
    person.nickname = change.nickname.unwrap_or_else(|| person.nickname.take());
    person.avatar_url = change
        .avatar_url
        .unwrap_or_else(|| person.avatar_url.take());
    person.blocked = change.blocked.unwrap_or(person.blocked);
    person.closed = change.closed.unwrap_or(person.closed);
    person.risk_rank = change.risk_rank.unwrap_or(person.risk_rank);
    Ok(HttpResponse::Ok().json(describe(&name, person)))
}

/// The numbers that are asked for; nothing when they stay.
fn parse_phones(change: &Change) -> Result<Option<Vec<Phone>>, Failure> {
    let raw: Vec<&str> = match (&change.phone, &change.phones) {
        (None, None) => return Ok(None),
        (Some(one), None) => one.iter().map(String::as_str).collect(),
        (None, Some(several)) if several.len() <= MOST_PHONES => {
            several.iter().map(String::as_str).collect()
        }
        (None, Some(_)) => return Err(Failure::bad_request("phones are at most 10")),
        (Some(_), Some(_)) => return Err(Failure::bad_request("phone or phones, not both")),
    };
    raw.into_iter()
        .map(parse_phone)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn parse_phone(raw: &str) -> Result<Phone, Failure> {
    Phone::parse(raw).ok_or_else(|| {
        Failure::bad_request("phone is no number: E.164, or eleven digits of mainland China")
    })
}

fn describe(name: &str, person: &Individual) -> Value {
    let phones: Vec<_> = person.phones.iter().map(Phone::e164).collect();
    json!({
        "name": name,
        "phone": phones.first(),
        "phones": phones,
        "nickname": person.nickname,
        "avatar_url": person.avatar_url,
        "blocked": person.blocked,
        "closed": person.closed,
        "risk_rank": person.risk_rank,
    })
}
