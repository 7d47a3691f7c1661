//! Captchas as if somebody had solved them.

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::json;

use super::failure::Failure;
use super::read;
use crate::captcha::{SERVICES, names};
use crate::state::{Captcha, Shared};

/// Longer than any service's tickets live.
const LONG_AGO: TimeDelta = TimeDelta::hours(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Solve {
    service: Option<String>,
    #[serde(default)]
    outcome: Outcome,
    address: Option<IpAddr>,
    #[serde(default)]
    mini_program: bool,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    #[default]
    Pass,
    Fail,
    Expired,
}

/// `POST /control/captcha` `{service?, outcome?, address?, mini_program?}`: answers
/// `{captcha}`, what a request hands in. It is good once, at one service or, if none
/// is named, at whichever is asked. `outcome`: `pass`, `fail` (a machine solved it)
/// or `expired`; with an `address` it is good from there only; `mini_program`: as
/// Tencent's plugin gives it, without a random string.
pub(super) async fn solve(shared: Data<Shared>, body: Bytes) -> Result<HttpResponse, Failure> {
    let solve: Solve = read(&body)?;
    let service = match &solve.service {
        None => None,
        Some(name) => {
            let known = SERVICES.iter().find(|service| service.name() == name);
            let unknown = || Failure::bad_request(&format!("service is one of {}", names()));
            Some(known.ok_or_else(unknown)?.name())
        }
    };
    let (mut world, now) = shared.enter();
    let (ticket, randstr) = (world.random.hex(24), format!("@{}", world.random.hex(2)));
    let issued_at = if solve.outcome == Outcome::Expired {
        now - LONG_AGO
    } else {
        now
    };
    let captcha = Captcha {
        randstr: randstr.clone(),
        service,
        machine: solve.outcome == Outcome::Fail,
        address: solve.address,
        issued_at,
        used: false,
    };
    world.captchas.add(ticket.clone(), captcha);
    let text = if solve.mini_program {
        ticket
    } else {
        format!("{ticket};{randstr}")
    };
    Ok(HttpResponse::Ok().json(json!({"captcha": text})))
}
