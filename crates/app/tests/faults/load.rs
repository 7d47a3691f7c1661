//! A few clients, each of which does one thing again and again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::ledger::Ledger;
use crate::record::{Kind, Outcome, Sample, summary};
use crate::stage::readiness;
use crate::support::{Answer, Login, Service, client};

/// What a client waits after each answer: the machine has more to do.
const PAUSE: Duration = Duration::from_millis(40);
/// Codes that are on phones before the fault.
const CODES: usize = 24;
/// People of each client who sign in: WeChat allows each so many times a minute.
const PEOPLE: usize = 20;
/// Sessions that can be signed out.
const SESSIONS: usize = 40;

/// Clients at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: JoinSet<()>,
}

/// What the clients share.
struct Shared {
    service: Arc<Service>,
    stop: AtomicBool,
    number: AtomicU32,
    samples: Mutex<Vec<Sample>>,
    ledger: Mutex<Ledger>,
    /// Numbers with their codes, and sessions, that wait for their turn.
    codes: Mutex<VecDeque<(String, String)>>,
    sessions: Mutex<VecDeque<Login>>,
}

impl Load {
    /// Signs people in, lets codes be sent, and sets all clients to work.
    pub(crate) async fn start(service: &Arc<Service>) -> Self {
        static FIRST: AtomicU32 = AtomicU32::new(0);
        let shared = Arc::new(Shared {
            service: Arc::clone(service),
            stop: AtomicBool::new(false),
            number: AtomicU32::new(FIRST.fetch_add(100_000, Ordering::Relaxed)),
            samples: Mutex::default(),
            ledger: Mutex::default(),
            codes: Mutex::default(),
            sessions: Mutex::default(),
        });
        for _ in 0..CODES {
            let phone = shared.phone();
            service.ask(&phone).await.ok();
            let code = service.code_at(&phone).await;
            lock(&shared.codes).push_back((phone, code));
        }
        for _ in 0..SESSIONS {
            let login = shared.login("alice").await;
            lock(&shared.sessions).push_back(login);
        }
        let mut clients = JoinSet::new();
        clients.spawn(sends(Arc::clone(&shared)));
        clients.spawn(verifies(Arc::clone(&shared)));
        clients.spawn(logs_in(Arc::clone(&shared), 0));
        clients.spawn(logs_in(Arc::clone(&shared), PEOPLE));
        clients.spawn(refreshes(Arc::clone(&shared)));
        clients.spawn(signs_out(Arc::clone(&shared)));
        clients.spawn(shows_tokens(Arc::clone(&shared)));
        clients.spawn(watches(Arc::clone(&shared)));
        Self { shared, clients }
    }

    /// Waits until the samples are as wished.
    pub(crate) async fn until(&self, patience: Duration, wished: impl Fn(&[Sample]) -> bool) {
        let since = Instant::now();
        while !wished(&lock(&self.shared.samples)) {
            let samples = || summary(&*lock(&self.shared.samples));
            assert!(
                since.elapsed() < patience,
                "no end in sight:\n{}",
                samples()
            );
            assert!(self.clients.len() == 8, "a client has given up");
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        lock(&self.shared.samples).clone()
    }

    /// Lets the clients finish; a client that panicked is a failure of the test.
    pub(crate) async fn stop(self) -> (Vec<Sample>, Ledger) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.clients.join_all().await;
        let samples = std::mem::take(&mut *lock(&self.shared.samples));
        let ledger = std::mem::take(&mut *lock(&self.shared.ledger));
        (samples, ledger)
    }
}

impl Shared {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// A number that nobody had before.
    fn phone(&self) -> String {
        format!("139{:08}", self.number.fetch_add(1, Ordering::Relaxed))
    }

    async fn login(&self, person: &str) -> Login {
        let login = self.service.one_tap(person).await;
        lock(&self.ledger).opened(&login);
        login
    }

    /// Writes down what came back, and answers whether it is what was wanted.
    fn note(&self, kind: Kind, asked: Instant, outcome: Outcome) -> bool {
        let sample = Sample {
            kind,
            outcome,
            asked,
            took: asked.elapsed(),
        };
        let served = sample.served();
        lock(&self.samples).push(sample);
        served
    }

    fn note_answer(&self, kind: Kind, asked: Instant, answer: &Answer) -> bool {
        let outcome = if answer.status == 200 {
            Outcome::Served
        } else {
            Outcome::Refused(answer.status, answer.code())
        };
        self.note(kind, asked, outcome)
    }
}

