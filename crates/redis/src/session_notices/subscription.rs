//! Listening to the other replicas.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::aio::{PubSub, PubSubSink};
use deadpool_redis::redis::{Msg, RedisResult, Value};
use futures_util::StreamExt as _;
use menshen_domain::ports::session_notices::SessionNotice;
use tokio::time::{interval, sleep, timeout};

use super::Shared;
use super::mail::Letter;
use crate::fault::RedisFault;
use crate::subscriber::Subscribers;

/// How soon a lost connection is made again at first, and at the latest.
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(2);
/// How often a connection on which nothing comes is asked whether it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// Listens for ever, over one connection after the other.
pub(super) async fn keep(shared: Arc<Shared>) {
    let mut subscribers = match shared.redis.subscribers() {
        Ok(subscribers) => subscribers,
        Err(fault) => {
            tracing::error!(
                error = &fault as &dyn Error,
                "notices of ended sessions cannot be listened to"
            );
            return;
        }
    };
    let mut pause = FIRST_RETRY;
    let mut told = false;
    loop {
        let channel = shared.channel();
        match listen(&shared, &mut subscribers, &channel).await {
            Ok(line) => {
                shared.metrics.subscribed(true);
                // Whatever was said before we listened.
                shared.tell(&SessionNotice::Missed);
                if told {
                    tracing::info!("notices of ended sessions are listened to again");
                }
                (pause, told) = (FIRST_RETRY, false);
                hear(&shared, line, &channel).await;
                shared.metrics.subscribed(false);
            }
            Err(fault) if !told => {
                told = true;
                tracing::warn!(
                    error = &fault as &dyn Error,
                    "notices of ended sessions are not listened to: \
                     what ends elsewhere is seen within a second"
                );
            }
            Err(_) => {}
        }
        sleep(jittered(&shared, pause)).await;
        pause = (pause * 2).min(LAST_RETRY);
    }
}

async fn listen(
    shared: &Shared,
    subscribers: &mut Subscribers,
    channel: &str,
) -> Result<PubSub, RedisFault> {
    let options = shared.redis.options();
    let within = options.connect + options.command;
    match timeout(within, subscribers.listen(channel)).await {
        Ok(line) => line.map_err(|error| RedisFault::of(error, within)),
        Err(_) => Err(RedisFault::NoConnection(within)),
    }
}

/// Hears what is said, until the connection ends, hangs, or the channel has
/// another name.
async fn hear(shared: &Shared, line: PubSub, channel: &str) {
    let (mut sink, mut messages) = line.split();
    let mut signs = interval(SIGN_OF_LIFE);
    loop {
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => take(shared, channel, &message),
                None => return,
            },
            _ = signs.tick() => {
                if shared.channel() != channel || !lives(shared, &mut sink).await {
                    return;
                }
            }
        }
    }
}

async fn lives(shared: &Shared, sink: &mut PubSubSink) -> bool {
    let within = shared.redis.options().command;
    // `["pong", ""]` or `PONG`, as the protocol has it.
    let answer: Result<RedisResult<Value>, _> = timeout(within, sink.ping()).await;
    answer.is_ok_and(|answer| answer.is_ok())
}

fn take(shared: &Shared, channel: &str, message: &Msg) {
    match shared.mail.read(channel, message.get_payload_bytes()) {
        Some(Letter::Own) => {}
        Some(Letter::FromAnother { users, missed }) => {
            shared.metrics.received(users.len());
            shared.tell(&SessionNotice::Ended(users));
            if missed {
                shared.tell(&SessionNotice::Missed);
            }
        }
        None => {
            // Sealed with a key that we do not know yet, or of another version.
            shared.metrics.unreadable();
            shared.tell(&SessionNotice::Missed);
        }
    }
}

/// Between half of `pause` and all of it, so that not all replicas come at once.
fn jittered(shared: &Shared, pause: Duration) -> Duration {
    let mut byte = [0];
    shared.randomness.fill(&mut byte);
    pause / 2 + pause * u32::from(byte[0]) / 512
}
