//! The routes of operators, with their page, and of services that hold an admin key.

use actix_web::web::{self, ServiceConfig};

use super::{everybody, records, signing_keys, test_numbers, users, webhooks};
use crate::http::{at, introspect, pages};

/// Adds them.
pub(in crate::http) fn routes(config: &mut ServiceConfig) {
    of_services_and_the_page(config);
    of_accounts(config);
    of_everybody(config);
    of_records(config);
    of_keys_and_numbers(config);
    of_webhooks(config);
}

/// Services that hold a key, and the console.
fn of_services_and_the_page(config: &mut ServiceConfig) {
    config
        .service(at(
            "/v1/token/introspect",
            [web::post().to(introspect::introspect)],
            "POST",
        ))
        .service(at(
            "/v1/token/revoke",
            [web::post().to(introspect::revoke)],
            "POST",
        ))
        .service(at("/console", [web::get().to(pages::console)], "GET"))
        .service(at(
            "/console/{file:.*}",
            [web::get().to(pages::console_file)],
            "GET",
        ));
}

/// Accounts.
fn of_accounts(config: &mut ServiceConfig) {
    config
        .service(at(
            "/admin/v1/users/search",
            [web::post().to(users::search)],
            "POST",
        ))
        .service(at(
            "/admin/v1/users/merge",
            [web::post().to(users::merge)],
            "POST",
        ))
        .service(at(
            "/admin/v1/users/{id}",
            [web::get().to(users::see)],
            "GET",
        ))
        .service(at(
            "/admin/v1/users/{id}/disable",
            [web::post().to(users::disable)],
            "POST",
        ))
        .service(at(
            "/admin/v1/users/{id}/enable",
            [web::post().to(users::enable)],
            "POST",
        ))
        .service(at(
            "/admin/v1/users/{id}/detach-phone",
            [web::post().to(users::detach_phone)],
            "POST",
        ))
        .service(at(
            "/admin/v1/users/{id}/sessions",
            [web::delete().to(users::end_all)],
            "DELETE",
        ))
        .service(at(
            "/admin/v1/users/{id}/sessions/{session_id}",
            [web::delete().to(users::end_one)],
            "DELETE",
        ));
}

/// Everybody.
fn of_everybody(config: &mut ServiceConfig) {
    config.service(at(
        "/admin/v1/sessions/end",
        [web::post().to(everybody::end)],
        "POST",
    ));
}

/// Whose key it is, and what is on record.
fn of_records(config: &mut ServiceConfig) {
    config
        .service(at("/admin/v1/key", [web::get().to(users::whoami)], "GET"))
        .service(at(
            "/admin/v1/applications",
            [web::get().to(records::applications)],
            "GET",
        ))
        .service(at(
            "/admin/v1/audit-events",
            [web::get().to(records::audit_events)],
            "GET",
        ))
        .service(at(
            "/admin/v1/sends/search",
            [web::post().to(records::sends)],
            "POST",
        ))
        .service(at(
            "/admin/v1/counters",
            [web::get().to(records::counters)],
            "GET",
        ));
}

/// Deliveries of events.
fn of_webhooks(config: &mut ServiceConfig) {
    config
        .service(at(
            "/admin/v1/webhooks/deliveries",
            [web::get().to(webhooks::list)],
            "GET",
        ))
        .service(at(
            "/admin/v1/webhooks/deliveries/replay",
            [web::post().to(webhooks::replay)],
            "POST",
        ));
}

/// Signing keys and test numbers.
fn of_keys_and_numbers(config: &mut ServiceConfig) {
    config
        .service(at(
            "/admin/v1/signing-keys",
            [web::get().to(signing_keys::list)],
            "GET",
        ))
        .service(at(
            "/admin/v1/signing-keys/{kid}",
            [web::delete().to(signing_keys::drop_key)],
            "DELETE",
        ))
        .service(at(
            "/admin/v1/test-numbers",
            [
                web::get().to(test_numbers::list),
                web::post().to(test_numbers::make),
            ],
            "GET, POST",
        ))
        .service(at(
            "/admin/v1/test-numbers/{id}",
            [web::delete().to(test_numbers::remove)],
            "DELETE",
        ));
}
