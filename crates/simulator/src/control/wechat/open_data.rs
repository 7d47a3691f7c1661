//! `/control/wechat/open-data`: `wx.getUserInfo`.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::super::failure::Failure;
use super::super::read;
use super::{Action, MINI_PROGRAM, choose_app, find_person};
use crate::state::{Shared, openid, unionid};
use crate::wechat::open_data::{Profile, Watermark, encrypt, sign};

/// `POST /control/wechat/open-data` `{person, app_id?}`: `wx.getUserInfo`, under
/// the key that the person's last `wx.login` gave.
pub(super) async fn hand_out(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let action: Action = read(&body)?;
    let (mut world, now) = shared.enter();
    let app = choose_app(&world, action.app_id.as_deref(), MINI_PROGRAM)?.clone();
    let nickname = find_person(&world, &action.person)?
        .nickname
        .clone()
        .unwrap_or_else(|| action.person.clone());
    world.visits.record(&app.app_id, &action.person, now);
    let session_key = world.session_keys.current(&app.app_id, &action.person, now);
    let session_key = session_key
        .ok_or_else(|| Failure::conflict("wx.login comes first: POST /control/wechat/login"))?;
    let iv = world.random.block();
    drop(world);

    let unencodable = || Failure::conflict("the data cannot be encrypted");
    let public = Profile::public(&nickname);
    let raw_data = serde_json::to_string(&public).map_err(|_| unencodable())?;
    let whole = Profile {
        open_id: Some(openid(&app.app_id, &action.person)),
        union_id: app
            .platform
            .as_ref()
            .map(|platform| unionid(platform, &action.person)),
        watermark: Some(Watermark {
            timestamp: now.timestamp(),
            appid: &app.app_id,
        }),
        ..public
    };
    let plain = serde_json::to_vec(&whole).map_err(|_| unencodable())?;
    let encrypted_data = encrypt(&session_key, iv, &plain).map_err(|_| unencodable())?;
    let signature = sign(&raw_data, &STANDARD.encode(session_key));
    Ok(HttpResponse::Ok().json(json!({
        "encrypted_data": encrypted_data,
        "iv": STANDARD.encode(iv),
        "raw_data": raw_data,
        "signature": signature,
    })))
}
