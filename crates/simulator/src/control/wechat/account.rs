//! What somebody takes back from applications, or from `WeChat` itself.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::failure::Failure;
use super::super::read;
use super::happening::Happening;
use super::push::tell;
use super::{choose_app, find_person};
use crate::config::AppKind;
use crate::state::Shared;
use crate::wechat::push::EventKind;

/// Everything that was granted to an app or website.
const EVERYTHING: &str = "301";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdrawal {
    person: String,
    app_id: String,
    revoke_info: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    person: String,
}

/// `POST /control/wechat/withdraw` `{person, app_id, revoke_info?}`: the grants to
/// the application end (`revoke_info` is 301 when left out, which an app or
/// website needs not say), and it is told where it has message push. Answers
/// `{ended, push}`, `push` as of `/control/wechat/events`, or `null`.
pub(super) async fn withdraw(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let withdrawal: Withdrawal = read(&body)?;
    let (ended, is_told, revoke_info) = {
        let (mut world, _) = shared.enter();
        let kinds = [AppKind::MiniProgram, AppKind::App, AppKind::Website];
        let app = choose_app(&world, Some(&withdrawal.app_id), &kinds)?;
        let revoke_info = match withdrawal.revoke_info {
            Some(revoke_info) => revoke_info,
            None if app.kind == AppKind::MiniProgram => {
                return Err(Failure::bad_request(
                    "revoke_info says what is withdrawn from a mini-program",
                ));
            }
            None => EVERYTHING.to_owned(),
        };
        find_person(&world, &withdrawal.person)?;
        let ended = world
            .user_tokens
            .withdraw(Some(&withdrawal.app_id), &withdrawal.person);
        let is_told = world.consoles.of(&withdrawal.app_id).push.is_some();
        (ended, is_told, revoke_info)
    };
    let push = if is_told {
        let happening = Happening::of(
            &withdrawal.person,
            &withdrawal.app_id,
            EventKind::PermissionRevoked,
            Some(revoke_info),
        );
        tell(&shared, &happening).await?
    } else {
        Value::Null
    };
    Ok(HttpResponse::Ok().json(json!({"ended": ended, "push": push})))
}

/// `POST /control/wechat/close-account` `{person}`: the `WeChat` account is closed.
/// Codes and grants of the person are worth nothing any more, and every
/// application with message push is told. Answers `{ended, push}`, `push` by
/// application.
pub(super) async fn close(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let closing: Closing = read(&body)?;
    let (ended, app_ids) = {
        let (mut world, _) = shared.enter();
        find_person(&world, &closing.person)?;
        if let Some(person) = world.people.find_mut(&closing.person) {
            person.closed = true;
        }
        let ended = world.user_tokens.withdraw(None, &closing.person);
        let subscribed = world
            .config
            .apps
            .iter()
            .filter(|app| world.consoles.of(&app.app_id).push.is_some());
        let app_ids: Vec<_> = subscribed.map(|app| app.app_id.clone()).collect();
        (ended, app_ids)
    };
    let mut push = Map::new();
    for app_id in app_ids {
        let happening = Happening::of(&closing.person, &app_id, EventKind::AccountClosed, None);
        let told = tell(&shared, &happening).await?;
        push.insert(app_id, told);
    }
    Ok(HttpResponse::Ok().json(json!({"ended": ended, "push": push})))
}
