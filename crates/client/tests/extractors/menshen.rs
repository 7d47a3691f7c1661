//! A stand-in of Menshen: a key set, forward authentication, and a key that signs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{Data, get};
use actix_web::{App, HttpResponse, HttpServer};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const KID: &str = "key-1";

/// The claims of a token that is good.
pub(crate) fn claims() -> Value {
    json!({
        "iss": "menshen", "aud": "menshen", "sub": "user-1", "sid": "session-1", "jti": "1",
        "iat": 1_000_000_000, "nbf": 1_000_000_000, "exp": 4_000_000_000_u32,
        "client_type": "web", "scope": "user",
    })
}

struct State {
    set: String,
    /// What is published in the place of the set.
    instead: Mutex<Option<String>>,
    fetches: AtomicUsize,
    verify: Mutex<(u16, String)>,
}

pub(crate) struct Menshen {
    key: EcdsaKeyPair,
    state: Arc<State>,
    url: String,
    handle: ServerHandle,
}

impl Drop for Menshen {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn jwks(state: Data<State>) -> HttpResponse {
    state.fetches.fetch_add(1, Ordering::SeqCst);
    let instead = state.instead.lock().expect("a lock").clone();
    HttpResponse::Ok().body(instead.unwrap_or_else(|| state.set.clone()))
}

async fn verify(state: Data<State>) -> HttpResponse {
    let (status, body) = state.verify.lock().expect("a lock").clone();
    HttpResponse::build(StatusCode::from_u16(status).expect("a status"))
        .insert_header(("www-authenticate", r#"Bearer error="invalid_token""#))
        .body(body)
}

impl Menshen {
    pub(crate) fn start() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        // 4, and then x and y.
        let point = key.public_key().as_ref();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]),
            "kid": KID, "alg": "ES256", "use": "sig",
        });
        let state = Arc::new(State {
            set: json!({ "keys": [jwk] }).to_string(),
            instead: Mutex::default(),
            fetches: AtomicUsize::new(0),
            verify: Mutex::new((200, "{}".to_owned())),
        });
        let data = Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/.well-known/jwks.json", get().to(jwks))
                .route("/v1/auth/verify", get().to(verify))
        });
        let server = server.workers(1).disable_signals();
        let server = server.bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self {
            key,
            state,
            url,
            handle,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// The key set.
    pub(crate) fn set(&self) -> &str {
        &self.state.set
    }

    /// How often the key set was fetched.
    pub(crate) fn fetches(&self) -> usize {
        self.state.fetches.load(Ordering::SeqCst)
    }

    /// Publishes something in the place of the key set.
    pub(crate) fn publish(&self, instead: Option<&str>) {
        *self.state.instead.lock().expect("a lock") = instead.map(str::to_owned);
    }

    /// What forward authentication says from now on.
    pub(crate) fn answer(&self, status: u16, body: &str) {
        *self.state.verify.lock().expect("a lock") = (status, body.to_owned());
    }

    /// A token with these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.signed(&json!({"alg": "ES256", "typ": "at+jwt"}), claims)
    }

    /// A token with this header, whose key is ours unless it names another one.
    pub(crate) fn signed(&self, header: &Value, claims: &Value) -> String {
        let mut header = header.clone();
        if header.get("kid").is_none() {
            header["kid"] = KID.into();
        }
        let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", text(&header), text(claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.expect("a signature"));
        format!("{signed}.{signature}")
    }
}
