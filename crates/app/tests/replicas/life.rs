//! The life of a person, and the record of everything that was acknowledged in it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::stage::{Answer, Client, Hand};

/// How long a load may take to get on.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session, as its owner knows it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) access: String,
    /// The newest refresh token that arrived.
    pub(crate) refresh: String,
    /// True once a sign-out was acknowledged.
    pub(crate) over: bool,
    /// True if a sign-out was asked for, and nobody said what became of it.
    pub(crate) uncertain: bool,
}

/// What was acknowledged to one person.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life {
    pub(crate) person: String,
    pub(crate) user: Option<String>,
    /// The number that was bound, as the account shows it.
    pub(crate) phone: Option<String>,
    pub(crate) sessions: Vec<Session>,
}

/// Everything that a load was answered.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) lives: Mutex<Vec<Life>>,
    acknowledged: AtomicUsize,
    begun: AtomicU32,
    completed: AtomicUsize,
    unanswered: Mutex<BTreeMap<String, usize>>,
}

impl Record {
    /// How many requests were answered as they should be.
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// How many lives went through every step.
    pub(crate) fn completed(&self) -> usize {
        self.completed.load(Ordering::Relaxed)
    }

    /// Waits until the load has got on by `wanted` answers.
    pub(crate) async fn some_more(&self, wanted: usize) {
        let (wanted, since) = (self.acknowledged() + wanted, Instant::now());
        while self.acknowledged() < wanted {
            assert!(since.elapsed() < PATIENCE, "{:?}", self.others());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// What came in the place of the others, and how often.
    pub(crate) fn others(&self) -> BTreeMap<String, usize> {
        self.unanswered.lock().expect("a record").clone()
    }

    /// Takes a success, and counts anything else.
    fn take(&self, step: &str, answer: Result<Answer, reqwest::Error>) -> Option<Answer> {
        let other = match answer {
            Ok(answer) if answer.is_ok() => {
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
                return Some(answer);
            }
            Ok(answer) => format!("{step}: {} {}", answer.status, answer.code()),
            Err(_) => format!("{step}: no answer"),
        };
        let mut others = self.unanswered.lock().expect("a record");
        *others.entry(other).or_default() += 1;
        None
    }
}

/// Lives one life after the other until it is told to stop.
pub(crate) async fn live(client: &Client, hand: &Hand, record: &Record, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let n = record.begun.fetch_add(1, Ordering::Relaxed);
        let mut life = Life {
            person: format!("person{n}"),
            ..Life::default()
        };
        let living = Living {
            client,
            hand,
            record,
        };
        // Whoever was let down half-way is on record with what they had, and the next
        // one does not come at once.
        if living.all_of(&mut life, n).await.is_none() {
            sleep(Duration::from_millis(100)).await;
        }
        record.lives.lock().expect("a record").push(life);
    }
}

struct Living<'a> {
    client: &'a Client,
    hand: &'a Hand,
    record: &'a Record,
}

impl Living<'_> {
    /// Half of all come by one tap and bind a number, the others come by SMS and link
    /// their WeChat with it; then a second device, refreshes, a sign-out, a return.
    /// `None` as soon as something is not acknowledged.
    async fn all_of(&self, life: &mut Life, n: u32) -> Option<()> {
        // A vendor sends one message a minute to a number: each has one of its own.
        let phone = format!("139{n:08}");
        self.hand.person(&life.person, None).await;
        if n.is_multiple_of(2) {
            self.tap(life).await?;
            self.refresh(&mut life.sessions[0]).await?;
            self.bind(life, &phone).await?;
        } else {
            self.by_sms(life, &phone).await?;
        }
        self.tap(life).await?;
        self.refresh(&mut life.sessions[1]).await?;
        self.sign_out(&mut life.sessions[0]).await?;
        self.refresh(&mut life.sessions[1]).await?;
        self.tap(life).await?;
        self.record.completed.fetch_add(1, Ordering::Relaxed);
        Some(())
    }

    /// Signs in by WeChat, as whoever this person is already.
    async fn tap(&self, life: &mut Life) -> Option<()> {
        let code = self.hand.login_code(&life.person).await;
        let answer = self.client.one_tap(&code).await;
        let answer = self.record.take("one tap", answer)?;
        signed_in(life, &answer);
        Some(())
    }

    async fn bind(&self, life: &mut Life, phone: &str) -> Option<()> {
        let token = life.sessions[0].access.clone();
        let ask = json!({ "phone": phone, "purpose": "bind_phone", "client_type": "mini_program" });
        let asked = self.call("/v1/sms/codes", &token, ask).await;
        self.record.take("code to bind", asked)?;
        let code = self.hand.sms_code(phone).await?;
        let body = json!({ "phone": phone, "code": code });
        let bound = self.call("/v1/me/phone", &token, body).await;
        let bound = self.record.take("bind", bound)?;
        life.phone = Some(bound.text("/user/phone"));
        Some(())
    }

    async fn by_sms(&self, life: &mut Life, phone: &str) -> Option<()> {
        let asked = self.client.ask_for_code(phone).await;
        self.record.take("code to sign in", asked)?;
        let code = self.hand.sms_code(phone).await?;
        let wechat = self.hand.login_code(&life.person).await;
        let body = json!({
            "phone": phone, "code": code, "client": { "type": "mini_program" },
            "wechat": { "code": wechat },
        });
        let answer = self.client.post("/v1/login/sms", body).await;
        let answer = self.record.take("by SMS", answer)?;
        signed_in(life, &answer);
        life.phone = Some(answer.text("/user/phone"));
        Some(())
    }

    async fn refresh(&self, session: &mut Session) -> Option<()> {
        let answer = self.client.refresh(&session.refresh).await;
        let answer = self.record.take("refresh", answer)?;
        assert_eq!(answer.text("/session_id"), session.id);
        session.access = answer.text("/access_token");
        session.refresh = answer.text("/refresh_token");
        Some(())
    }

    async fn sign_out(&self, session: &mut Session) -> Option<()> {
        session.uncertain = true;
        let answer = self.client.sign_out(&session.access).await;
        self.record.take("sign-out", answer)?;
        session.over = true;
        Some(())
    }

    async fn call(&self, path: &str, token: &str, body: Value) -> Result<Answer, reqwest::Error> {
        let client = self.client;
        client
            .ask(Method::POST, path, Some(token), Some(body))
            .await
    }
}

fn signed_in(life: &mut Life, answer: &Answer) {
    let user = answer.text("/user/id");
    if let Some(known) = &life.user {
        assert_eq!(*known, user, "{} became two", life.person);
    }
    life.user = Some(user);
    life.sessions.push(Session {
        id: answer.text("/session_id"),
        access: answer.text("/access_token"),
        refresh: answer.text("/refresh_token"),
        over: false,
        uncertain: false,
    });
}
