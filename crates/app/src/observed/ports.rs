//! The ports that are watched, operation by operation.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::audit::AuditEvent;
use menshen_domain::model::avatar::{Avatar, AvatarName};
use menshen_domain::model::captcha::SolvedCaptcha;
use menshen_domain::model::changes::{Changes, SessionsOf};
use menshen_domain::model::identifiers::{SendId, SessionId, TestNumberId, UserId};
use menshen_domain::model::limits::{LimitKey, PastUse, Window};
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::personal_records::{MessageEntry, Newest, PersonalRecords};
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::record::{
    AuditFilter, AuditRecord, ConsentRecord, Counts, Page, SendRecord,
};
use menshen_domain::model::recycled::Activity;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::sms_delivery::{DeliveryReceipt, SendVerdict, SentCount, SmsAttempt};
use menshen_domain::model::spend::SpendScope;
use menshen_domain::model::test_number::StoredTestNumber;
use menshen_domain::model::verification::{ChallengeId, CodeId, CodeScope, CodeSeed};
use menshen_domain::model::webhook::{Delivery, Listener, ReceiverName};
use menshen_domain::model::webhook_retry::Settlement;
use menshen_domain::model::wechat::{AppId, OpenId, PhoneCode, Provider, SessionKey, WeChatApp};
use menshen_domain::model::wechat_login::{LoginProof, ProfileTicket, UserRisk};
use menshen_domain::model::wechat_profile::WeChatProfile;
use menshen_domain::ports::account_store::{
    AccountStore, AccountStoreError, DueAccount, Lookup, StoredSessionKey,
};
use menshen_domain::ports::admin_reader::{AdminReader, AdminReaderError};
use menshen_domain::ports::audit_log::{AuditLog, AuditLogError};
use menshen_domain::ports::avatar_records::{AvatarRecords, AvatarRecordsError};
use menshen_domain::ports::avatar_store::{AvatarStore, AvatarStoreError};
use menshen_domain::ports::captcha_verifier::{
    CaptchaVerdict, CaptchaVerifier, CaptchaVerifierError,
};
use menshen_domain::ports::code_store::{Attempt, CodeStore, CodeStoreError, Draft};
use menshen_domain::ports::outbox::{
    Backlog, DeliveryFilter, DeliveryRecord, HandedOver, Outbox, OutboxError, Replay,
};
use menshen_domain::ports::personal_records::{PersonalRecordsError, PersonalRecordsReader};
use menshen_domain::ports::rate_limiter::{
    Admission, MessagePlaces, RateLimiter, RateLimiterError, Remembered, Reservation,
};
use menshen_domain::ports::replay_ledger::{
    Claim, ProofKey, ProofRecord, ReplayLedger, ReplayLedgerError,
};
use menshen_domain::ports::send_records::{NewSend, ReceiptNote, SendRecords, SendRecordsError};
use menshen_domain::ports::session_store::{
    Proof, Rotation, SessionStore, SessionStoreError, SessionWithAccount,
};
use menshen_domain::ports::signing_key_store::{
    KeyLife, SealedSigningKey, SigningKeyStore, SigningKeyStoreError,
};
use menshen_domain::ports::sms_sender::{SmsMessage, SmsReport, SmsSender};
use menshen_domain::ports::test_number_store::{TestNumberStore, TestNumberStoreError};
use menshen_domain::ports::turns::{Turn, Turns, TurnsError};
use menshen_domain::ports::wechat_gateway::{
    WeChatGateway, WeChatGatewayError, WeChatIdentification, WeChatPhone,
};
use menshen_domain::ports::wechat_token_cache::{
    WeChatAccessToken, WeChatTokenCache, WeChatTokenCacheError,
};
use secrecy::SecretString;

use super::{Observed, Port, place};

/// Watches a port: for each operation listed, in the form of its signature, the call
/// goes on to the adapter, and is taken note of.
macro_rules! observed {
    ($port:ident as $name:literal {
        $( $op:ident $(<$lifetime:lifetime>)? ( $($argument:ident : $type:ty),* ) -> $answer:ty; )+
    } $( passing { $( $plain:ident ( $($given:ident : $kind:ty),* ) -> $told:ty; )+ } )?) => {
        impl Port for dyn $port {
            const NAME: &'static str = $name;
            const OPERATIONS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($op), concat!($name, ".", stringify!($op)))),+];
        }

        #[async_trait]
        impl $port for Observed<dyn $port> {
            $(
                async fn $op $(<$lifetime>)? (&self, $($argument: $type),*) -> $answer {
                    const PLACE: usize = place(<dyn $port as Port>::OPERATIONS, stringify!($op));
                    self.call(PLACE, self.inner.$op($($argument),*)).await
                }
            )+
            $($(
                fn $plain(&self, $($given: $kind),*) -> $told {
                    self.inner.$plain($($given),*)
                }
            )+)?
        }
    };
}

