//! The control API: what a phone in a hand would do, and what a test wants to
//! see. Plain JSON without an envelope; a failure is `{"error":"…"}`.

mod apps;
mod captcha;
mod clock;
mod failure;
mod faults;
mod people;
mod receipts;
mod requests;
mod settings;
mod sms;
mod sms_accounts;
mod wechat;

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::state::Shared;
use failure::Failure;

/// Mounts `/control/…`.
pub(crate) fn configure(cfg: &mut ServiceConfig, shared: Data<Shared>) {
    let scope = web::scope("/control")
        .app_data(shared)
        .service(resource(
            "/people",
            [web::get().to(people::list), web::post().to(people::add)],
        ))
        .service(resource(
            "/people/{name}",
            [
                web::post().to(people::change),
                web::patch().to(people::change),
            ],
        ))
        .service(resource(
            "/apps",
            [web::get().to(apps::list), web::post().to(apps::add)],
        ))
        .service(resource(
            "/apps/{app_id}",
            [web::post().to(apps::change), web::patch().to(apps::change)],
        ))
        .service(resource(
            "/sms",
            [web::get().to(sms::inbox), web::delete().to(sms::clear)],
        ))
        .service(resource(
            "/sms/accounts",
            [
                web::get().to(sms_accounts::list),
                web::put().to(sms_accounts::set),
            ],
        ))
        .service(resource(
            "/sms/receipts",
            [
                web::get().to(receipts::list),
                web::put().to(receipts::set),
                web::delete().to(receipts::clear),
            ],
        ))
        .service(resource(
            "/faults",
            [
                web::get().to(faults::list),
                web::put().to(faults::set),
                web::delete().to(faults::clear),
            ],
        ))
        .service(resource(
            "/requests",
            [
                web::get().to(requests::list),
                web::delete().to(requests::clear),
            ],
        ))
        .service(resource(
            "/clock",
            [web::get().to(clock::show), web::post().to(clock::advance)],
        ))
        .service(resource(
            "/settings",
            [
                web::get().to(settings::show),
                web::patch().to(settings::change),
            ],
        ))
        .service(resource("/captcha", [web::post().to(captcha::solve)]))
        .service(resource("/reset", [web::post().to(reset)]))
        .default_service(web::to(|| async {
            Failure::not_found("no such control call")
        }));
    cfg.service(wechat::mount(scope));
}

/// `POST /control/reset`: everything as it was at the start.
async fn reset(shared: Data<Shared>) -> HttpResponse {
    shared.reset();
    HttpResponse::Ok().json(serde_json::json!({"reset": true}))
}

fn resource<const N: usize>(path: &str, routes: [Route; N]) -> Resource {
    let resource =
        web::resource(path).default_service(web::to(|| async { Failure::method_not_allowed() }));
    routes.into_iter().fold(resource, Resource::route)
}

/// Tells `null` from a member that is left out.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three things"
)]
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Reads a JSON body whatever its content type says; no body is `{}`.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Failure> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text).map_err(|error| Failure::bad_request(&error.to_string()))
}
