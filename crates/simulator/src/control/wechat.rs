//! `/control/wechat/…`: what the client half of `WeChat` does.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::read;
use crate::config::{AppKind, SimulatedApp};
use crate::state::{Code, CodeKind, Individual, Shared, World, openid, unionid};
use crate::wechat::open_data::{Profile, Watermark, encrypt, sign};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    person: String,
    app_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    person: String,
    app_id: Option<String>,
    scope: Option<String>,
    /// A virtual user of a "snapshot page".
    #[serde(default)]
    snapshot_user: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    app_id: Option<String>,
    errcode: Option<i64>,
    #[serde(default)]
    sticky: bool,
}

const MINI_PROGRAM: &[AppKind] = &[AppKind::MiniProgram];

/// `POST /control/wechat/login` `{person, app_id?}`: `wx.login` in a mini-program.
pub(super) async fn login(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
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
    let value = world.random.alphanumeric(32);
    let kind = CodeKind::Login { session_key };
    world.codes.add(
        value.clone(),
        Code {
            kind,
            app_id,
            person: action.person,
            issued_at: now,
            used: false,
        },
    );
    Ok(code(&value))
}

/// `POST /control/wechat/phone` `{person, app_id?}`: the getPhoneNumber button.
/// Each success is billed; 409 with `errno` 1400001 when no more are paid for.
pub(super) async fn phone(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let action: Action = read(&body)?;
    let (mut world, now) = shared.enter();
    let app_id = choose_app(&world, action.app_id.as_deref(), MINI_PROGRAM)?
        .app_id
        .clone();
    if find_person(&world, &action.person)?.phone.is_none() {
        return Err(Failure::conflict(&format!(
            "{:?} has no phone number",
            action.person
        )));
    }
    let console = world.consoles.of_mut(&app_id);
    if console.phone_quota == Some(0) {
        return Err(Failure::conflict("no more phone numbers are paid for").with_errno(1_400_001));
    }
    console.phone_quota = console.phone_quota.map(|left| left - 1);
    console.phone_billed = console.phone_billed.saturating_add(1);
    world.visits.record(&app_id, &action.person, now);
    let value = world.random.hex(32);
    let issued = Code {
        kind: CodeKind::Phone,
        app_id,
        person: action.person,
        issued_at: now,
        used: false,
    };
    world.codes.add(value.clone(), issued);
    Ok(code(&value))
}

/// `POST /control/wechat/oauth` `{person, app_id?, scope?, snapshot_user?}`:
/// consent in a native app (the first there is) or on a website.
pub(super) async fn oauth(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let consent: Consent = read(&body)?;
    let (mut world, now) = shared.enter();
    let app = choose_app(
        &world,
        consent.app_id.as_deref(),
        &[AppKind::App, AppKind::Website],
    )?;
    let usual = if app.kind == AppKind::Website {
        "snsapi_login"
    } else {
        "snsapi_userinfo"
    };
    let app_id = app.app_id.clone();
    let scope = match consent.scope.as_deref() {
        None => usual,
        Some("snsapi_base") => "snsapi_base",
        Some("snsapi_userinfo") => "snsapi_userinfo",
        Some("snsapi_login") => "snsapi_login",
        Some(_) => {
            return Err(Failure::bad_request(
                "scope is snsapi_base, snsapi_userinfo or snsapi_login",
            ));
        }
    };
    find_person(&world, &consent.person)?;
    let value = world.random.alphanumeric(32);
    let kind = CodeKind::OAuth {
        scope,
        snapshot_user: consent.snapshot_user,
    };
    world.codes.add(
        value.clone(),
        Code {
            kind,
            app_id,
            person: consent.person,
            issued_at: now,
            used: false,
        },
    );
    Ok(code(&value))
}

/// `POST /control/wechat/open-data` `{person, app_id?}`: `wx.getUserInfo`, under
/// the key that the person's last `wx.login` gave.
pub(super) async fn open_data(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
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

/// `POST /control/wechat/expire-session-key` `{person, app_id?}`: the key of the
/// last login dies. Answers `{expired}`: false when there was none.
pub(super) async fn expire_session_key(
    shared: Data<Shared>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let action: Action = read(&body)?;
    let (mut world, _) = shared.enter();
    let app_id = choose_app(&world, action.app_id.as_deref(), MINI_PROGRAM)?
        .app_id
        .clone();
    find_person(&world, &action.person)?;
    let expired = world.session_keys.expire(&app_id, &action.person);
    Ok(HttpResponse::Ok().json(json!({"expired": expired})))
}

/// `POST /control/wechat/revoke-token` `{app_id?, errcode?, sticky?}`: kills the
/// stable access token behind its holder's back. Whoever uses it is answered
/// `errcode` (40001 if left out); `sticky`: `stable_token` goes on giving it until
/// a forced refresh. Answers `{revoked}`: false when there was none.
pub(super) async fn revoke_token(
    shared: Data<Shared>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let revocation: Revocation = read(&body)?;
    let errcode = revocation.errcode.unwrap_or(40001);
    if !matches!(errcode, 40001 | 40014 | 42001) {
        return Err(Failure::bad_request("errcode is 40001, 40014 or 42001"));
    }
    let (mut world, now) = shared.enter();
    let app_id = choose_app(&world, revocation.app_id.as_deref(), MINI_PROGRAM)?
        .app_id
        .clone();
    let revoked = world
        .app_tokens
        .revoke_stable(&app_id, errcode, revocation.sticky, now);
    Ok(HttpResponse::Ok().json(json!({"revoked": revoked})))
}

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

fn find_person<'w>(world: &'w World, name: &str) -> Result<&'w Individual, Failure> {
    world
        .people
        .find(name)
        .ok_or_else(|| Failure::no_person(name))
}

fn code(value: &str) -> HttpResponse {
    let body: Value = json!({"code": value});
    HttpResponse::Ok().json(body)
}
