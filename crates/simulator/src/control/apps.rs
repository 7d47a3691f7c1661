//! `/control/apps`: the applications, and the Open Platform account of each.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::read;
use crate::config::SimulatedApp;
use crate::state::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    /// `null`: bound to none, so that no unionid is given.
    platform: Option<String>,
}

/// `GET /control/apps`: `[{app_id, kind, platform}]`.
pub(super) async fn list(shared: Data<Shared>) -> HttpResponse {
    let (world, _) = shared.enter();
    let apps: Vec<_> = world.config.apps.iter().map(describe).collect();
    HttpResponse::Ok().json(apps)
}

/// `POST /control/apps/{app_id}` `{platform}`: binds the application to an Open
/// Platform account, or to none.
pub(super) async fn change(
    shared: Data<Shared>,
    app_id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let binding: Binding = read(&body)?;
    let (mut world, _) = shared.enter();
    let app = world
        .config
        .apps
        .iter_mut()
        .find(|app| app.app_id == *app_id);
    let app = app.ok_or_else(|| Failure::not_found("there is no such application"))?;
    app.platform = binding.platform.filter(|platform| !platform.is_empty());
    Ok(HttpResponse::Ok().json(describe(app)))
}

fn describe(app: &SimulatedApp) -> Value {
    json!({"app_id": app.app_id, "kind": app.kind.as_str(), "platform": app.platform})
}
