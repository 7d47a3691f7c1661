//! The use cases over the ports of one test.

use std::sync::Arc;

use menshen_domain::model::limits::Limits;
use menshen_domain::model::policy::{AccountPolicy, SmsPolicy, TokenPolicy};
use menshen_domain::model::spend::GuardPolicy;
use menshen_domain::model::wechat::WeChatApps;
use menshen_domain::model::wechat_limits::WeChatLimits;
use menshen_domain::model::wechat_login::RiskRank;
use menshen_domain::ports::account_store::MockAccountStore;
use menshen_domain::ports::admin_reader::MockAdminReader;
use menshen_domain::ports::audit_log::MockAuditLog;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::code_store::MockCodeStore;
use menshen_domain::ports::mac::Mac;
use menshen_domain::ports::number_notices::{MockNoticeObserver, MockNumberNotices};
use menshen_domain::ports::open_data_reader::MockOpenDataReader;
use menshen_domain::ports::personal_records::MockPersonalRecordsReader;
use menshen_domain::ports::rate_limiter::MockRateLimiter;
use menshen_domain::ports::replay_ledger::ReplayLedger;
use menshen_domain::ports::send_records::MockSendRecords;
use menshen_domain::ports::session_store::MockSessionStore;
use menshen_domain::ports::sms_sender::MockSmsSender;
use menshen_domain::ports::spend_observer::MockSpendObserver;
use menshen_domain::ports::test_number_store::MockTestNumberStore;
use menshen_domain::ports::token_issuer::MockTokenIssuer;
use menshen_domain::ports::token_verifier::MockTokenVerifier;
use menshen_domain::ports::turns::Turns;
use menshen_domain::ports::wechat_gateway::MockWeChatGateway;
use menshen_domain::services::administration::{Administration, HourCache};
use menshen_domain::services::adopt_profile::AdoptProfile;
use menshen_domain::services::ask_phone_number::AskPhoneNumber;
use menshen_domain::services::authenticate::Authenticate;
use menshen_domain::services::bind::Bind;
use menshen_domain::services::bind_phone::BindPhone;
use menshen_domain::services::cancel_account::CancelAccount;
use menshen_domain::services::check_code::CheckCode;
use menshen_domain::services::complete_once::CompleteOnce;
use menshen_domain::services::decrypt_open_data::DecryptOpenData;
use menshen_domain::services::end_codes::EndCodes;
use menshen_domain::services::erase_due::EraseDue;
use menshen_domain::services::export_account::ExportAccount;
use menshen_domain::services::heed_wechat::HeedWeChat;
use menshen_domain::services::introspect::Introspect;
use menshen_domain::services::issue_tokens::IssueTokens;
use menshen_domain::services::link_wechat::LinkWeChat;
use menshen_domain::services::login_with_sms::LoginWithSms;
use menshen_domain::services::login_with_wechat::LoginWithWeChat;
use menshen_domain::services::profile::EditProfile;
use menshen_domain::services::refresh::Refresh;
use menshen_domain::services::rejoin::Rejoin;
use menshen_domain::services::screen_sign_up::ScreenSignUp;
use menshen_domain::services::send_code::SendCode;
use menshen_domain::services::sign_in::SignIn;
use menshen_domain::services::step_up::StepUp;
use menshen_domain::services::tell_old_number::TellOldNumber;
use menshen_domain::services::test_numbers::TestNumbers;
use menshen_domain::services::unlink_identity::UnlinkIdentity;
use menshen_domain::services::vouch::Vouch;

use crate::support::randomness;

/// The use cases over the ports of one test.
pub(crate) struct Office {
    pub(super) codes: Arc<MockCodeStore>,
    pub(super) limiter: Arc<MockRateLimiter>,
    pub(super) sender: Arc<MockSmsSender>,
    pub(super) records: Arc<MockSendRecords>,
    pub(super) notices: Arc<MockNumberNotices>,
    pub(super) noticed: Arc<MockNoticeObserver>,
    pub(super) audit: Arc<MockAuditLog>,
    pub(super) accounts: Arc<MockAccountStore>,
    pub(super) turns: Arc<dyn Turns>,
    pub(super) sessions: Arc<MockSessionStore>,
    pub(super) gateway: Arc<MockWeChatGateway>,
    pub(super) reader: Arc<MockOpenDataReader>,
    pub(super) ledger: Arc<dyn ReplayLedger>,
    pub(super) issuer: Arc<MockTokenIssuer>,
    pub(super) verifier: Arc<MockTokenVerifier>,
    pub(super) mac: Arc<dyn Mac>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sms: Arc<SmsPolicy>,
    pub(super) limits: Limits,
    pub(super) guard: GuardPolicy,
    pub(super) spending: Arc<MockSpendObserver>,
    pub(super) wechat_limits: WeChatLimits,
    pub(super) risk_rank: Option<RiskRank>,
    pub(super) check_session: bool,
    pub(super) policy: Arc<AccountPolicy>,
    pub(super) tokens: TokenPolicy,
    pub(super) apps: Arc<WeChatApps>,
}