/// Asks for codes; what is sent is used by others.
async fn sends(shared: Arc<Shared>) {
    while shared.goes_on() {
        let (phone, asked) = (shared.phone(), Instant::now());
        let answer = shared.service.ask(&phone).await;
        if shared.note_answer(Kind::SmsSend, asked, &answer) {
            // What was acknowledged has arrived.
            let code = shared.service.code_at(&phone).await;
            lock(&shared.codes).push_back((phone, code));
        }
        sleep(PAUSE).await;
    }
}

/// Signs in with codes that were sent; what is refused with 503 is tried again
/// after all others, so that each code has tries left for when all is well.
async fn verifies(shared: Arc<Shared>) {
    while shared.goes_on() {
        let next = lock(&shared.codes).pop_front();
        if let Some((phone, code)) = next {
            let asked = Instant::now();
            let answer = shared.service.try_code(&phone, &code).await;
            // A Redis that comes back empty has no codes, and says so.
            let lost = answer.status == 400 && answer.code() == "sms_code_expired";
            if lost {
                shared.note(Kind::SmsVerify, asked, Outcome::Served);
            } else if shared.note_answer(Kind::SmsVerify, asked, &answer) {
                lock(&shared.ledger).opened(&Login::of(&answer));
            } else {
                lock(&shared.codes).push_back((phone, code));
            }
        }
        sleep(PAUSE * 2).await;
    }
}

/// Signs in people by one tap, each for the first time and then again; a code whose
/// login was refused is gone.
async fn logs_in(shared: Arc<Shared>, first: usize) {
    let names: Vec<_> = (first..first + PEOPLE)
        .map(|n| format!("person {n}"))
        .collect();
    for name in &names {
        shared.service.person(name, None).await;
    }
    for person in names.iter().cycle() {
        if !shared.goes_on() {
            return;
        }
        let code = shared.service.login_code(person).await;
        let asked = Instant::now();
        let answer = shared.service.hand_in(&code, client()).await;
        if shared.note_answer(Kind::WeChatLogin, asked, &answer) {
            let login = Login::of(&answer);
            lock(&shared.ledger).opened(&login);
            lock(&shared.sessions).push_back(login);
        }
        sleep(PAUSE * 4).await;
    }
}

/// Refreshes one session again and again, as an honest phone does: with the newest
/// token that it was given.
async fn refreshes(shared: Arc<Shared>) {
    let mut token = shared.login("alice").await.refresh().to_owned();
    while shared.goes_on() {
        let asked = Instant::now();
        let answer = shared.service.refresh(&token).await;
        if shared.note_answer(Kind::Refresh, asked, &answer) {
            Login::of(&answer).refresh().clone_into(&mut token);
        }
        sleep(PAUSE).await;
    }
}

/// Signs sessions out; what was refused is tried again.
async fn signs_out(shared: Arc<Shared>) {
    while shared.goes_on() {
        let next = lock(&shared.sessions).pop_front();
        if let Some(login) = next {
            let asked = Instant::now();
            let out = shared.service.post("/v1/logout").bearer(login.access());
            let answer = out.json(json!({})).send().await;
            if shared.note_answer(Kind::Logout, asked, &answer) {
                lock(&shared.ledger).ended(&login);
            } else {
                lock(&shared.sessions).push_front(login);
            }
        }
        sleep(PAUSE * 3).await;
    }
}

/// Shows a good access token to both routes that ask whether its session lives.
async fn shows_tokens(shared: Arc<Shared>) {
    let login = shared.login("alice").await;
    while shared.goes_on() {
        let asked = Instant::now();
        let answer = shared.service.me(login.access()).await;
        shared.note_answer(Kind::Me, asked, &answer);
        let asked = Instant::now();
        let answer = shared.service.verify(login.access()).await;
        shared.note_answer(Kind::TokenCheck, asked, &answer);
        sleep(PAUSE).await;
    }
}

/// Watches the process, as a balancer and an orchestrator do.
async fn watches(shared: Arc<Shared>) {
    while shared.goes_on() {
        for (kind, path) in [
            (Kind::Jwks, "/.well-known/jwks.json"),
            (Kind::Liveness, "/healthz"),
        ] {
            let asked = Instant::now();
            let answer = shared.service.get(path).send().await;
            shared.note_answer(kind, asked, &answer);
        }
        let asked = Instant::now();
        let answer = shared.service.get("/readyz").send().await;
        let outcome = readiness(answer.status, &answer.body());
        shared.note(Kind::Readiness, asked, outcome);
        sleep(PAUSE).await;
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
