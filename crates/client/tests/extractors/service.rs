//! A service of somebody else, on a port of its own.

use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, ServiceConfig, get};
use actix_web::{App, HttpServer};
use menshen_client::{Menshen, Settings, SignedIn, SignedInNow};

async fn orders(who: SignedIn) -> String {
    format!("{} {} {}", who.user, who.session, who.client_type)
}

async fn payments(who: SignedInNow) -> String {
    who.user.clone()
}

pub(crate) struct Service {
    url: String,
    http: reqwest::Client,
    handle: ServerHandle,
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) authenticate: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn told(&self) -> (u16, &str, &str) {
        (self.status, &self.authenticate, &self.body)
    }
}

impl Service {
    pub(crate) fn over(url: &str) -> Self {
        let settings = Settings {
            url: url.to_owned(),
            ..Settings::default()
        };
        let menshen = Data::new(Menshen::new(&settings).expect("settings"));
        Self::start(move |app| {
            app.app_data(menshen.clone());
        })
    }

    pub(crate) fn without_menshen() -> Self {
        Self::start(|_| ())
    }

    fn start(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        let server = HttpServer::new(move || {
            let app = App::new().configure(configure.clone());
            app.route("/orders", get().to(orders))
                .route("/payments", get().to(payments))
        });
        let server = server.workers(1).disable_signals();
        let server = server.bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let http = reqwest::Client::builder().no_proxy();
        let http = http.timeout(Duration::from_secs(20)).build();
        Self {
            url,
            http: http.expect("a client"),
            handle,
        }
    }

    /// Asks with an `Authorization` header for each token.
    pub(crate) async fn get(&self, path: &str, tokens: &[impl AsRef<str>]) -> Answer {
        let mut request = self.http.get(format!("{}{path}", self.url));
        for token in tokens {
            request = request.header("authorization", format!("Bearer {}", token.as_ref()));
        }
        let answer = request.send().await.expect("an answer");
        let authenticate = answer.headers().get("www-authenticate");
        let authenticate = authenticate.map_or("", |value| value.to_str().expect("text"));
        Answer {
            status: answer.status().as_u16(),
            authenticate: authenticate.to_owned(),
            body: answer.text().await.expect("a body"),
        }
    }

    /// Asks again until something holds.
    pub(crate) async fn until(&self, within: Duration, holds: impl Fn() -> bool, token: &str) {
        let since = Instant::now();
        while !holds() {
            assert!(since.elapsed() < within, "it does not come to hold");
            self.get("/orders", &[token]).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn until_accepted(&self, within: Duration, token: &str) {
        let since = Instant::now();
        while self.get("/orders", &[token]).await.status != 200 {
            assert!(since.elapsed() < within, "it is not accepted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
