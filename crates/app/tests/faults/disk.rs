//! A full disk under the embedded database: what reads goes on.
//!
//! The process may not make its files longer (`RLIMIT_FSIZE`), which needs no
//! rights and no file system of its own, and fails at the same system call.

use std::process::Command;
use std::time::Duration;

use menshen_sql::{Database, DatabaseOptions};
use reqwest::Method;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::stage::{LONGEST, alone, down};
use crate::support::{Answer, Login, Process, client, menshen};

const PHONE: &str = "13900000001";
const BACK: Duration = Duration::from_secs(5);

/// The process, and what its clients do.
struct Embedded(Process);

impl Embedded {
    fn start(folder: &std::path::Path) -> Self {
        let settings = [("server.listen", "127.0.0.1:0"), ("sms.captcha.after", "0")];
        let serve = menshen(folder, &settings, &["serve"]);
        // Whoever ignores the signal is told of the limit by an error instead.
        let mut patient = Command::new("/bin/sh");
        patient
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(serve.get_program())
            .args(serve.get_args())
            .env_clear()
            .current_dir(folder);
        let set = serve
            .get_envs()
            .filter_map(|(key, value)| Some((key, value?)));
        patient.envs(set);
        Self(Process::start(patient, "Playground"))
    }

    /// Lets no file become longer, or any.
    fn disk_full(&self, full: bool) {
        let limit = if full { "1024:unlimited" } else { "unlimited" };
        let limited = Command::new("prlimit")
            .args(["--pid", &self.0.id().to_string()])
            .arg(format!("--fsize={limit}"))
            .status();
        assert!(limited.expect("prlimit, of util-linux").success());
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let path = format!("/simulator/control/{path}");
        let answer = self.0.call(method, &path).json(body).send().await;
        answer.body()
    }

    async fn tap(&self) -> Answer {
        let person = json!({ "person": "alice" });
        let code = self.control(Method::POST, "wechat/login", person).await;
        let body = json!({ "code": code["code"], "client": client() });
        self.0.post("/v1/login/wechat").json(body).send().await
    }

    async fn ask(&self, phone: &str) -> Answer {
        let body = json!({ "phone": phone, "purpose": "login", "client_type": "mini_program" });
        self.0.post("/v1/sms/codes").json(body).send().await
    }

    async fn code(&self) -> String {
        let path = format!("sms?phone={PHONE}");
        let inbox = self.control(Method::GET, &path, json!({})).await;
        inbox[0]["code"].as_str().expect("a code").to_owned()
    }

    async fn try_code(&self, code: &str) -> Answer {
        let body = json!({ "phone": PHONE, "code": code, "client": client() });
        self.0.post("/v1/login/sms").json(body).send().await
    }

    async fn refresh(&self, token: &str) -> Answer {
        let body = json!({ "refresh_token": token });
        self.0.post("/v1/token/refresh").json(body).send().await
    }

    async fn log_out(&self, token: &str) -> Answer {
        let call = self.0.post("/v1/logout").bearer(token).json(json!({}));
        call.send().await
    }

    async fn ready(&self) -> (u16, String) {
        let answer = self.0.get("/readyz").send().await;
        (answer.status, down(&answer.body()))
    }

    /// Everything that the table names, once.
    async fn is_read_only(&self, login: &Login, code: &str) {
        let asked = Instant::now();
        let refusals = tokio::join!(
            self.ask("13900000002"),
            self.try_code(code),
            self.tap(),
            self.refresh(login.refresh()),
            self.log_out(login.access()),
        );
        for refused in <[Answer; 5]>::from(refusals) {
            refused.fails(503, "unavailable");
        }
        for path in ["/v1/auth/verify", "/v1/me"] {
            let call = self.0.get(path).bearer(login.access());
            call.send().await.ok();
        }
        for path in ["/.well-known/jwks.json", "/healthz"] {
            assert_eq!(self.0.get(path).send().await.status, 200);
        }
        assert_eq!(self.ready().await, (503, "database".to_owned()));
        assert!(asked.elapsed() < LONGEST, "{:?}", asked.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_full_disk_tokens_are_checked_and_the_file_stays_whole() {
    let _alone = alone().await;
    let folder = tempfile::tempdir().expect("a folder");
    let embedded = Embedded::start(folder.path());
    let login = Login::of(&embedded.tap().await);
    embedded.ask(PHONE).await.ok();
    let code = embedded.code().await;
    embedded.disk_full(true);
    for _ in 0..4 {
        embedded.is_read_only(&login, &code).await;
    }
    embedded.disk_full(false);
    let since = Instant::now();
    while embedded.ready().await.0 != 200 {
        assert!(since.elapsed() < BACK, "not back");
        sleep(Duration::from_millis(50)).await;
    }
    // Nothing was half-done: the same token, code and session are still good.
    let refreshed = Login::of(&embedded.refresh(login.refresh()).await);
    let by_code = Login::of(&embedded.try_code(&code).await);
    assert!(by_code.is_new());
    embedded.tap().await.ok();
    embedded.log_out(refreshed.access()).await.ok();
    embedded.0.signal("TERM");
    let (status, said) = embedded.0.end();
    assert_eq!(status, Some(0), "{said}");
    is_whole(folder.path()).await;
}

/// The file is sound, and has the three logins that were acknowledged.
async fn is_whole(folder: &std::path::Path) {
    let url = format!("sqlite://{}", folder.join("data/menshen.db").display());
    let options = DatabaseOptions::default();
    let database = Database::connect(&url, options).await.expect("a database");
    let db = database.connection();
    let ask = |sql: &str| {
        let question = Statement::from_string(db.get_database_backend(), sql);
        async move { db.query_one_raw(question).await.expect("an answer") }
    };
    let row = ask("PRAGMA integrity_check").await.expect("a row");
    assert_eq!(row.try_get_by_index::<String>(0), Ok("ok".to_owned()));
    let row = ask("SELECT COUNT(*) FROM sessions").await.expect("a row");
    assert_eq!(row.try_get_by_index::<i64>(0), Ok(3));
}
