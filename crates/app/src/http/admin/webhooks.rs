//! What waits for receivers of events and what died, and having it delivered again.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::identifiers::EventId;
use menshen_domain::model::webhook::ReceiverName;
use menshen_domain::ports::outbox::Replay;
use serde::Deserialize;
use utoipa::ToSchema;

use super::json::{WebhookDeliveriesJson, WebhookReplayJson};
use super::{door, query};
use crate::http::App;
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::kinds::Fault;

/// What to deliver again: an event, or the dead letters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookReplayRequest {
    /// The event, dead or pending.
    event_id: Option<String>,
    /// To this receiver; to all of them if left out.
    #[schema(example = "crm")]
    receiver: Option<String>,
    /// `true`: the dead letters, 500 at a time, the oldest first.
    all: Option<bool>,
}

/// `GET /admin/v1/webhooks/deliveries`
pub(super) async fn list(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.look(&http, &context, "webhooks.list").await?;
    let (filter, before, limit) = query::deliveries(&http)?;
    let listed = door.webhooks.list(&act, &filter, before, limit).await?;
    context.ok(("成功", "Done"), &WebhookDeliveriesJson::from(&listed))
}

/// `POST /admin/v1/webhooks/deliveries/replay`
pub(super) async fn replay(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<WebhookReplayRequest>,
) -> Result<HttpResponse, ApiError> {
    let door = door(&app)?;
    let act = door.change(&http, &context, "webhooks.replay").await?;
    let which = which(&body.value)?;
    let desk = door.webhooks.clone();
    let replayed = detached(async move { desk.replay(&act, &which).await }).await?;
    context.ok(("成功", "Done"), &WebhookReplayJson::from(replayed))
}

/// One event or all dead letters, and nothing in between.
fn which(asked: &WebhookReplayRequest) -> Result<Replay, ApiError> {
    let mut fields = Fields::default();
    let event = asked.event_id.as_deref().map(EventId::parse);
    if event == Some(None) {
        fields.fault("event_id", Fault::Value);
    }
    let receiver = asked.receiver.as_deref().map(ReceiverName::parse);
    if matches!(receiver, Some(Err(_))) {
        fields.fault("receiver", Fault::Value);
    }
    let all = asked.all.unwrap_or_default();
    if event.is_none() && !all {
        fields.fault("event_id", Fault::Required);
    }
    if event.is_some() && all {
        fields.fault("all", Fault::Value);
    }
    fields.finish()?;
    let receiver = receiver.and_then(Result::ok);
    Ok(match event.flatten() {
        Some(event) => Replay::Event(event, receiver),
        None => Replay::Dead(receiver),
    })
}
