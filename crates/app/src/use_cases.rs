//! The use cases, each on the ports that it needs; no adapter is named here.

use std::sync::Arc;

use menshen_domain::model::limits::Limits;
use menshen_domain::model::wechat::WeChatApps;
use menshen_domain::ports::account_store::AccountStore;
use menshen_domain::ports::admin_reader::AdminReader;
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::avatar_records::AvatarRecords;
use menshen_domain::ports::avatar_store::AvatarStore;
use menshen_domain::ports::captcha_verifier::CaptchaVerifier;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::code_store::CodeStore;
use menshen_domain::ports::image_reader::ImageReader;
use menshen_domain::ports::mac::Mac;
use menshen_domain::ports::number_notices::NumberNotices;
use menshen_domain::ports::open_data_reader::OpenDataReader;
use menshen_domain::ports::outbox::Outbox;
use menshen_domain::ports::personal_records::PersonalRecordsReader;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::rate_limiter::RateLimiter;
use menshen_domain::ports::receipt_observer::ReceiptObserver;
use menshen_domain::ports::receipt_reader::ReceiptReader;
use menshen_domain::ports::replay_ledger::ReplayLedger;
use menshen_domain::ports::send_records::SendRecords;
use menshen_domain::ports::session_store::SessionStore;
use menshen_domain::ports::sms_sender::SmsSender;
use menshen_domain::ports::test_number_store::TestNumberStore;
use menshen_domain::ports::token_issuer::TokenIssuer;
use menshen_domain::ports::token_verifier::TokenVerifier;
use menshen_domain::ports::turns::Turns;
use menshen_domain::ports::wechat_gateway::WeChatGateway;
use menshen_domain::ports::wechat_push::WeChatPush;
use menshen_domain::services::administration::{Administration, HourCache};
use menshen_domain::services::adopt_profile::AdoptProfile;
use menshen_domain::services::ask_captcha::AskCaptcha;
use menshen_domain::services::ask_phone_number::AskPhoneNumber;
use menshen_domain::services::authenticate::Authenticate;
use menshen_domain::services::avatars::{SetAvatar, ShowAvatar, SweepAvatars};
use menshen_domain::services::bind::Bind;
use menshen_domain::services::bind_phone::BindPhone;
use menshen_domain::services::cancel_account::CancelAccount;
use menshen_domain::services::check_code::CheckCode;
use menshen_domain::services::complete_once::CompleteOnce;
use menshen_domain::services::decrypt_open_data::DecryptOpenData;
use menshen_domain::services::end_codes::EndCodes;
use menshen_domain::services::export_account::ExportAccount;
use menshen_domain::services::heed_wechat::HeedWeChat;
use menshen_domain::services::introspect::Introspect;
use menshen_domain::services::issue_tokens::IssueTokens;
use menshen_domain::services::link_wechat::LinkWeChat;
use menshen_domain::services::list_sessions::ListSessions;
use menshen_domain::services::login_with_sms::LoginWithSms;
use menshen_domain::services::login_with_wechat::LoginWithWeChat;
use menshen_domain::services::note_receipts::NoteReceipts;
use menshen_domain::services::profile::EditProfile;
use menshen_domain::services::refresh::Refresh;
use menshen_domain::services::rejoin::Rejoin;
use menshen_domain::services::screen_sign_up::ScreenSignUp;
use menshen_domain::services::send_code::SendCode;
use menshen_domain::services::sign_in::SignIn;
use menshen_domain::services::sign_out::SignOut;
use menshen_domain::services::step_up::StepUp;
use menshen_domain::services::tell_refused_identity::TellRefusedIdentity;
use menshen_domain::services::test_numbers::TestNumbers;
use menshen_domain::services::unlink_identity::UnlinkIdentity;
use menshen_domain::services::vouch::Vouch;
use menshen_domain::services::webhook_desk::WebhookDesk;
use menshen_telemetry::Tracing;