impl Office {
    pub(crate) fn send_code(&self) -> SendCode {
        SendCode {
            codes: self.codes.clone(),
            limiter: self.limiter.clone(),
            sender: self.sender.clone(),
            records: self.records.clone(),
            audit: self.audit.clone(),
            mac: self.mac.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.sms.clone(),
            captcha: None,
            test_numbers: self.test_numbers(),
            limits: self.limits,
            guard: self.guard,
            spending: self.spending.clone(),
        }
    }

    pub(crate) fn tell_old_number(&self) -> TellOldNumber {
        TellOldNumber {
            sender: self.sender.clone(),
            limiter: self.limiter.clone(),
            records: self.records.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.sms.clone(),
            limits: self.limits,
            test_numbers: self.test_numbers(),
            observer: self.noticed.clone(),
        }
    }

    /// Those of the settings alone.
    fn test_numbers(&self) -> Arc<TestNumbers> {
        Arc::new(TestNumbers::new(self.sms.clone(), self.mac.clone()))
    }

    pub(crate) fn check(&self) -> CheckCode {
        CheckCode {
            codes: self.codes.clone(),
            limiter: self.limiter.clone(),
            audit: self.audit.clone(),
            mac: self.mac.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.sms.clone(),
            test_numbers: self.test_numbers(),
            limits: self.limits,
            guard: self.guard,
        }
    }

    pub(crate) fn issue_tokens(&self) -> IssueTokens {
        IssueTokens {
            issuer: self.issuer.clone(),
            mac: self.mac.clone(),
            randomness: randomness(),
            policy: self.tokens.clone(),
            require_phone: self.policy.require_phone,
        }
    }

    pub(crate) fn sign_in(&self) -> SignIn {
        SignIn {
            accounts: self.accounts.clone(),
            turns: self.turns.clone(),
            audit: self.audit.clone(),
            tokens: Arc::new(self.issue_tokens()),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.policy.clone(),
            screen: Arc::new(ScreenSignUp {
                gateway: self.gateway.clone(),
                apps: self.apps.clone(),
                threshold: self.risk_rank,
            }),
        }
    }

    pub(crate) fn phones(&self) -> AskPhoneNumber {
        AskPhoneNumber {
            gateway: self.gateway.clone(),
            limiter: self.limiter.clone(),
            limits: self.wechat_limits,
        }
    }

    pub(crate) fn adopt(&self) -> AdoptProfile {
        AdoptProfile {
            gateway: self.gateway.clone(),
            accounts: self.accounts.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
        }
    }

    pub(crate) fn decrypt(&self) -> DecryptOpenData {
        DecryptOpenData {
            reader: self.reader.clone(),
            accounts: self.accounts.clone(),
            gateway: self.gateway.clone(),
            limiter: self.limiter.clone(),
            apps: self.apps.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            limits: self.wechat_limits,
            check_session: self.check_session,
        }
    }

    /// What operators do; nothing but the accounts and the log is asked unless these
    /// say otherwise.
    pub(crate) fn administration(
        &self,
        reader: MockAdminReader,
        test_numbers: MockTestNumberStore,
    ) -> Administration {
        Administration {
            accounts: self.accounts.clone(),
            sessions: self.sessions.clone(),
            reader: Arc::new(reader),
            test_numbers: Arc::new(test_numbers),
            end_codes: Arc::new(self.end_codes()),
            notices: self.notices.clone(),
            audit: self.audit.clone(),
            mac: self.mac.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            hours: HourCache::default(),
        }
    }

    pub(crate) fn introspect(&self) -> Introspect {
        Introspect {
            authenticate: Arc::new(self.authenticate()),
            sessions: self.sessions.clone(),
            mac: self.mac.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.tokens.clone(),
        }
    }

