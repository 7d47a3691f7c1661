//! `/control/clock`: the simulator's time, moved ahead of the machine's.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::json;

use super::failure::Failure;
use super::read;
use crate::state::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i64,
}

/// `GET /control/clock`: `{now, ahead_seconds}`.
pub(super) async fn show(shared: Data<Shared>) -> HttpResponse {
    let (world, now) = shared.enter();
    HttpResponse::Ok().json(json!({"now": now, "ahead_seconds": world.ahead.num_seconds()}))
}

/// `POST /control/clock` `{seconds}`: so many seconds later, or earlier. Only
/// for the vendors: whoever talks to them has a clock of their own.
pub(super) async fn advance(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    const YEAR: i64 = 366 * 86_400;
    let advance: Advance = read(&body)?;
    {
        let (mut world, _) = shared.enter();
        let ahead = world.ahead.num_seconds().saturating_add(advance.seconds);
        if !(-YEAR..=YEAR).contains(&ahead) {
            return Err(Failure::bad_request(
                "seconds move the clock by at most a year in all",
            ));
        }
        world.ahead = TimeDelta::seconds(ahead);
    }
    Ok(show(shared).await)
}