use crate::http::App;
use crate::http::PublicKeys;
use crate::http::SigningKeys;
use crate::http::admin::AdminDoor;
use crate::http::admin::keys::AdminKeys;
use crate::http::avatar::{Avatars, Uploads};
use crate::http::client_address::ProxyTrust;
use crate::http::hosted::CloudHosting;
use crate::http::readiness::Readiness;
use crate::http::receipts::Receipts;
use crate::metrics::Metrics;
use crate::receipt_address::ReceiptAddress;
use crate::settings::Profile;
use crate::settings::Settings;
use crate::settings::wechat::GatewayKind;

/// The stores, as the ports that they serve.
pub(crate) struct Stores {
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) turns: Arc<dyn Turns>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) audit: Arc<dyn AuditLog>,
    pub(crate) records: Arc<dyn SendRecords>,
    pub(crate) personal: Arc<dyn PersonalRecordsReader>,
    pub(crate) codes: Arc<dyn CodeStore>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) ledger: Arc<dyn ReplayLedger>,
    pub(crate) admin_reader: Arc<dyn AdminReader>,
    pub(crate) test_numbers: Arc<dyn TestNumberStore>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) avatars: AvatarPorts,
}

/// The pictures that people upload.
pub(crate) struct AvatarPorts {
    pub(crate) images: Arc<dyn ImageReader>,
    pub(crate) store: Arc<dyn AvatarStore>,
    pub(crate) records: Arc<dyn AvatarRecords>,
    pub(crate) sweep: Arc<SweepAvatars>,
}

/// The keys that sign, as the ports that they serve.
pub(crate) struct Keys {
    pub(crate) issuer: Arc<dyn TokenIssuer>,
    pub(crate) verifier: Arc<dyn TokenVerifier>,
    pub(crate) public: Arc<dyn PublicKeys>,
    pub(crate) looked_after: Arc<dyn SigningKeys>,
}

/// What the machine gives, and what watches it.
pub(crate) struct Machine {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) metrics: Metrics,
    pub(crate) tracing: Tracing,
}

/// What is outside, as the ports that it serves.
pub(crate) struct Outside {
    pub(crate) gateway: Arc<dyn WeChatGateway>,
    pub(crate) reader: Arc<dyn OpenDataReader>,
    pub(crate) push: Arc<dyn WeChatPush>,
    pub(crate) sender: Arc<dyn SmsSender>,
    pub(crate) number_notices: Arc<dyn NumberNotices>,
    pub(crate) captcha: Option<Arc<dyn CaptchaVerifier>>,
    pub(crate) apps: Arc<WeChatApps>,
    pub(crate) receipt_readers: Vec<Arc<dyn ReceiptReader>>,
    pub(crate) receipt_observers: Vec<Arc<dyn ReceiptObserver>>,
    pub(crate) receipt_address: Option<ReceiptAddress>,
}