observed!(AccountStore as "account_store" {
    observe(lookup: &Lookup) -> Result<Snapshot, AccountStoreError>;
    session_key(user: UserId, provider: Provider, app: &AppId) -> Result<Option<StoredSessionKey>, AccountStoreError>;
    activity(user: UserId, device_id: Option<String>) -> Result<Activity, AccountStoreError>;
    due_for_erasure(now: DateTime<Utc>, after: Option<DueAccount>, limit: u32) -> Result<Vec<DueAccount>, AccountStoreError>;
    apply(changes: &Changes) -> Result<(), AccountStoreError>;
});

observed!(SessionStore as "session_store" {
    find(id: SessionId) -> Result<Option<SessionWithAccount>, SessionStoreError>;
    over(user: UserId, id: SessionId, now: DateTime<Utc>) -> Result<Option<EndReason>, SessionStoreError>;
    rotate(id: SessionId, from: &RefreshState, to: &RefreshState, now: DateTime<Utc>, audit: Option<AuditEvent>) -> Result<Rotation, SessionStoreError>;
    note_replay(id: SessionId, generation: u32, audit: AuditEvent) -> Result<bool, SessionStoreError>;
    prove(id: SessionId, now: DateTime<Utc>, code: Option<CodeId>, audit: AuditEvent) -> Result<Proof, SessionStoreError>;
    end(user: UserId, which: SessionsOf, reason: EndReason, now: DateTime<Utc>, audit: AuditEvent) -> Result<Vec<SessionId>, SessionStoreError>;
    list(user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, SessionStoreError>;
});

observed!(AuditLog as "audit_log" {
    append(events: &[AuditEvent]) -> Result<(), AuditLogError>;
});

observed!(AvatarStore as "avatar_store" {
    put(name: AvatarName, avatar: &Avatar) -> Result<(), AvatarStoreError>;
    get(name: AvatarName) -> Result<Option<Avatar>, AvatarStoreError>;
    remove(name: AvatarName) -> Result<(), AvatarStoreError>;
});

observed!(AvatarRecords as "avatar_records" {
    announce(name: AvatarName, user: UserId, at: DateTime<Utc>) -> Result<(), AvatarRecordsError>;
    is_shown(name: AvatarName) -> Result<bool, AvatarRecordsError>;
    unwanted(announced_before: DateTime<Utc>, limit: u32) -> Result<Vec<AvatarName>, AvatarRecordsError>;
    give_up(name: AvatarName) -> Result<(), AvatarRecordsError>;
    forget(name: AvatarName) -> Result<(), AvatarRecordsError>;
});

observed!(PersonalRecordsReader as "personal_records" {
    of_account(user: UserId, limit: u32) -> Result<PersonalRecords, PersonalRecordsError>;
    messages(phone: &PhoneNumber, since: DateTime<Utc>, limit: u32) -> Result<Newest<MessageEntry>, PersonalRecordsError>;
});

observed!(SendRecords as "send_records" {
    begin(send: &NewSend, audit: &AuditEvent) -> Result<(), SendRecordsError>;
    finish(id: SendId, attempts: &[SmsAttempt], verdict: SendVerdict, audit: &AuditEvent) -> Result<(), SendRecordsError>;
    note_receipts(receipts: &[DeliveryReceipt]) -> Result<Vec<ReceiptNote>, SendRecordsError>;
    sent_since(since: DateTime<Utc>) -> Result<Vec<SentCount>, SendRecordsError>;
    sent_to(phone: &PhoneNumber, since: DateTime<Utc>, most: u32) -> Result<Vec<SentCount>, SendRecordsError>;
});

observed!(AdminReader as "admin_reader" {
    audit_events(filter: &AuditFilter, page: Page) -> Result<Vec<AuditRecord>, AdminReaderError>;
    sends(phone: &PhoneNumber, page: Page) -> Result<Vec<SendRecord>, AdminReaderError>;
    consent(user: UserId) -> Result<Option<ConsentRecord>, AdminReaderError>;
    signed_in(after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, AdminReaderError>;
    counts(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Counts, AdminReaderError>;
});

observed!(TestNumberStore as "test_number_store" {
    list(now: DateTime<Utc>) -> Result<Vec<StoredTestNumber>, TestNumberStoreError>;
    put(number: &StoredTestNumber, audit: AuditEvent) -> Result<(), TestNumberStoreError>;
    remove(id: TestNumberId, audit: AuditEvent) -> Result<bool, TestNumberStoreError>;
});

observed!(Outbox as "outbox" {
    meet(receivers: &[ReceiverName], since: DateTime<Utc>, now: DateTime<Utc>) -> Result<Vec<DateTime<Utc>>, OutboxError>;
    hand_over(listeners: &[Listener], now: DateTime<Utc>, limit: u32) -> Result<HandedOver, OutboxError>;
    heads(receiver: &ReceiverName, due: Option<DateTime<Utc>>, limit: u32) -> Result<Vec<Delivery>, OutboxError>;
    settle(delivery: &Delivery, settlement: &Settlement, now: DateTime<Utc>) -> Result<(), OutboxError>;
    hasten(receiver: &ReceiverName, now: DateTime<Utc>) -> Result<(), OutboxError>;
    give_up(receiver: &ReceiverName, now: DateTime<Utc>, limit: u32) -> Result<u64, OutboxError>;
    backlog() -> Result<Vec<Backlog>, OutboxError>;
    list(filter: &DeliveryFilter, before: Option<i64>, limit: u32) -> Result<Vec<DeliveryRecord>, OutboxError>;
    replay(which: &Replay, now: DateTime<Utc>, give_up_at: DateTime<Utc>, audit: AuditEvent) -> Result<u64, OutboxError>;
});

observed!(SigningKeyStore as "signing_key_store" {
    load(now: DateTime<Utc>) -> Result<Vec<SealedSigningKey>, SigningKeyStoreError>;
    add(key: &SealedSigningKey, after: Option<String>, retire_predecessor_at: DateTime<Utc>) -> Result<bool, SigningKeyStoreError>;
    revise(lives: &[KeyLife], newest: &str) -> Result<bool, SigningKeyStoreError>;
});

observed!(CodeStore as "code_store" {
    draft(scope: &CodeScope, fresh: CodeSeed, ttl: Duration, reusable_for: Duration) -> Result<Draft, CodeStoreError>;
    commit(scope: &CodeScope, draft: &Draft, challenge: ChallengeId, attempts: u8) -> Result<(), CodeStoreError>;
    discard(scope: &CodeScope, seed: CodeId) -> Result<(), CodeStoreError>;
    attempt(scope: &CodeScope, challenge: Option<ChallengeId>, attempts: u8) -> Result<Attempt, CodeStoreError>;
    uncount(scope: &CodeScope, challenge: Option<ChallengeId>, seed: CodeId) -> Result<(), CodeStoreError>;
    spend(scope: &CodeScope, seed: CodeId) -> Result<bool, CodeStoreError>;
    give_back(scope: &CodeScope, challenge: Option<ChallengeId>, seed: CodeId) -> Result<(), CodeStoreError>;
    end(scopes: &[CodeScope]) -> Result<(), CodeStoreError>;
});

observed!(RateLimiter as "rate_limiter" {
    reserve(windows: &[Window]) -> Result<Admission, RateLimiterError>;
    wait(windows: &[Window]) -> Result<Option<Duration>, RateLimiterError>;
    release(reservation: &Reservation) -> Result<(), RateLimiterError>;
    pardon(reservation: &Reservation, keys: &[LimitKey], proven: &[SpendScope]) -> Result<(), RateLimiterError>;
    unprove(proven: &[SpendScope]) -> Result<(), RateLimiterError>;
    reserve_recalled(places: &MessagePlaces) -> Result<Remembered, RateLimiterError>;
    recall(uses: &[PastUse]) -> Result<bool, RateLimiterError>;
    recall_person(person: &LimitKey, uses: &[PastUse]) -> Result<bool, RateLimiterError>;
});

observed!(ReplayLedger as "replay_ledger" {
    claim(key: ProofKey, lease: Duration, patience: Duration) -> Result<Claim, ReplayLedgerError>;
    record(key: ProofKey, record: ProofRecord, fresh: Duration, kept: Duration) -> Result<(), ReplayLedgerError>;
    release(key: ProofKey) -> Result<(), ReplayLedgerError>;
});

observed!(Turns as "turns" {
    take(lookup: &Lookup) -> Result<Turn, TurnsError>;
});

observed!(WeChatTokenCache as "wechat_token_cache" {
    find(app: &AppId) -> Result<Option<WeChatAccessToken>, WeChatTokenCacheError>;
    keep(app: &AppId, token: &WeChatAccessToken) -> Result<(), WeChatTokenCacheError>;
    drop_refused(app: &AppId, refused: &SecretString) -> Result<(), WeChatTokenCacheError>;
    claim_forced_renewal(app: &AppId, cooldown: Duration, daily: u32) -> Result<bool, WeChatTokenCacheError>;
});

observed!(WeChatGateway as "wechat_gateway" {
    identify<'a>(app: &WeChatApp, proof: LoginProof<'a>) -> Result<WeChatIdentification, WeChatGatewayError>;
    phone_number(app: &WeChatApp, code: &PhoneCode, openid: &OpenId) -> Result<WeChatPhone, WeChatGatewayError>;
    profile(app: &WeChatApp, ticket: &ProfileTicket) -> Result<WeChatProfile, WeChatGatewayError>;
    user_risk(app: &WeChatApp, openid: &OpenId, address: IpAddr, phone: Option<PhoneNumber>) -> UserRisk;
    session_key_is_live(app: &WeChatApp, openid: &OpenId, key: &SessionKey) -> Result<bool, WeChatGatewayError>;
});

observed!(SmsSender as "sms_sender" {
    send(message: &SmsMessage) -> SmsReport;
} passing {
    has_channel(message: &SmsMessage) -> bool;
});

observed!(CaptchaVerifier as "captcha_verifier" {
    verify(solved: &SolvedCaptcha) -> Result<CaptchaVerdict, CaptchaVerifierError>;
});
