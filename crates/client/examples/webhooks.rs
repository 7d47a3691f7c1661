//! What Menshen tells: people who came, changed, or left.

use std::env;
use std::error::Error;

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, post};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use standardwebhooks::Webhook;

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    data: Subject,
}

#[derive(Deserialize)]
struct Subject {
    user_id: String,
}

/// The event, if Menshen has signed it: over the bytes as they came.
fn verified(webhook: &Webhook, request: &HttpRequest, body: &[u8]) -> Option<Event> {
    let mut headers = HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = request.headers().get(name)?;
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    webhook.verify(body, &headers).ok()?;
    serde_json::from_slice(body).ok()
}

#[post("/webhooks/menshen")]
async fn receive(request: HttpRequest, body: Bytes, webhook: Data<Webhook>) -> HttpResponse {
    let Some(event) = verified(&webhook, &request, &body) else {
        return HttpResponse::Unauthorized().json(json!({ "code": "signature_invalid" }));
    };
    // The same event may come twice, by the same id: keep ids in the transaction that acts on them.
    let id = request.headers().get("webhook-id");
    println!("{id:?} {} {}", event.kind, event.data.user_id);
    HttpResponse::NoContent().finish()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let webhook = Data::new(Webhook::new(&env::var("MENSHEN_WEBHOOK_SECRET")?)?);
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    HttpServer::new(move || App::new().app_data(webhook.clone()).service(receive))
        .bind(format!("127.0.0.1:{port}"))?
        .run()
        .await?;
    Ok(())
}
