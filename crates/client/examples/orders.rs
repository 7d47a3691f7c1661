//! Orders of whoever is signed in at Menshen.

use std::env;
use std::error::Error;

use actix_web::web::{Data, Json};
use actix_web::{App, HttpServer, get};
use menshen_client::{Menshen, Settings, SignedIn, SignedInNow};
use serde_json::{Value, json};

/// Nobody is asked: a sign-out is seen when the token expires.
#[get("/orders")]
async fn orders(who: SignedIn) -> Json<Value> {
    Json(json!({ "user": who.user }))
}

/// Menshen is asked as well, which sees a sign-out at once.
#[get("/payments")]
async fn payments(who: SignedInNow) -> Json<Value> {
    Json(json!({ "user": who.user }))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let defaults = Settings::default();
    let settings = Settings {
        url: env::var("MENSHEN_URL").unwrap_or(defaults.url),
        issuer: env::var("MENSHEN_ISSUER").unwrap_or(defaults.issuer),
        audience: env::var("MENSHEN_AUDIENCE").unwrap_or(defaults.audience),
        algorithm: defaults.algorithm,
    };
    let menshen = Data::new(Menshen::new(&settings)?);
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    HttpServer::new(move || {
        let app = App::new().app_data(menshen.clone());
        app.service(orders).service(payments)
    })
    .bind(format!("127.0.0.1:{port}"))?
    .run()
    .await?;
    Ok(())
}
