//! The pure parts of the hot paths, by themselves: `cargo bench -p menshen-bench`.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use criterion::Criterion;
use menshen_domain::model::client::ClientType;
use menshen_domain::model::evidence::{Evidence, WeChatIdentity};
use menshen_domain::model::identifiers::{EventId, SessionId, UserId};
use menshen_domain::model::limits::Limits;
use menshen_domain::model::linking::{LinkingPolicy, Snapshot, decide};
use menshen_domain::model::refresh::{RefreshPolicy, RefreshState};
use menshen_domain::model::refresh_token::{RefreshClaims, RefreshToken, verify_refresh_token};
use menshen_domain::model::token::{AccessClaims, Scope};
use menshen_domain::model::verification::{CodeScope, CodeSeed, Purpose};
use menshen_domain::model::wechat::Provider;
use menshen_domain::ports::keyring_store::{MockKeyringStore, WrappedKey};
use menshen_domain::ports::mac::{Mac as _, MacUse};
use menshen_domain::ports::sealer::{SealUse, Sealer as _};
use menshen_domain::ports::signing_key_store::{MockSigningKeyStore, SealedSigningKey};
use menshen_domain::ports::token_issuer::TokenIssuer as _;
use menshen_domain::ports::token_verifier::TokenVerifier as _;
use menshen_testkit::people::{People, app_id, openid, platform, union_id};
use menshen_testkit::sample::{now, phone};
use menshen_token::algorithm::Algorithm;
use menshen_token::key_set::{KeySet, TokenConfig};
use menshen_token::keyring::Keyring;
use menshen_token::master_key::{MasterKey, MasterKeys};
use menshen_token::system_randomness::SystemRandomness;

const DAY: Duration = Duration::from_hours(24);

/// Which account somebody known signs in to.
fn linking(bench: &mut Criterion) {
    let account = People::new(1).whole_account(1);
    let evidence = Evidence::WeChat(WeChatIdentity {
        provider: Provider::WeChatMiniProgram,
        app_id: app_id("wx1"),
        openid: openid(1),
        union_id: Some((platform(), union_id(1))),
        session_key: None,
    });
    let found = Snapshot {
        by_openid: Some(account.clone()),
        by_union_id: Some(account),
        ..Snapshot::default()
    };
    let policy = LinkingPolicy {
        merge: true,
        confirm_wechat_phone: false,
        restore: false,
        consented: true,
    };
    bench.bench_function("linking decision", |bench| {
        bench.iter(|| decide(black_box(&evidence), black_box(&found), policy));
    });
}

/// What a refresh token leads to.
fn refresh(bench: &mut Criterion) {
    let state = RefreshState::begin(now());
    let policy = RefreshPolicy {
        idle_ttl: 30 * DAY,
        grace: Duration::from_secs(30),
        recovery: 7 * DAY,
    };
    bench.bench_function("refresh decision", |bench| {
        bench.iter(|| black_box(&state).present(black_box(0), now(), &policy));
    });
    let ring = keyring();
    let claims = RefreshClaims {
        session: SessionId::generate(&SystemRandomness, now()),
        generation: 7,
    };
    let token = RefreshToken::compute(&ring, claims);
    bench.bench_function("refresh token computed", |bench| {
        bench.iter(|| RefreshToken::compute(&ring, black_box(claims)));
    });
    bench.bench_function("refresh token checked", |bench| {
        bench.iter(|| verify_refresh_token(&ring, black_box(token.expose())));
    });
}

/// Access tokens, signed and checked.
fn access_tokens(bench: &mut Criterion) {
    let keys = key_set();
    let claims = AccessClaims {
        user: UserId::generate(&SystemRandomness, now()),
        session: SessionId::generate(&SystemRandomness, now()),
        id: EventId::generate(&SystemRandomness, now()),
        client_type: ClientType::MiniProgram,
        scope: Scope::User,
        issued_at: now(),
        expires_at: now() + Duration::from_hours(1),
    };
    bench.bench_function("access token issued (ES256)", |bench| {
        bench.iter(|| keys.issue(black_box(&claims)));
    });
    let token = keys.issue(&claims).expect("a token");
    bench.bench_function("access token checked (ES256)", |bench| {
        bench.iter(|| keys.verify(black_box(token.expose()), now()));
    });
}

