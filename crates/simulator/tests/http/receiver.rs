//! A server that message push can be sent to.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) query: Vec<(String, String)>,
    pub(crate) content_type: String,
    /// In the order of their names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// The members of a form body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let form = web::Query::<Vec<(String, String)>>::from_query(&self.body);
        form.expect("a form").into_inner()
    }

    pub(crate) fn parameter(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }
}

#[derive(Default)]
struct Inner {
    received: Vec<Received>,
    answers: VecDeque<Option<(u16, &'static str)>>,
}

/// Answers `echostr` to a GET and `success` to a POST, unless told otherwise.
pub(crate) struct Receiver {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
    handle: actix_web::dev::ServerHandle,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let shared = Arc::clone(&inner);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::from(Arc::clone(&shared)))
                .default_service(web::to(receive))
        })
        .workers(1)
        .disable_signals()
        .bind((Ipv4Addr::LOCALHOST, 0))
        .expect("a free port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            address,
            inner,
            handle,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/push?of=menshen", self.address)
    }

    /// What the next request is answered; `None`: nothing, for longer than anybody waits.
    pub(crate) fn then(&self, answer: Option<(u16, &'static str)>) {
        self.inner.lock().expect("a lock").answers.push_back(answer);
    }

    /// What arrived since the last time.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.inner.lock().expect("a lock").received)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn receive(inner: Data<Mutex<Inner>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = request.headers().iter();
    let mut headers: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect();
    headers.sort();
    let received = Received {
        query: query.expect("a query").into_inner(),
        content_type: request
            .headers()
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let usual = received.parameter("echostr").to_owned();
    let answer = {
        let mut inner = inner.lock().expect("a lock");
        inner.received.push(received);
        inner.answers.pop_front()
    };
    match answer {
        None if usual.is_empty() => HttpResponse::Ok().body("success"),
        None => HttpResponse::Ok().body(usual),
        Some(None) => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            HttpResponse::Ok().finish()
        }
        Some(Some((status, body))) => {
            let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
            HttpResponse::build(status).body(body)
        }
    }
}