    pub(crate) fn heed_wechat(&self) -> HeedWeChat {
        HeedWeChat {
            accounts: self.accounts.clone(),
            apps: self.apps.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.policy.clone(),
        }
    }

    pub(crate) fn vouch(&self) -> Vouch {
        Vouch {
            gateway: self.gateway.clone(),
            phones: Arc::new(self.phones()),
            ledger: self.ledger.clone(),
            mac: self.mac.clone(),
        }
    }

    pub(crate) fn rejoin(&self) -> Rejoin {
        Rejoin {
            sessions: self.sessions.clone(),
            tokens: Arc::new(self.issue_tokens()),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn login_with_sms(&self) -> LoginWithSms {
        LoginWithSms {
            check: Arc::new(self.check()),
            apps: self.apps.clone(),
            vouch: Arc::new(self.vouch()),
            sign_in: Arc::new(self.sign_in()),
        }
    }

    pub(crate) fn login_with_wechat(&self) -> LoginWithWeChat {
        LoginWithWeChat {
            apps: self.apps.clone(),
            vouch: Arc::new(self.vouch()),
            reader: self.reader.clone(),
            limiter: self.limiter.clone(),
            limits: self.wechat_limits,
            sign_in: Arc::new(self.sign_in()),
            rejoin: Arc::new(self.rejoin()),
            adopt: Arc::new(self.adopt()),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn bind(&self) -> Bind {
        Bind {
            sign_in: Arc::new(self.sign_in()),
            end_codes: Arc::new(self.end_codes()),
            notices: self.notices.clone(),
        }
    }

    pub(crate) fn end_codes(&self) -> EndCodes {
        EndCodes {
            codes: self.codes.clone(),
        }
    }

    pub(crate) fn bind_phone(&self) -> BindPhone {
        BindPhone {
            check: Arc::new(self.check()),
            phones: Arc::new(self.phones()),
            apps: self.apps.clone(),
            bind: Arc::new(self.bind()),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn link_wechat(&self) -> LinkWeChat {
        LinkWeChat {
            vouch: Arc::new(self.vouch()),
            apps: self.apps.clone(),
            bind: Arc::new(self.bind()),
        }
    }

    pub(crate) fn refresh(&self) -> Refresh {
        Refresh {
            sessions: self.sessions.clone(),
            limiter: self.limiter.clone(),
            audit: self.audit.clone(),
            mac: self.mac.clone(),
            tokens: Arc::new(self.issue_tokens()),
            clock: self.clock.clone(),
            randomness: randomness(),
            limits: self.limits,
        }
    }

    pub(crate) fn authenticate(&self) -> Authenticate {
        Authenticate {
            verifier: self.verifier.clone(),
            sessions: self.sessions.clone(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn step_up(&self) -> StepUp {
        StepUp {
            check: Arc::new(self.check()),
            vouch: Arc::new(self.vouch()),
            apps: self.apps.clone(),
            accounts: self.accounts.clone(),
            sessions: self.sessions.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
        }
    }

    pub(crate) fn complete_once(&self) -> CompleteOnce {
        CompleteOnce {
            ledger: self.ledger.clone(),
            mac: self.mac.clone(),
            rejoin: Arc::new(self.rejoin()),
        }
    }

    pub(crate) fn unlink_identity(&self) -> UnlinkIdentity {
        UnlinkIdentity {
            accounts: self.accounts.clone(),
            apps: self.apps.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
        }
    }

    pub(crate) fn cancel_account(&self) -> CancelAccount {
        CancelAccount {
            accounts: self.accounts.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.policy.clone(),
        }
    }

    pub(crate) fn export_account(&self, records: Arc<MockPersonalRecordsReader>) -> ExportAccount {
        ExportAccount {
            accounts: self.accounts.clone(),
            records,
            limiter: self.limiter.clone(),
            audit: self.audit.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            per_day: 5,
        }
    }

    pub(crate) fn erase_due(&self) -> EraseDue {
        EraseDue {
            accounts: self.accounts.clone(),
            randomness: randomness(),
        }
    }

    pub(crate) fn edit_profile(&self) -> EditProfile {
        EditProfile {
            accounts: self.accounts.clone(),
            clock: self.clock.clone(),
            randomness: randomness(),
            policy: self.policy.clone(),
        }
    }
}
