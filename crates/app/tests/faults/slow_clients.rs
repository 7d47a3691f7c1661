//! Two thousand clients that say a byte a second: each is let go in its time, and
//! nobody else notices.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::stage::alone;
use crate::support::{Process, client, menshen};

/// Of each kind.
const CROWD: usize = 500;
/// How many connect at once, so that the queue of the listener is long enough.
const AT_ONCE: usize = 100;
/// When the last of them must be gone. Heads have 5 seconds and bodies 9; the rest is
/// for a machine on which everything else is tested as well.
const GONE: Duration = Duration::from_secs(18);
/// No answer to anybody else may take longer.
const LONGEST: Duration = Duration::from_secs(2);
/// What all of them may cost in memory: some 20 KiB each.
const MEMORY_KIB: u64 = 64 * 1024;

/// How a client is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slow {
    /// With the head of its first request.
    Head,
    /// With a body that is read.
    Body,
    /// With the head of its second request, once the first was answered.
    SecondHead,
    /// With a body that nobody wants to read.
    UnwantedBody,
}

const KINDS: [Slow; 4] = [Slow::Head, Slow::Body, Slow::SecondHead, Slow::UnwantedBody];

impl Slow {
    /// What it says at once, and then a byte a second of what follows.
    fn says(self) -> (&'static str, &'static str) {
        const ENDLESS: &str = "GET /v1/me HTTP/1.1\r\nhost: x\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaa";
        match self {
            Self::Head => ("", ENDLESS),
            Self::Body => (
                "POST /v1/token/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                 content-length: 100\r\n\r\n",
                "{\"refresh_token\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ),
            // The first request, and the first byte of the second in the same packet.
            Self::SecondHead => ("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nG", &ENDLESS[1..]),
            Self::UnwantedBody => (
                "POST /v1/nowhere HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                 content-length: 100\r\n\r\n",
                "{\"scope\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ),
        }
    }
}

/// One slow client until it is let go: what it was told, and how long it was kept.
async fn dawdle(address: SocketAddr, slow: Slow) -> (Slow, String, Duration) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let began = Instant::now();
    let (at_once, slowly) = slow.says();
    stream.write_all(at_once.as_bytes()).await.expect("a word");
    let (mut reading, mut writing) = stream.split();
    let mut said = Vec::new();
    let listening = reading.read_to_end(&mut said);
    let talking = async {
        let mut beat = interval(Duration::from_secs(1));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for byte in slowly.as_bytes() {
            beat.tick().await;
            // Once the other side is closed, writing fails, and listening ends.
            if writing.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let kept = timeout(GONE * 2, async {
        tokio::select! {
            // A connection that is reset is closed, too.
            _ = listening => {}
            () = talking => {}
        }
    });
    let over = kept.await;
    let took = began.elapsed();
    assert!(over.is_ok(), "{slow:?} is kept for ever");
    (slow, String::from_utf8_lossy(&said).into_owned(), took)
}

/// A line of `/proc/PID/status`, in KiB.
fn memory(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect(name)
}

fn open_files(pid: u32) -> usize {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd"));
    files.expect("Linux").count()
}

/// The server inherits what this process may open.
fn may_open_many_files() {
    let raised = Command::new("prlimit")
        .args(["--pid", &std::process::id().to_string(), "--nofile=8192:"])
        .status();
    assert!(raised.expect("prlimit, of util-linux").success());
}

async fn signed_in(server: &Process) -> String {
    let code = server
        .call(Method::POST, "/simulator/control/wechat/login")
        .json(json!({ "person": "alice" }))
        .send()
        .await;
    let body = json!({ "code": code.body()["code"], "client": client() });
    let login = server.post("/v1/login/wechat").json(body).send().await;
    let token = login.ok()["access_token"].as_str().map(ToOwned::to_owned);
    token.expect("a token")
}

/// Others ask all the while, each with an answer in time, until `done`.
async fn others(server: &Process, token: &str, done: impl Fn() -> bool) -> usize {
    let mut answers = 0;
    while !done() {
        let began = Instant::now();
        let answer = server.get("/v1/me").bearer(token).send().await;
        let took = began.elapsed();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(took < LONGEST, "somebody else waited for {took:?}");
        answers += 1;
        sleep(Duration::from_millis(50)).await;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_slow_clients_are_let_go_in_time_and_disturb_nobody() {
    let _alone = alone().await;
    may_open_many_files();
    let folder = tempfile::tempdir().unwrap();
    let settings = [("server.listen", "127.0.0.1:0")];
    let server = Process::start(menshen(folder.path(), &settings, &["serve"]), "Playground");
    assert!(server.address.ip().is_loopback());
    let token = signed_in(&server).await;
    let (memory_before, files_before) = (memory(server.id(), "VmRSS:"), open_files(server.id()));

    let mut crowd = JoinSet::new();
    for number in 0..CROWD * KINDS.len() {
        crowd.spawn(dawdle(server.address, KINDS[number % KINDS.len()]));
        if number % AT_ONCE == AT_ONCE - 1 {
            sleep(Duration::from_millis(10)).await;
        }
    }
    let files_at_most = AtomicUsize::new(0);
    let gone = AtomicBool::new(false);
    let watched = async {
        others(&server, &token, || {
            let now = open_files(server.id());
            files_at_most.fetch_max(now, Ordering::Relaxed);
            gone.load(Ordering::Relaxed)
        })
        .await
    };
    let left = async {
        let left = crowd.join_all().await;
        gone.store(true, Ordering::Relaxed);
        left
    };
    let (answers, left) = tokio::join!(watched, left);

    assert!(answers > 20, "{answers}");
    for kind in KINDS {
        let of_kind: Vec<_> = left.iter().filter(|(slow, ..)| *slow == kind).collect();
        assert_eq!(of_kind.len(), CROWD);
        let longest = of_kind.iter().map(|(.., took)| *took).max().unwrap();
        println!("{kind:?}: gone after {longest:?} at the latest");
        assert!(longest < GONE, "{kind:?} was kept for {longest:?}");
        let told = |status: &str| of_kind.iter().all(|(_, said, _)| said.starts_with(status));
        match kind {
            Slow::Head | Slow::Body => assert!(told("HTTP/1.1 408"), "{:?}", of_kind[0]),
            Slow::SecondHead => assert!(told("HTTP/1.1 200"), "{:?}", of_kind[0]),
            Slow::UnwantedBody => assert!(told("HTTP/1.1 404"), "{:?}", of_kind[0]),
        }
    }
    // They were really there, all at once or nearly.
    let at_most = files_at_most.load(Ordering::Relaxed);
    assert!(at_most > files_before + CROWD, "{at_most}");
    let grown = memory(server.id(), "VmHWM:").saturating_sub(memory_before);
    println!("{answers} others answered; {at_most} files open at most; {grown} KiB more at most");
    assert!(grown < MEMORY_KIB, "{grown} KiB more");
    freed(server.id(), files_before).await;
    let metrics = server.get("/metrics").send().await;
    let cut = metrics.text.lines().find_map(|line| {
        line.strip_prefix("menshen_connections_cut_total ")?
            .parse::<usize>()
            .ok()
    });
    assert!(cut >= Some(CROWD), "{cut:?} were counted");
}

/// Waits until nothing of the crowd is left open.
async fn freed(pid: u32, before: usize) {
    let deadline = Instant::now() + GONE;
    // The client of this test keeps a few of its own.
    while open_files(pid) > before + 8 {
        assert!(Instant::now() < deadline, "{} are open", open_files(pid));
        sleep(Duration::from_millis(50)).await;
    }
}
