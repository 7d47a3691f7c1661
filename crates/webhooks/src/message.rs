//! The bytes of a message.

use chrono::{DateTime, SecondsFormat, Utc};
use menshen_domain::model::webhook::Delivery;
use menshen_outbound::{Method, Request};

use crate::receiver::Receiver;

/// The body. Every part of it was written down with the event, so it is the same on
/// each try: the name of an event is plain, and the data JSON already.
pub(crate) fn body(delivery: &Delivery) -> Vec<u8> {
    let at = delivery.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let Delivery { kind, data, .. } = delivery;
    format!(r#"{{"type":"{kind}","timestamp":"{at}","data":{data}}}"#).into_bytes()
}

/// The request of a try at this moment.
pub(crate) fn request(receiver: &Receiver, delivery: &Delivery, now: DateTime<Utc>) -> Request {
    let body = body(delivery);
    let (id, timestamp) = (delivery.event.to_string(), now.timestamp());
    let signature = receiver.key.sign(&id, timestamp, &body);
    Request {
        method: Method::POST,
        url: receiver.url.clone(),
        headers: vec![
            ("content-type", "application/json".to_owned()),
            (
                "user-agent",
                concat!("menshen/", env!("CARGO_PKG_VERSION")).to_owned(),
            ),
            ("webhook-id", id),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ],
        body: Some(body),
    }
}