/// What stands sealed in a row, and what finds it.
fn sealing(bench: &mut Criterion) {
    let ring = keyring();
    let number = phone(1);
    let clear = number.as_e164().as_bytes();
    let sealed = ring.seal(SealUse::PhoneNumber, b"row", clear);
    let sealed = sealed.expect("a sealed number");
    bench.bench_function("phone number sealed", |bench| {
        bench.iter(|| ring.seal(SealUse::PhoneNumber, b"row", black_box(clear)));
    });
    bench.bench_function("phone number opened", |bench| {
        bench.iter(|| ring.open(SealUse::PhoneNumber, b"row", black_box(&sealed)));
    });
    bench.bench_function("blind index", |bench| {
        bench.iter(|| ring.tag(MacUse::BlindIndex, black_box(clear)));
    });
    let scope = CodeScope {
        purpose: Purpose::Login,
        client_type: ClientType::App,
        phone: number.clone(),
    };
    let seed = CodeSeed::generate(&SystemRandomness);
    bench.bench_function("verification code derived", |bench| {
        bench.iter(|| black_box(&seed).code(&ring, &scope));
    });
}

/// Which limits a message is counted against.
fn limits(bench: &mut Criterion) {
    let limits = Limits {
        resend_interval: Duration::from_mins(1),
        per_phone_hour: 5,
        per_phone_day: 10,
        per_ip_hour: 20,
        per_ip_day: 100,
        per_network_hour: 300,
        per_prefix_hour: 60,
        per_account_day: 20,
        deployment_minute: 600,
        deployment_day: 10_000,
        failures_per_phone_day: 20,
        failures_per_ip: 30,
        failures_per_network: 100,
        refresh_per_session: 30,
        refresh_per_ip: 600,
    };
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let scope = CodeScope {
        purpose: Purpose::Login,
        client_type: ClientType::App,
        phone: phone(1),
    };
    bench.bench_function("limits of a message", |bench| {
        bench.iter(|| limits.for_sms(black_box(&scope), address));
    });
}

fn keyring() -> Keyring {
    let rows: Arc<Mutex<Vec<WrappedKey>>> = Arc::default();
    let (read, write) = (Arc::clone(&rows), rows);
    let mut store = MockKeyringStore::new();
    let rows = move || read.lock().unwrap_or_else(PoisonError::into_inner).clone();
    store.expect_load().returning(move || Ok(rows()));
    store.expect_add().returning(move |keys| {
        let mut rows = write.lock().unwrap_or_else(PoisonError::into_inner);
        rows.extend_from_slice(keys);
        Ok(true)
    });
    let masters = MasterKeys::from(MasterKey::generate(&SystemRandomness));
    let opened = Keyring::open(&store, &masters, Arc::new(SystemRandomness), now());
    wait(opened).expect("a keyring")
}

fn key_set() -> KeySet {
    let rows: Arc<Mutex<Vec<SealedSigningKey>>> = Arc::default();
    let (read, write) = (Arc::clone(&rows), rows);
    let mut store = MockSigningKeyStore::new();
    let rows = move || read.lock().unwrap_or_else(PoisonError::into_inner).clone();
    store.expect_load().returning(move |_| Ok(rows()));
    store.expect_add().returning(move |key, _, _| {
        let mut rows = write.lock().unwrap_or_else(PoisonError::into_inner);
        rows.push(key.clone());
        Ok(true)
    });
    let config = TokenConfig {
        issuer: "menshen".to_owned(),
        audience: "menshen".to_owned(),
        algorithm: Algorithm::Es256,
        key_rotation: 90 * DAY,
        longest_access_ttl: Duration::from_hours(1),
    };
    let (ring, randomness) = (Arc::new(keyring()), Arc::new(SystemRandomness));
    wait(KeySet::open(
        config,
        Arc::new(store),
        ring,
        randomness,
        now(),
    ))
    .expect("signing keys")
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(work)
}

fn main() {
    let mut bench = Criterion::default().without_plots().configure_from_args();
    linking(&mut bench);
    refresh(&mut bench);
    access_tokens(&mut bench);
    sealing(&mut bench);
    limits(&mut bench);
    bench.final_summary();
}