/// Builds every use case on the ports.
#[expect(
    clippy::too_many_lines,
    reason = "one line per part: splitting it would only hide which"
)]
pub(crate) fn app(
    settings: &Settings,
    stores: Stores,
    outside: Outside,
    mac: Arc<dyn Mac>,
    keys: Keys,
    machine: Machine,
    readiness: Arc<Readiness>,
) -> App {
    let Stores {
        accounts,
        turns,
        sessions,
        audit,
        records,
        personal,
        codes,
        limiter,
        ledger,
        admin_reader,
        test_numbers: test_number_store,
        outbox,
        avatars,
    } = stores;
    let Outside {
        gateway,
        reader,
        push,
        sender,
        number_notices,
        captcha,
        apps,
        receipt_readers,
        receipt_observers,
        receipt_address,
    } = outside;
    let Machine {
        clock,
        randomness,
        metrics,
        tracing,
    } = machine;
    let account_policy = Arc::new(settings.accounts.policy.clone());
    let sms_policy = Arc::new(settings.sms.policy.clone());
    let limits = Limits {
        refresh_per_session: settings.tokens.refresh_per_session,
        refresh_per_ip: settings.tokens.refresh_per_ip,
        ..settings.sms.limits
    };
    let tokens = Arc::new(IssueTokens {
        issuer: keys.issuer,
        mac: mac.clone(),
        randomness: randomness.clone(),
        policy: settings.tokens.policy.clone(),
        require_phone: account_policy.require_phone,
    });
    let test_numbers = Arc::new(TestNumbers::new(sms_policy.clone(), mac.clone()));
    let check_code = Arc::new(CheckCode {
        codes: codes.clone(),
        limiter: limiter.clone(),
        audit: audit.clone(),
        mac: mac.clone(),
        clock: clock.clone(),
        randomness: randomness.clone(),
        policy: sms_policy.clone(),
        test_numbers: test_numbers.clone(),
        limits,
        guard: settings.sms.guard,
    });
    let sign_in = Arc::new(SignIn {
        accounts: accounts.clone(),
        turns,
        audit: audit.clone(),
        tokens: tokens.clone(),
        clock: clock.clone(),
        randomness: randomness.clone(),
        policy: account_policy.clone(),
        screen: Arc::new(ScreenSignUp {
            gateway: gateway.clone(),
            apps: apps.clone(),
            threshold: settings.wechat.risk_rank,
        }),
    });
    let phones = Arc::new(AskPhoneNumber {
        gateway: gateway.clone(),
        limiter: limiter.clone(),
        limits: settings.wechat.limits,
    });
    let end_codes = Arc::new(EndCodes {
        codes: codes.clone(),
    });
    let bind = Arc::new(Bind {
        sign_in: sign_in.clone(),
        end_codes: end_codes.clone(),
        notices: number_notices.clone(),
    });
    let vouch = Arc::new(Vouch {
        gateway: gateway.clone(),
        phones: phones.clone(),
        ledger: ledger.clone(),
        mac: mac.clone(),
    });
    let rejoin = Arc::new(Rejoin {
        sessions: sessions.clone(),
        tokens: tokens.clone(),
        clock: clock.clone(),
    });
    let step_up_sessions = sessions.clone();
    let authenticate = Arc::new(Authenticate {
        verifier: keys.verifier,
        sessions: sessions.clone(),
        clock: clock.clone(),
    });
    let admin = (!settings.admin.keys.is_empty()).then(|| AdminDoor {
        keys: AdminKeys::new(
            settings
                .admin
                .keys
                .iter()
                .map(|key| (key.sha256, key.operator.clone()))
                .collect(),
            limiter.clone(),
            settings.admin.limits,
        ),
        desk: Arc::new(Administration {
            accounts: accounts.clone(),
            sessions: sessions.clone(),
            reader: admin_reader,
            test_numbers: test_number_store.clone(),
            end_codes,
            notices: number_notices,
            audit: audit.clone(),
            mac: mac.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
            hours: HourCache::default(),
        }),
        signing_keys: keys.looked_after,
        introspect: Arc::new(Introspect {
            authenticate: authenticate.clone(),
            sessions: sessions.clone(),
            mac: mac.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
            policy: settings.tokens.policy.clone(),
        }),
        test_numbers: test_numbers.clone(),
        test_number_store,
        apps: apps.clone(),
        webhooks: Arc::new(WebhookDesk {
            outbox,
            audit: audit.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
            subscriptions: settings.subscriptions(),
        }),
    });
    App {
        admin,
        issuer: settings.tokens.issuer.clone(),
        audience: settings.tokens.audience.clone(),
        test_numbers: test_numbers.clone(),
        send_code: Arc::new(SendCode {
            codes,
            limiter: limiter.clone(),
            sender,
            records: records.clone(),
            audit: audit.clone(),
            mac: mac.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
            policy: sms_policy,
            captcha: captcha.map(|verifier| AskCaptcha {
                verifier,
                limiter: limiter.clone(),
                ledger: ledger.clone(),
                mac: mac.clone(),
                policy: settings.sms.captcha.policy,
            }),
            test_numbers,
            limits,
            guard: settings.sms.guard,
            spending: Arc::new(metrics.spend.clone()),
        }),
        login_with_sms: Arc::new(LoginWithSms {
            check: check_code.clone(),
            apps: apps.clone(),
            vouch: vouch.clone(),
            sign_in: sign_in.clone(),
        }),
        login_with_wechat: Arc::new(LoginWithWeChat {
            apps: apps.clone(),
            vouch: vouch.clone(),
            reader: reader.clone(),
            limiter: limiter.clone(),
            limits: settings.wechat.limits,
            sign_in,
            rejoin: rejoin.clone(),
            adopt: Arc::new(AdoptProfile {
                gateway: gateway.clone(),
                accounts: accounts.clone(),
                clock: clock.clone(),
                randomness: randomness.clone(),
            }),
            clock: clock.clone(),
        }),
        decrypt_open_data: Arc::new(DecryptOpenData {
            reader,
            accounts: accounts.clone(),
            gateway: gateway.clone(),
            limiter: limiter.clone(),
            apps: apps.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
            limits: settings.wechat.limits,
            check_session: settings.wechat.check_session,
        }),
        heed_wechat: Arc::new(HeedWeChat {
            accounts: accounts.clone(),
            apps: apps.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
            policy: account_policy.clone(),
        }),
        tell_refused_identity: Arc::new(TellRefusedIdentity {
            audit: audit.clone(),
            limiter: limiter.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
        }),
        push,
        cloud_hosting: CloudHosting {
            enabled: settings.wechat.gateway == GatewayKind::CloudRun,
            apps: apps.clone(),
        },
        complete_once: Arc::new(CompleteOnce {
            ledger,
            mac: mac.clone(),
            rejoin,
        }),
        refresh: Arc::new(Refresh {
            sessions: sessions.clone(),
            limiter: limiter.clone(),
            audit: audit.clone(),
            mac,
            tokens,
            clock: clock.clone(),
            randomness: randomness.clone(),
            limits,
        }),
        sign_out: Arc::new(SignOut {
            sessions: sessions.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
        }),
        list_sessions: Arc::new(ListSessions {
            sessions: sessions.clone(),
            clock: clock.clone(),
        }),
        authenticate,
        avatars: Avatars {
            show: Arc::new(ShowAvatar {
                store: avatars.store.clone(),
                records: avatars.records.clone(),
            }),
            set: Arc::new(SetAvatar {
                images: avatars.images,
                store: avatars.store,
                records: avatars.records,
                accounts: accounts.clone(),
                limiter: limiter.clone(),
                sweep: avatars.sweep,
                clock: clock.clone(),
                randomness: randomness.clone(),
                per_hour: settings.accounts.avatars_per_user_hour,
            }),
            base: settings.avatars.base.clone(),
            uploads: Uploads::default(),
            patience: settings.avatars.patience,
        },
        edit_profile: Arc::new(EditProfile {
            accounts: accounts.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
            policy: account_policy.clone(),
        }),
        unlink_identity: Arc::new(UnlinkIdentity {
            accounts: accounts.clone(),
            apps: apps.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
        }),
        cancel_account: Arc::new(CancelAccount {
            accounts: accounts.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
            policy: account_policy.clone(),
        }),
        export_account: Arc::new(ExportAccount {
            accounts: accounts.clone(),
            records: personal,
            limiter: limiter.clone(),
            audit: audit.clone(),
            clock: clock.clone(),
            randomness: randomness.clone(),
            per_day: settings.accounts.exports_per_day,
        }),
        bind_phone: Arc::new(BindPhone {
            check: check_code.clone(),
            phones,
            apps: apps.clone(),
            bind: bind.clone(),
            clock: clock.clone(),
        }),
        step_up: Arc::new(StepUp {
            check: check_code.clone(),
            vouch: vouch.clone(),
            apps: apps.clone(),
            accounts,
            sessions: step_up_sessions,
            clock: clock.clone(),
            randomness: randomness.clone(),
        }),
        receipts: Receipts {
            address: receipt_address,
            note: Arc::new(NoteReceipts {
                readers: receipt_readers,
                records,
                observers: receipt_observers,
            }),
        },
        link_wechat: Arc::new(LinkWeChat { vouch, apps, bind }),
        check_code,
        key_set: keys.public,
        readiness,
        clock,
        randomness,
        metrics,
        tracing,
        proxies: ProxyTrust::new(settings.server.trusted_proxies.clone()),
        consent_version: account_policy.consent_version.clone(),
        playground: settings.profile == Profile::Development,
    }
}
