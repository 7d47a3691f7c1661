//! `menshen webhooks`: what receivers did not take, and delivering it again.
//!
//! The database is talked to directly; whichever replica delivers notices within a
//! second.

use std::path::Path;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use menshen_domain::model::identifiers::EventId;
use menshen_domain::model::webhook::{DeliveryState, ReceiverName};
use menshen_domain::ports::outbox::{DeliveryFilter, Replay};
use menshen_domain::services::administration::AdministrationError;
use menshen_domain::services::webhook_desk::WebhookDesk;
use menshen_token::system_randomness::SystemRandomness;

use crate::clock::ServerClock;
use crate::commands::admin::{Form, Part, act, print, wrong};
use crate::commands::good_settings;
use crate::http::admin::json::{WebhookDeliveriesJson, WebhookReplayJson};
use crate::http::admin::place_of;
use crate::logging;
use crate::wiring::{self, StartError};

/// What to do about webhooks.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// List what is not delivered, the latest first, with how each receiver does.
    #[command(after_help = "Example: menshen webhooks list --state dead")]
    List {
        /// Only these.
        #[arg(long)]
        state: Option<State>,
        /// Only for this receiver.
        #[arg(long, value_name = "NAME")]
        receiver: Option<String>,
        /// Which part of the list.
        #[command(flatten)]
        part: Part,
        /// In which form to print.
        #[command(flatten)]
        form: Form,
    },
    /// Deliver an event again, or all dead letters.
    #[command(
        after_help = "Example: menshen webhooks replay 01a1fc74-dcc9-7f11-8a90-2f1d6c4e9b02\n         menshen webhooks replay --all --receiver crm"
    )]
    Replay {
        /// What to deliver again.
        #[command(flatten)]
        what: What,
        /// Only to this receiver.
        #[arg(long, value_name = "NAME")]
        receiver: Option<String>,
        /// In which form to print.
        #[command(flatten)]
        form: Form,
    },
}

/// What to deliver again.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct What {
    /// The event's id, as `menshen webhooks list` names it.
    #[arg(value_name = "EVENT")]
    event: Option<String>,
    /// All dead letters.
    #[arg(long)]
    all: bool,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// It is tried, or waits for its turn.
    Pending,
    /// It was given up.
    Dead,
}

impl From<State> for DeliveryState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Dead => Self::Dead,
        }
    }
}

/// Carries it out.
///
/// # Errors
///
/// If the settings are bad, the database does not answer, or there is no such delivery.
pub async fn run(action: Action, file: Option<&Path>) -> Result<(), StartError> {
    let (settings, _) = good_settings(file)?;
    logging::start(&settings.log);
    let database = wiring::database(&settings).await?;
    wiring::check_schema(&database).await?;
    let clock = Arc::new(ServerClock::of(&database).await?);
    let (store, _, _) = wiring::keys(&settings, &database).await?;
    let store = Arc::new(store);
    let desk = WebhookDesk {
        outbox: store.clone(),
        audit: store,
        clock,
        randomness: Arc::new(SystemRandomness),
        subscriptions: settings.subscriptions(),
    };
    let done = carry_out(&desk, action).await;
    database.close().await?;
    done
}

async fn carry_out(desk: &WebhookDesk, action: Action) -> Result<(), StartError> {
    match action {
        Action::List {
            state,
            receiver,
            part,
            form,
        } => {
            let filter = DeliveryFilter {
                state: state.map(Into::into),
                receiver: name(receiver.as_deref())?,
            };
            let (before, limit) =
                place_of(part.limit, part.cursor.as_deref()).map_err(|error| wrong(&error))?;
            let act = act("webhooks.list");
            let listed = desk.list(&act, &filter, before, limit).await;
            print(form, &WebhookDeliveriesJson::from(&listed.map_err(told)?))
        }
        Action::Replay {
            what,
            receiver,
            form,
        } => {
            let receiver = name(receiver.as_deref())?;
            let act = act("webhooks.replay");
            let replayed = match what.event {
                Some(event) => {
                    let event = EventId::parse(&event);
                    let event = event.ok_or("an event's id is 36 characters, as in webhook-id")?;
                    desk.replay(&act, &Replay::Event(event, receiver)).await
                }
                None => desk.replay_all(&act, receiver).await,
            };
            print(form, &WebhookReplayJson::from(replayed.map_err(told)?))
        }
    }
}

fn name(text: Option<&str>) -> Result<Option<ReceiverName>, StartError> {
    let name = text.map(ReceiverName::parse).transpose();
    Ok(name.map_err(|error| format!("--receiver: {error}"))?)
}

fn told(error: AdministrationError) -> StartError {
    match error {
        AdministrationError::NotFound => {
            "there is no such delivery: it was made, or never was".into()
        }
        other => other.into(),
    }
}
