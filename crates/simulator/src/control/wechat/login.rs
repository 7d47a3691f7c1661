//! `/control/wechat/login`: `wx.login`.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde_json::json;

use super::super::failure::Failure;
use super::super::read;
use super::{Action, MINI_PROGRAM, choose_app, find_person, login_code};
use crate::state::{Code, CodeKind, Shared};

/// `POST /control/wechat/login` `{person, app_id?}`: `wx.login` in a mini-program.
pub(super) async fn log_in(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let action: Action = read(&body)?;
    let (mut world, now) = shared.enter();
    let world = &mut *world;
    let app_id = choose_app(world, action.app_id.as_deref(), MINI_PROGRAM)?
        .app_id
        .clone();
    find_person(world, &action.person)?;
    let mode = world.config.session_key_rotation;
    let session_key =
        world
            .session_keys
            .log_in(&app_id, &action.person, mode, now, &mut world.random);
    world.visits.record(&app_id, &action.person, now);
    let code = Code {
        kind: CodeKind::Login { session_key },
        app_id,
        person: action.person,
        issued_at: now,
        used: false,
    };
    let value = login_code(&mut world.random);
    let answer = json!({"code": value});
    world.codes.add(value, code);
    Ok(HttpResponse::Ok().json(answer))
}
