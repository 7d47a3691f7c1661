//! TLS towards a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use menshen_sql::{Database, DatabaseError, DatabaseOptions};
use menshen_testkit::authority::Authority;
use menshen_testkit::servers::postgres::PostgresServer;
use sea_orm::{ConnectionTrait as _, Statement};
use tokio::task::spawn_blocking;

async fn connect(
    server: &PostgresServer,
    host: &str,
    parameters: &str,
) -> Result<Database, DatabaseError> {
    let url = format!(
        "postgres://menshen@{host}:{}/menshen?{parameters}",
        server.port()
    );
    Database::connect(&url, DatabaseOptions::default()).await
}

async fn is_encrypted(database: &Database) -> bool {
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let statement = Statement::from_string(database.connection().get_database_backend(), sql);
    let row = database
        .connection()
        .query_one_raw(statement)
        .await
        .unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

fn told(refused: Result<Database, DatabaseError>) -> String {
    let Err(DatabaseError::Unavailable(fault)) = refused else {
        panic!("connected")
    };
    fault.to_string()
}

#[tokio::test]
async fn only_the_right_name_under_the_right_authority_is_connected_to() {
    let (ours, other) = (Authority::new(), Authority::new());
    let certificate = ours.certify("server", "DNS:localhost");
    let server = spawn_blocking(move || PostgresServer::start_with_tls(&certificate));
    let server = server.await.unwrap();
    let full = |authority: &Authority| {
        format!(
            "sslmode=verify-full&sslrootcert={}",
            authority.file().display()
        )
    };

    let database = connect(&server, "localhost", &full(&ours)).await.unwrap();
    assert!(is_encrypted(&database).await);
    // Naming the authority is enough.
    let named = format!("sslrootcert={}", ours.file().display());
    let database = connect(&server, "localhost", &named).await.unwrap();
    assert!(is_encrypted(&database).await);

    let wrong = told(connect(&server, "localhost", &full(&other)).await);
    assert!(wrong.contains("UnknownIssuer"), "{wrong}");
    let wrong = told(connect(&server, "localhost", "sslmode=verify-full").await);
    assert!(wrong.contains("UnknownIssuer"), "{wrong}");
    let wrong = told(connect(&server, "127.0.0.1", &full(&ours)).await);
    assert!(wrong.contains("not valid for name"), "{wrong}");
    let wrong = told(connect(&server, "localhost", "sslrootcert=/nowhere.pem").await);
    assert!(!wrong.is_empty());
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let server = spawn_blocking(PostgresServer::start).await.unwrap();
    for mode in ["require", "verify-ca", "verify-full"] {
        let refused = told(connect(&server, "localhost", &format!("sslmode={mode}")).await);
        assert!(
            refused.contains("does not support TLS"),
            "{mode}: {refused}"
        );
    }
    for mode in ["prefer", "disable"] {
        let database = connect(&server, "localhost", &format!("sslmode={mode}")).await;
        assert!(!is_encrypted(&database.unwrap()).await, "{mode}");
    }
}

/// A server that knows its clients by their certificates.
#[tokio::test]
async fn a_certificate_of_our_own_is_shown_to_servers_that_ask() {
    let authority = Authority::new();
    let certificate = authority.certify("server", "DNS:localhost");
    let ours = authority.certify("menshen", "DNS:menshen");
    let server = spawn_blocking(move || {
        let server = PostgresServer::start_with_tls(&certificate);
        server.require_certificates(&authority);
        server.kill();
        server.restart();
        (server, authority)
    });
    let (server, authority) = server.await.unwrap();
    let root = format!("sslrootcert={}", authority.file().display());
    told(connect(&server, "localhost", &root).await);
    let with_ours = format!(
        "{root}&sslcert={}&sslkey={}",
        ours.certificate.display(),
        ours.key.display()
    );
    let database = connect(&server, "localhost", &with_ours).await.unwrap();
    assert!(is_encrypted(&database).await);
}
