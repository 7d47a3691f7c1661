//! Whoever has left is nowhere any more: a dump of the whole database and of Redis
//! is searched for all that they told us.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use menshen_testkit::servers::postgres::PostgresServer;
use menshen_testkit::servers::redis::RedisServer;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::support::{Login, Service};

const PHONE: &str = "+8613912345679";
const NATIONAL: &str = "13912345679";
const NICKNAME: &str = "水芹与石榴";
const BIO: &str = "住在很远的山上";
const AVATAR: &str = "https://cdn.example/only-mine.png";
const DEVICE_ID: &str = "9b1f2c77-device-of-mine";
const DEVICE_NAME: &str = "我自己的旧手机";
const USER_AGENT: &str = "OnlyMine/7.1";
const MASTER_KEY: &str = "q0xTlXvS2mY8cQd1Zr5hWn7uEoPa3KfGjBt9yLiV6sM=";

/// The live content of the whole database: all rows of PostgreSQL, or the bytes of a
/// fresh file.
async fn dump(service: &Service, postgres: Option<&Arc<PostgresServer>>) -> Vec<u8> {
    if let Some(postgres) = postgres.map(Arc::clone) {
        return spawn_blocking(move || rows_of(&postgres))
            .await
            .expect("rows");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("copy.db");
    service
        .sql(&format!("VACUUM INTO '{}'", file.display()))
        .await;
    std::fs::read(&file).expect("the copy")
}

/// All rows of all tables, bytes in hexadecimal; what is found there in hexadecimal is
/// there as well.
fn rows_of(postgres: &PostgresServer) -> Vec<u8> {
    let tables = postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    assert!(tables.lines().count() > 8, "{tables}");
    let rows = tables.lines().map(|table| {
        let rows = postgres.execute(&format!("SELECT * FROM {table}"));
        format!("{rows}\n")
    });
    rows.collect::<String>().into_bytes()
}

/// One command of Redis and the bytes of its answer, of any depth.
fn command(stream: &mut BufReader<TcpStream>, words: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut request = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        request.extend(format!("${}\r\n", word.len()).into_bytes());
        request.extend_from_slice(word);
        request.extend(b"\r\n");
    }
    stream.get_mut().write_all(&request).expect("a request");
    let mut values = Vec::new();
    let mut left = 1;
    while left > 0 {
        left -= 1;
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).expect("an answer");
        let text = String::from_utf8_lossy(&line[1..]).trim().to_owned();
        match line[0] {
            b'*' => left += text.parse::<i64>().expect("a count").max(0),
            b'$' => {
                let size = text.parse::<i64>().expect("a size");
                if let Ok(size) = usize::try_from(size) {
                    let mut value = vec![0; size + 2];
                    stream.read_exact(&mut value).expect("a value");
                    value.truncate(size);
                    values.push(value);
                }
            }
            b'-' => panic!("{text}"),
            _ => values.push(text.into_bytes()),
        }
    }
    values
}

/// All keys and values of Redis, uncompressed.
async fn dump_of(redis: &RedisServer) -> Vec<u8> {
    let url = redis.url();
    let address = url.trim_start_matches("redis://").trim_end_matches('/');
    let address = address.split('/').next().expect("an address").to_owned();
    let dumped = spawn_blocking(move || {
        let stream = TcpStream::connect(address).expect("Redis");
        let mut stream = BufReader::new(stream);
        command(&mut stream, &[b"CONFIG", b"SET", b"rdbcompression", b"no"]);
        let mut all = Vec::new();
        for key in command(&mut stream, &[b"KEYS", b"*"]) {
            all.extend(command(&mut stream, &[b"DUMP", &key]).concat());
            all.extend(key);
        }
        all
    });
    dumped.await.expect("a dump")
}

fn holds(dump: &[u8], needle: &str) -> bool {
    [needle.to_owned(), hex::encode(needle)].iter().any(|form| {
        dump.windows(form.len())
            .any(|bytes| bytes == form.as_bytes())
    })
}

/// The openid and the unionid.
async fn subjects(service: &Service) -> Vec<String> {
    let db = service.witness();
    let db = db.connection();
    let sql = "SELECT subject FROM identities";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql));
    let rows = rows.await.expect("rows");
    let subjects = rows.iter().map(|row| row.try_get_by_index(0));
    subjects.collect::<Result<_, _>>().expect("texts")
}

