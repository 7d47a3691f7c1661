//! Receivers of events and their deliveries.

use menshen_domain::model::event::EventName;
use menshen_domain::model::webhook::DeliveryState;
use menshen_domain::ports::outbox::DeliveryRecord;
use menshen_domain::services::webhook_desk::{Deliveries, ReceiverState, Replayed};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::account_json::time;
use crate::http::admin::cursor;

/// A receiver of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookReceiverJson {
    /// Its name.
    #[schema(example = "crm")]
    name: String,
    /// Whether it is in the settings.
    configured: bool,
    /// Of which events it hears; all if there is none.
    events: Vec<&'static str>,
    /// What is not delivered yet, 100000 at most.
    pending: u64,
    /// Dead letters, 100000 at most.
    dead: u64,
    /// When the oldest event happened that is not delivered yet, RFC 3339.
    oldest_pending_at: Option<String>,
}

/// An event on its way to a receiver.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDeliveryJson {
    /// The event.
    event_id: String,
    /// Whom it is for.
    receiver: String,
    /// The event's name.
    #[schema(example = "user.created")]
    r#type: String,
    /// Whose account it concerns.
    user_id: String,
    /// When it happened, RFC 3339.
    at: String,
    /// `pending` or `dead`.
    state: &'static str,
    /// How often it was tried.
    attempts: u32,
    /// What the last try came to, such as `http_500` or `timed_out`.
    last_outcome: Option<String>,
    /// When it is tried next at the earliest, RFC 3339.
    next_try_at: Option<String>,
    /// When it was given up, RFC 3339.
    dead_at: Option<String>,
}

/// Deliveries, and how the receivers do.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDeliveriesJson {
    /// Those of the settings, and whoever else something is there for.
    pub receivers: Vec<WebhookReceiverJson>,
    /// The latest first.
    pub deliveries: Vec<WebhookDeliveryJson>,
    /// Where the next page begins, if there may be one.
    pub next_cursor: Option<String>,
}

/// What is delivered again.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookReplayJson {
    /// How many deliveries.
    pub count: u64,
    /// Whether there may be more: ask again.
    pub more: bool,
}

impl From<&ReceiverState> for WebhookReceiverJson {
    fn from(state: &ReceiverState) -> Self {
        let events = state.events.iter().flatten().copied();
        Self {
            name: state.receiver.to_string(),
            configured: state.events.is_some(),
            events: events.map(EventName::as_str).collect(),
            pending: state.pending,
            dead: state.dead,
            oldest_pending_at: state.oldest.map(time),
        }
    }
}

impl From<&DeliveryRecord> for WebhookDeliveryJson {
    fn from(record: &DeliveryRecord) -> Self {
        let state = match record.dead_at {
            None => DeliveryState::Pending,
            Some(_) => DeliveryState::Dead,
        };
        Self {
            event_id: record.event.to_string(),
            receiver: record.receiver.to_string(),
            r#type: record.kind.clone(),
            user_id: record.user.to_string(),
            at: time(record.at),
            state: state.as_str(),
            attempts: record.attempts,
            last_outcome: record.outcome.clone(),
            next_try_at: record.dead_at.is_none().then(|| time(record.due_at)),
            dead_at: record.dead_at.map(time),
        }
    }
}

impl From<&Deliveries> for WebhookDeliveriesJson {
    fn from(listed: &Deliveries) -> Self {
        Self {
            receivers: listed.receivers.iter().map(Into::into).collect(),
            deliveries: listed.rows.iter().map(Into::into).collect(),
            next_cursor: listed.next.map(cursor::write_place),
        }
    }
}

impl From<Replayed> for WebhookReplayJson {
    fn from(replayed: Replayed) -> Self {
        Self {
            count: replayed.count,
            more: replayed.more,
        }
    }
}
