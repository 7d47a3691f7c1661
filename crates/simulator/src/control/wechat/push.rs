//! `/control/wechat/push` and `/control/wechat/events`: message push.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::read;
use super::happening::{Happening, PATIENCE};
use super::push_answer::{delivery, describe, describe_reply, is_acknowledged};
use crate::outgoing::{self, LoopbackUrl, Outgoing, Reply};
use crate::state::Shared;
use crate::wechat::push::{EncodingKey, Event, Mode, Subscription, Variation, url_check};

/// How often `WeChat` delivers a message that is not acknowledged.
const ATTEMPTS: u32 = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    app_id: String,
    url: String,
    token: String,
    aes_key: String,
    #[serde(default)]
    mode: Mode,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    app_id: Option<String>,
}

/// `GET /control/wechat/push`: `[{app_id, url, mode}]`.
pub(super) async fn list(shared: Data<Shared>) -> HttpResponse {
    let (world, _) = shared.enter();
    let subscriptions: Vec<_> = world
        .config
        .apps
        .iter()
        .filter_map(|app| {
            let subscription = world.consoles.of(&app.app_id).push.as_ref()?;
            Some(describe(&app.app_id, subscription))
        })
        .collect();
    HttpResponse::Ok().json(subscriptions)
}

/// `PUT /control/wechat/push` `{app_id, url, token, aes_key, mode?}`: what the
/// console does. Asks the address with `echostr`; only one that passes is kept.
/// Answers `{app_id, url, mode, verified, check}`, where `check` is the answer of
/// the address.
pub(super) async fn register(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let registration: Registration = read(&body)?;
    let subscription = subscription(&registration)?;
    let (check, echo) = {
        let (mut world, now) = shared.enter();
        if world.find_app(&registration.app_id).is_none() {
            return Err(Failure::not_found("there is no such application"));
        }
        let random = &mut world.random;
        url_check(
            &subscription.url,
            &subscription.token,
            now.timestamp(),
            random,
        )
    };
    let reply = outgoing::send(check, PATIENCE).await;
    let verified = matches!(&reply, Reply::Answered { status: 200, body } if *body == echo);
    let mut answer = describe(&registration.app_id, &subscription);
    answer["verified"] = json!(verified);
    answer["check"] = describe_reply(&reply);
    if verified {
        let (mut world, _) = shared.enter();
        world.consoles.of_mut(&registration.app_id).push = Some(subscription);
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// `DELETE /control/wechat/push` `{app_id?}`: ends the push of one application,
/// or of all. Answers `{removed}`, how many there were.
pub(super) async fn remove(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let which: Which = read(&body)?;
    let (mut world, _) = shared.enter();
    let removed = world.consoles.end_push(which.app_id.as_deref());
    Ok(HttpResponse::Ok().json(json!({"removed": removed})))
}

/// `POST /control/wechat/events`: something happened to `person`, and the
/// application is told: up to three times, until it answers 200 with `success`
/// or nothing within five seconds (`patience_ms`). Answers `{accepted, deliveries}`; a delivery is
/// `{copy, attempt, accepted, status, body}` or `{copy, attempt, accepted, error}`.
///
/// A forged, stale or replayed delivery is not of `WeChat`, and comes once.
pub(super) async fn happen(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let happening: Happening = read(&body)?;
    Ok(HttpResponse::Ok().json(tell(&shared, &happening).await?))
}

/// Tells one application.
pub(super) async fn tell(shared: &Shared, happening: &Happening) -> Result<Value, Failure> {
    let variation = happening.variation()?;
    let (mut subscription, event) = {
        let (world, now) = shared.enter();
        happening.resolve(&world, now.timestamp())?
    };
    if happening.plain {
        subscription.mode = Mode::Plain;
    }
    let is_genuine = variation.forgery.is_none() && variation.age == 0;
    let attempts = if is_genuine { ATTEMPTS } else { 1 };
    let mut deliveries = Vec::new();
    let mut accepted = true;
    let mut last = None;
    for copy in 0..=happening.duplicates {
        let mut taken = false;
        for attempt in 1..=attempts {
            let outgoing = prepare(shared, &subscription, &event, variation)?;
            last = Some(outgoing.clone());
            let reply = outgoing::send(outgoing, happening.patience()).await;
            taken = is_acknowledged(&reply);
            deliveries.push(delivery(copy, attempt, &reply));
            if taken {
                break;
            }
        }
        accepted &= taken;
    }
    if let Some(outgoing) = last {
        for replay in 1..=happening.replays {
            let reply = outgoing::send(outgoing.clone(), happening.patience()).await;
            deliveries.push(delivery(happening.duplicates + replay, 1, &reply));
        }
    }
    Ok(json!({"accepted": accepted, "deliveries": deliveries}))
}

fn prepare(
    shared: &Shared,
    subscription: &Subscription,
    event: &Event,
    variation: Variation,
) -> Result<Outgoing, Failure> {
    let (mut world, now) = shared.enter();
    subscription
        .deliver(event, variation, now.timestamp(), &mut world.random)
        .map_err(|_| Failure::conflict("the message cannot be encrypted"))
}

fn subscription(registration: &Registration) -> Result<Subscription, Failure> {
    let token = &registration.token;
    if !(3..=32).contains(&token.len()) || !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Failure::bad_request("token has 3 to 32 letters and digits"));
    }
    let key = EncodingKey::parse(&registration.aes_key)
        .ok_or_else(|| Failure::bad_request("aes_key has 43 letters and digits"))?;
    Ok(Subscription {
        url: LoopbackUrl::parse(&registration.url).map_err(Failure::bad_request)?,
        token: token.clone(),
        key,
        mode: registration.mode,
    })
}
