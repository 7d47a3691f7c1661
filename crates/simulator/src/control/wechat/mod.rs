//! `/control/wechat/…`: what the client half of `WeChat`, and its console, do.

mod account;
mod happening;
mod keys;
mod login;
mod oauth;
mod open_data;
mod pay;
mod phone;
mod push;
mod push_answer;

use actix_web::Scope;
use actix_web::web;
use serde::Deserialize;

use super::failure::Failure;
use super::resource;
use crate::config::{AppKind, SimulatedApp};
use crate::random::Random;
use crate::state::{Individual, World};

/// Mounts `/wechat/…` under the scope of the control API.
pub(super) fn mount(scope: Scope) -> Scope {
    scope
        .service(resource("/wechat/login", [web::post().to(login::log_in)]))
        .service(resource("/wechat/phone", [web::post().to(phone::press)]))
        .service(resource(
            "/wechat/open-data",
            [web::post().to(open_data::hand_out)],
        ))
        .service(resource("/wechat/oauth", [web::post().to(oauth::decide)]))
        .service(resource("/wechat/pay", [web::post().to(pay::pay)]))
        .service(resource(
            "/wechat/withdraw",
            [web::post().to(account::withdraw)],
        ))
        .service(resource(
            "/wechat/close-account",
            [web::post().to(account::close)],
        ))
        .service(resource(
            "/wechat/expire-session-key",
            [web::post().to(keys::expire_session_key)],
        ))
        .service(resource(
            "/wechat/revoke-token",
            [web::post().to(keys::revoke_token)],
        ))
        .service(resource(
            "/wechat/push",
            [
                web::get().to(push::list),
                web::put().to(push::register),
                web::delete().to(push::remove),
            ],
        ))
        .service(resource("/wechat/events", [web::post().to(push::happen)]))
}

/// Somebody does something in an application.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    person: String,
    app_id: Option<String>,
}

const MINI_PROGRAM: &[AppKind] = &[AppKind::MiniProgram];

/// The application that is named, if it is of one of these kinds, or the first that is.
fn choose_app<'w>(
    world: &'w World,
    app_id: Option<&str>,
    kinds: &[AppKind],
) -> Result<&'w SimulatedApp, Failure> {
    let Some(app_id) = app_id else {
        return world
            .first_app_of(kinds)
            .ok_or_else(|| Failure::not_found("no application of this kind is simulated"));
    };
    let app = world
        .find_app(app_id)
        .ok_or_else(|| Failure::not_found("there is no such application"))?;
    if kinds.contains(&app.kind) {
        Ok(app)
    } else {
        Err(Failure::bad_request(&format!(
            "an application of kind {} cannot do this",
            app.kind.as_str()
        )))
    }
}

/// The person of this name, who has a `WeChat` account.
fn find_person<'w>(world: &'w World, name: &str) -> Result<&'w Individual, Failure> {
    let person = world
        .people
        .find(name)
        .ok_or_else(|| Failure::no_person(name))?;
    if person.closed {
        return Err(Failure::conflict(&format!(
            "{name:?} has closed the WeChat account"
        )));
    }
    Ok(person)
}

/// A code as `wx.login` and the consents of OAuth2 give it.
fn login_code(random: &mut Random) -> String {
    random.alphanumeric(32)
}
