//! Pictures that take their time to arrive: what happens meanwhile, and how long they may.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::avatars::{KIND, PATIENCE, form, kept, red, upload, uploaded};
use crate::avatars_in_bucket::in_bucket;
use crate::bucket::BucketServer;
use crate::support::{Login, Service};

const UNLIMITED: (&str, &str) = ("accounts.avatars_per_user_hour", "0");

/// An upload of which half is there.
struct Half {
    line: TcpStream,
    rest: Vec<u8>,
}

impl Half {
    async fn of(service: &Service, login: &Login) -> Self {
        let line = TcpStream::connect(service.address).await;
        let mut line = line.expect("a connection");
        let body = form(&red());
        let head = format!(
            "POST /v1/me/avatar HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
             content-type: {KIND}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            login.access(),
            body.len(),
        );
        let (first, rest) = body.split_at(body.len() / 2);
        let first = [head.as_bytes(), first].concat();
        line.write_all(&first).await.expect("a part");
        let rest = rest.to_vec();
        Self { line, rest }
    }

    /// The probe may have been in its place when it came.
    fn was_refused(&self) -> bool {
        self.line.try_read(&mut [0; 16]).is_ok()
    }

    /// Sends the rest.
    async fn complete(mut self) -> (u16, Value) {
        self.line.write_all(&self.rest).await.expect("the rest");
        let mut said = Vec::new();
        let read = timeout(PATIENCE, self.line.read_to_end(&mut said));
        read.await.expect("an end").expect("an answer");
        answer(&said)
    }

    /// Sends a byte now and then, until the server has enough of it.
    async fn drip(mut self) -> (u16, Value) {
        let (mut reading, mut writing) = self.line.split();
        let mut said = Vec::new();
        let listening = reading.read_to_end(&mut said);
        let talking = async {
            let mut beat = interval(Duration::from_millis(50));
            beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for byte in &self.rest {
                beat.tick().await;
                if writing.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        let kept = timeout(PATIENCE, async {
            tokio::select! {
                // A connection that is reset is closed, too.
                _ = listening => {}
                () = talking => {}
            }
        });
        kept.await.expect("it is kept for ever");
        answer(&said)
    }
}

/// The status and the body of an answer.
fn answer(said: &[u8]) -> (u16, Value) {
    let said = std::str::from_utf8(said).expect("text");
    let (head, body) = said.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).expect("a status");
    let body = serde_json::from_str(body).expect("JSON");
    (status.parse().expect("a number"), body)
}

/// Two uploads of this person that the server has let in: a third finds no place.
async fn two_halves(service: &Service, login: &Login) -> [Half; 2] {
    let mut halves = [
        Half::of(service, login).await,
        Half::of(service, login).await,
    ];
    let full = async {
        loop {
            let third = upload(service, login, b"no picture").await;
            if third.status == 429 {
                return third.fails(429, "rate_limited");
            }
            third.fails(415, "unsupported_media_type");
            for half in halves.iter_mut().filter(|half| half.was_refused()) {
                *half = Half::of(service, login).await;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, full).await.expect("both are let in");
    halves
}

/// How a session may end while a picture is on its way.
#[derive(Debug, Clone, Copy)]
enum End {
    Erased,
    Merged,
    SignedOut,
}

impl End {
    const ALL: [(Self, &str, &str); 3] = [
        (Self::Erased, "alice", "cancelled"),
        (Self::Merged, "bob", "merged"),
        (Self::SignedOut, "carol", "signed_out"),
    ];

    async fn comes(self, service: &Service, person: &str, login: &Login) {
        match self {
            Self::Erased => {
                let leave = service.delete("/v1/me").bearer(login.access());
                assert_eq!(leave.send().await.ok()["erased"], true);
            }
            Self::Merged => {
                let texted = service.sms_login("+8613900000001").await;
                assert_eq!(service.link(&texted, person).await.ok()["merged"], true);
            }
            Self::SignedOut => {
                let call = service.post("/v1/logout").bearer(login.access());
                call.json(json!({})).send().await.ok();
            }
        }
    }
}

/// The same as at any other request, wherever files are kept; and none is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_session_ends_meanwhile_is_told_why_and_leaves_no_file() {
    let bucket = BucketServer::start().await;
    for bucket in [None, Some(bucket)] {
        let mut given = vec![UNLIMITED, ("accounts.cancel_after", "0s")];
        if let Some(bucket) = &bucket {
            given.extend(in_bucket(&bucket.endpoint));
        }
        let service = Service::with(&given).await;
        for (end, person, reason) in End::ALL {
            let login = service.one_tap(person).await;
            let halves = two_halves(&service, &login).await;
            end.comes(&service, person, &login).await;
            let told = service.me(login.access()).await;
            assert_eq!(told.fails(401, "session_revoked")["reason"], reason);
            for half in halves {
                let (status, body) = half.complete().await;
                assert_eq!(status, 401, "{end:?}: {body}");
                assert_eq!(body["code"], "session_revoked");
                assert_eq!(body["reason"], reason);
            }
            assert_eq!(kept(&service).await, (0, 0), "{end:?}");
            if let Some(bucket) = &bucket {
                assert!(bucket.keys().is_empty(), "{end:?}");
            }
        }
    }
}

/// However steadily it comes: the time is that of the whole body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_comes_in_drops_is_given_up_and_its_place_is_free() {
    const SHORT: Duration = Duration::from_secs(4);
    let service = Service::adjusted(&[UNLIMITED], |settings| {
        let patience = &mut settings.avatars.patience;
        assert_eq!(
            *patience,
            Duration::from_secs(30),
            "as docs/avatars.md says"
        );
        *patience = SHORT;
    })
    .await;
    let login = service.one_tap("alice").await;
    let began = Instant::now();
    let [one, other] = two_halves(&service, &login).await;
    for (status, body) in <[_; 2]>::from(tokio::join!(one.drip(), other.drip())) {
        assert_eq!((status, &body["code"]), (408, &json!("invalid_request")));
    }
    assert!(began.elapsed() >= SHORT, "they had their time");
    assert_eq!(kept(&service).await, (0, 0));
    uploaded(&service, &login, &red()).await;
    assert_eq!(kept(&service).await, (1, 1));
}
