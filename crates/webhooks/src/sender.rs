//! One try.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::model::webhook::{Delivery, ReceiverName, SendFault, SendOutcome};
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::webhook_sender::WebhookSender;
use menshen_outbound::{Answer, CallError, Client, ClientError};
use tokio::time::Instant;

use crate::message::request;
use crate::receiver::Receiver;

/// The longest time that a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(3);

/// The longest time of a try.
pub const TRY: Duration = Duration::from_secs(10);

/// Tells receivers over HTTP.
pub struct HttpWebhookSender {
    receivers: BTreeMap<ReceiverName, Receiver>,
    client: Client,
    clock: Arc<dyn Clock>,
    patience: Duration,
}

impl HttpWebhookSender {
    /// Tells these receivers.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the machine offers no usable TLS set-up.
    pub fn new(receivers: Vec<Receiver>, clock: Arc<dyn Clock>) -> Result<Self, ClientError> {
        let named = |receiver: Receiver| (receiver.name.clone(), receiver);
        Ok(Self {
            receivers: receivers.into_iter().map(named).collect(),
            client: Client::new(CONNECT)?,
            clock,
            patience: TRY,
        })
    }

    /// The same, with less patience than [`TRY`].
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience.min(TRY);
        self
    }
}

#[async_trait]
impl WebhookSender for HttpWebhookSender {
    async fn send(&self, delivery: &Delivery) -> SendOutcome {
        let Some(receiver) = self.receivers.get(&delivery.receiver) else {
            return SendOutcome::Failed(SendFault::NoConnection);
        };
        let request = request(receiver, delivery, self.clock.now());
        let deadline = Instant::now() + self.patience;
        match self.client.tell(request, deadline).await {
            Ok(answer) => read(&answer),
            Err(error) => SendOutcome::Failed(fault(&error)),
        }
    }
}

fn fault(error: &CallError) -> SendFault {
    match error {
        CallError::NotSent(_) => SendFault::NoConnection,
        CallError::TimedOut => SendFault::TimedOut,
        CallError::Broken(_) | CallError::TooLong => SendFault::Broken,
    }
}

fn read(answer: &Answer) -> SendOutcome {
    match answer.status() {
        200..300 => SendOutcome::Delivered,
        410 => SendOutcome::Gone,
        status @ (429 | 503) => SendOutcome::Busy {
            status,
            wait: retry_after(answer),
        },
        status => SendOutcome::Refused { status },
    }
}

/// How long the receiver asks us to wait, in seconds; a date is not read: its clock may
/// be wrong.
fn retry_after(answer: &Answer) -> Option<Duration> {
    let seconds = answer.header("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
