//! `/control/wechat/open-data`: `wx.getUserInfo`.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::super::failure::Failure;
use super::super::read;
use super::{MINI_PROGRAM, choose_app, find_person};
use crate::state::{Shared, openid, unionid};
use crate::wechat::open_data::{Profile, Watermark, encrypt, sign};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    person: String,
    app_id: Option<String>,
    /// As `wx.getUserProfile` gives it: neither openid nor unionid.
    #[serde(default)]
    without_ids: bool,
    /// How old its watermark is, in seconds.
    #[serde(default)]
    age: i64,
    /// An application that is not this one, for the watermark.
    watermark_app_id: Option<String>,
    /// Somebody else, for the openid and unionid.
    ids_of: Option<String>,
}

/// `POST /control/wechat/open-data` `{person, app_id?, without_ids?, age?,
/// watermark_app_id?, ids_of?}`: `wx.getUserInfo`, under the key that the person's
/// last `wx.login` gave. The last three make what a server must refuse.
pub(super) async fn hand_out(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let request: Request = read(&body)?;
    let (mut world, now) = shared.enter();
    let app = choose_app(&world, request.app_id.as_deref(), MINI_PROGRAM)?.clone();
    let person = find_person(&world, &request.person)?.clone();
    world.visits.record(&app.app_id, &request.person, now);
    let session_key = world
        .session_keys
        .current(&app.app_id, &request.person, now);
    let session_key = session_key
        .ok_or_else(|| Failure::conflict("wx.login comes first: POST /control/wechat/login"))?;
    let iv = world.random.block();
    drop(world);

    let unencodable = || Failure::conflict("the data cannot be encrypted");
    let nickname = person.nickname.as_deref().unwrap_or(&request.person);
    let public = Profile::public(nickname, person.avatar_url.as_deref());
    let raw_data = serde_json::to_string(&public).map_err(|_| unencodable())?;
    let named = request.ids_of.as_deref().unwrap_or(&request.person);
    let named = (!request.without_ids).then_some(named);
    let platform = app.platform.as_ref();
    let whole = Profile {
        open_id: named.map(|person| openid(&app.app_id, person)),
        union_id: named
            .zip(platform)
            .map(|(person, platform)| unionid(platform, person)),
        watermark: Some(Watermark {
            timestamp: now.timestamp().saturating_sub(request.age),
            appid: request.watermark_app_id.as_deref().unwrap_or(&app.app_id),
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