/// Tells us all that can be told, in every way that there is.
async fn live(service: &Service) -> Login {
    let client = json!({
        "type": "mini_program", "device_id": DEVICE_ID, "device_name": DEVICE_NAME,
        "version": "7.1",
    });
    service.person("dave", Some(PHONE)).await;
    service.ask(PHONE).await.ok();
    let code = service.code_at(PHONE).await;
    let body = json!({ "phone": PHONE, "code": code, "client": client });
    let call = service.post("/v1/login/sms").json(body);
    let texted = Login::of(&call.header("user-agent", USER_AGENT).send().await);
    service.link(&texted, "dave").await.ok();
    let pressed = Login::of(&service.press_button("dave").await);
    assert_eq!(pressed.user(), texted.user());
    let tapped = service.one_tap_with("dave", client).await;
    let profile = json!({ "nickname": NICKNAME, "bio": BIO, "avatar_url": AVATAR });
    let patch = service.patch("/v1/me").bearer(tapped.access());
    patch.json(profile).send().await.ok();
    let data = service.open_data("dave").await;
    let decrypt = service
        .post("/v1/me/wechat/decrypt")
        .bearer(tapped.access());
    decrypt.json(data).send().await.ok();
    // Ways that failed leave traces, too.
    service.try_code(PHONE, "000000").await;
    service.forget_messages().await;
    let ask = json!({ "purpose": "step_up", "client_type": "mini_program" });
    let ask = service
        .post("/v1/sms/codes")
        .bearer(tapped.access())
        .json(ask);
    ask.send().await.ok();
    let exported = service.get("/v1/me/export").bearer(tapped.access());
    exported.send().await.ok();
    Login::of(&service.refresh(tapped.refresh()).await)
}

#[tokio::test]
async fn nothing_of_a_person_who_left_is_in_the_database_or_in_redis() {
    leave_and_look(None).await;
}

#[tokio::test]
async fn nothing_of_a_person_who_left_is_in_postgresql_either() {
    let postgres = spawn_blocking(PostgresServer::start).await;
    leave_and_look(Some(Arc::new(postgres.expect("a server")))).await;
}

async fn leave_and_look(postgres: Option<Arc<PostgresServer>>) {
    let redis = spawn_blocking(RedisServer::start).await.expect("a Redis");
    let redis = Arc::new(redis);
    let url = redis.url();
    let database = postgres.as_ref().map(|server| server.url());
    let mut given = vec![
        ("ephemeral.url", url.as_str()),
        ("accounts.cancel_after", "0s"),
        ("sms.resend_interval", "0s"),
        ("secrets.master_key", MASTER_KEY),
    ];
    given.extend(database.iter().map(|url| ("database.url", url.as_str())));
    let service = Service::with(&given).await;
    let login = live(&service).await;
    let mut told: Vec<String> = subjects(&service).await;
    assert_eq!(told.len(), 2, "an openid and a unionid");
    told.extend([NICKNAME, BIO, AVATAR, DEVICE_ID, DEVICE_NAME, USER_AGENT].map(str::to_owned));
    let before = dump(&service, postgres.as_ref()).await;
    for needle in &told {
        assert!(holds(&before, needle), "the search finds {needle}");
    }
    // Sealed or hashed from the first moment on.
    told.extend([PHONE, NATIONAL].map(str::to_owned));

    let cancel = service.delete("/v1/me").bearer(login.access());
    assert_eq!(cancel.send().await.ok()["erased"], true);
    let after = dump(&service, postgres.as_ref()).await;
    let ephemeral = dump_of(&redis).await;
    assert!(!ephemeral.is_empty(), "Redis was used");
    for needle in &told {
        assert!(!holds(&after, needle), "{needle} is in the database");
        assert!(!holds(&ephemeral, needle), "{needle} is in Redis");
    }
    // What is sealed is gone too, and the log is still there, masked.
    let left = "users WHERE phone_sealed IS NOT NULL OR phone_index IS NOT NULL \
                OR consent_version IS NOT NULL";
    assert_eq!(service.count(left).await, 0);
    assert_eq!(service.count("identities").await, 0);
    assert!(
        service
            .count("audit_events WHERE subject = '139****5679'")
            .await
            > 0
    );
    let addresses = "sessions WHERE address <> '0.0.0.0'";
    assert_eq!(service.count(addresses).await, 0);
    // Messages were sent from somewhere, and rows tell of which network, not of whom.
    assert!(service.count("sms_sends").await > 0);
    assert_eq!(
        service.count("sms_sends WHERE source <> '0.0.0.0'").await,
        0
    );
    let told = "audit_events WHERE address IS NOT NULL";
    assert!(service.count(told).await > 5);
    let whole = format!("{told} AND address NOT LIKE '127.0.0.0/24~%'");
    assert_eq!(service.count(&whole).await, 0);
    assert!(!holds(&after, "127.0.0.1"), "an address is in the database");
}
