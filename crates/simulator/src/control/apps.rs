//! `/control/apps`: the applications, and what their owners set in the console.

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::{given, read};
use crate::config::{AppKind, SimulatedApp};
use crate::state::{Shared, World};

/// More applications than this are not simulated.
const MOST_APPS: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewApp {
    app_id: String,
    app_secret: String,
    kind: String,
    platform: Option<String>,
}

/// Members that are left out stay.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three things"
)]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// `null`: bound to none, so that no unionid is given.
    #[serde(default, deserialize_with = "given")]
    platform: Option<Option<String>>,
    app_secret: Option<String>,
    verified: Option<bool>,
    secret_frozen: Option<bool>,
    account_frozen: Option<bool>,
    /// Empty: everybody.
    ip_allow: Option<Vec<IpAddr>>,
    /// `null`: without end.
    #[serde(default, deserialize_with = "given")]
    phone_quota: Option<Option<u32>>,
}

/// `GET /control/apps`: what `POST /control/apps/{app_id}` answers, for each.
pub(super) async fn list(shared: Data<Shared>) -> HttpResponse {
    let (world, _) = shared.enter();
    let apps: Vec<_> = world
        .config
        .apps
        .iter()
        .map(|app| describe(&world, app))
        .collect();
    HttpResponse::Ok().json(apps)
}

/// `POST /control/apps` `{app_id, app_secret, kind, platform?}`: registers one more.
pub(super) async fn add(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let new: NewApp = read(&body)?;
    let app = SimulatedApp {
        app_id: parse_app_id(new.app_id)?,
        app_secret: parse_secret(new.app_secret)?,
        kind: parse_kind(&new.kind)?,
        platform: new.platform.filter(|platform| !platform.is_empty()),
    };
    let (mut world, _) = shared.enter();
    if world.find_app(&app.app_id).is_some() {
        return Err(Failure::conflict("there is such an application already"));
    }
    if world.config.apps.len() >= MOST_APPS {
        return Err(Failure::conflict("there are too many applications"));
    }
    let answer = describe(&world, &app);
    world.config.apps.push(app);
    Ok(HttpResponse::Ok().json(answer))
}

/// `PATCH` or `POST /control/apps/{app_id}` `{platform?, app_secret?, verified?,
/// secret_frozen?, account_frozen?, ip_allow?, phone_quota?}`: what is left out
/// stays. Answers the application without its secret.
pub(super) async fn change(
    shared: Data<Shared>,
    app_id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let change: Change = read(&body)?;
    let secret = change.app_secret.map(parse_secret).transpose()?;
    let (mut world, _) = shared.enter();
    let app = world
        .config
        .apps
        .iter_mut()
        .find(|app| app.app_id == *app_id);
    let app = app.ok_or_else(|| Failure::not_found("there is no such application"))?;
    if let Some(platform) = change.platform {
        app.platform = platform.filter(|platform| !platform.is_empty());
    }
    if let Some(secret) = secret {
        app.app_secret = secret;
    }
    let app = app.clone();
    let console = world.consoles.of_mut(&app.app_id);
    console.unverified = change
        .verified
        .map_or(console.unverified, |verified| !verified);
    console.secret_frozen = change.secret_frozen.unwrap_or(console.secret_frozen);
    console.account_frozen = change.account_frozen.unwrap_or(console.account_frozen);
    if let Some(addresses) = change.ip_allow {
        console.ip_allow = addresses.iter().map(IpAddr::to_canonical).collect();
    }
    console.phone_quota = change.phone_quota.unwrap_or(console.phone_quota);
    Ok(HttpResponse::Ok().json(describe(&world, &app)))
}

fn parse_app_id(raw: String) -> Result<String, Failure> {
    let digits = raw.strip_prefix("wx").unwrap_or_default();
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() == 16 && digits.bytes().all(is_hex) {
        Ok(raw)
    } else {
        Err(Failure::bad_request(
            "app_id is wx and sixteen lower-case hex digits",
        ))
    }
}

fn parse_secret(raw: String) -> Result<String, Failure> {
    if raw.len() == 32 && raw.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(raw)
    } else {
        Err(Failure::bad_request("app_secret is 32 hex digits"))
    }
}

fn parse_kind(raw: &str) -> Result<AppKind, Failure> {
    [AppKind::MiniProgram, AppKind::App, AppKind::Website]
        .into_iter()
        .find(|kind| kind.as_str() == raw)
        .ok_or_else(|| Failure::bad_request("kind is mini_program, app or website"))
}

fn describe(world: &World, app: &SimulatedApp) -> Value {
    let console = world.consoles.of(&app.app_id);
    json!({
        "app_id": app.app_id,
        "kind": app.kind.as_str(),
        "platform": app.platform,
        "verified": !console.unverified,
        "secret_frozen": console.secret_frozen,
        "account_frozen": console.account_frozen,
        "ip_allow": console.ip_allow,
        "phone_quota": console.phone_quota,
        "phone_billed": console.phone_billed,
    })
}
