//! From a request to its answer: the vendor's rules, then the fault that is set.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::body::{BodyStream, SizedStream};
use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::stream;

use crate::call::{Answer, Call};
use crate::endpoint::Endpoint;
use crate::faults::{BodyDamage, Fault, HUGE_BYTES, LONGEST_HANG};
use crate::receipts::courier;
use crate::state::Shared;

/// What goes out on the wire.
enum Outcome {
    Answer(Answer),
    Huge(Answer),
    Redirect,
    Hang,
    Close,
}

/// Answers every request that is not for the control API.
pub(crate) async fn exchange(
    shared: Data<Shared>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let call = Call::read(&request, &body);
    let (delay, outcome) = react(&shared, &call);
    // Nothing here is under the lock: what the carrier says comes when it comes.
    let errands = shared.enter().0.receipts.errands();
    courier::start(&shared, errands);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match outcome {
        Outcome::Answer(answer) => {
            let body = answer.body.clone();
            head(&answer).body(body)
        }
        Outcome::Huge(answer) => huge(&answer),
        Outcome::Redirect => HttpResponse::Found()
            .insert_header((header::LOCATION, "/redirected"))
            .finish(),
        Outcome::Hang => {
            tokio::time::sleep(LONGEST_HANG).await;
            close()
        }
        Outcome::Close => close(),
    }
}

/// Decides, in one step for the whole world.
fn react(shared: &Shared, call: &Call) -> (Duration, Outcome) {
    let (mut world, now) = shared.enter();
    let world = &mut *world;
    let Some(endpoint) = Endpoint::find(call) else {
        world.requests.record(call, "other", "http_404", false, now);
        return (Duration::ZERO, Outcome::Answer(unknown()));
    };
    let plan = world.faults.plan(endpoint.target(), &mut world.random);
    let outcome = match &plan.failure {
        None => Outcome::Answer(endpoint.answer(world, call, now)),
        Some(fault) => {
            let effect = fault
                .takes_effect()
                .then(|| endpoint.answer(world, call, now));
            fail(fault, effect, || endpoint.refuse(world, call, fault, now))
        }
    };
    let verdict = match &outcome {
        Outcome::Answer(answer) | Outcome::Huge(answer) => answer.verdict.as_str(),
        Outcome::Redirect => "redirect",
        Outcome::Hang => "hang",
        Outcome::Close => "reset",
    };
    let is_fault = plan.failure.is_some() || !plan.delay.is_zero();
    world
        .requests
        .record(call, endpoint.target(), verdict, is_fault, now);
    (plan.delay, outcome)
}

/// How a call fails; `effect` is its true answer where it took effect.
fn fail(fault: &Fault, effect: Option<Answer>, refuse: impl FnOnce() -> Answer) -> Outcome {
    if fault.reset.is_some() {
        return Outcome::Close;
    }
    if fault.hang {
        return Outcome::Hang;
    }
    if fault.redirect {
        return Outcome::Redirect;
    }
    let shows_truth = fault.body.is_some() || fault.changes_truth();
    let mut answer = match (effect, fault.http_status) {
        (Some(truth), _) if shows_truth && fault.errcode.is_none() => fault.change_truth(truth),
        (_, Some(status)) if fault.body.is_none() && fault.errcode.is_none() => {
            Answer::html(status)
        }
        _ => refuse(),
    };
    if let Some(damage) = fault.body {
        answer = damage.apply(answer);
    }
    answer.status = fault.http_status.unwrap_or(answer.status);
    if fault.body == Some(BodyDamage::Huge) {
        Outcome::Huge(answer)
    } else {
        Outcome::Answer(answer)
    }
}

fn head(answer: &Answer) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if let Some(content_type) = answer.content_type {
        response.insert_header((header::CONTENT_TYPE, content_type));
    }
    response
}

fn unknown() -> Answer {
    let body = serde_json::json!({
        "errcode": 40066,
        "errmsg": "invalid url: this is the Menshen simulator, not WeChat; its control API is at /control",
    });
    Answer::json(404, "application/json; encoding=utf-8", &body, "http_404")
}

/// The right body, after a mountain of white space that is made on the way out.
fn huge(answer: &Answer) -> HttpResponse {
    static PADDING: [u8; 64 * 1024] = [b' '; 64 * 1024];
    let pieces = HUGE_BYTES / PADDING.len();
    let body = Bytes::copy_from_slice(&answer.body);
    let padded = std::iter::repeat_n(Bytes::from_static(&PADDING), pieces)
        .chain([body])
        .map(Ok::<_, Infallible>);
    let length = HUGE_BYTES + answer.body.len();
    head(answer).body(SizedStream::new(length as u64, stream::iter(padded)))
}

/// No answer: the connection is closed, since the body fails before anything
/// was written.
fn close() -> HttpResponse {
    let failure = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    HttpResponse::Ok().body(BodyStream::new(stream::iter([Err::<Bytes, _>(failure)])))
}
