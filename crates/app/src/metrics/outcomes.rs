//! What became of logins, codes, tokens and limits. Each label has few values, all
//! of them words of ours.

use std::sync::atomic::AtomicU64;

use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::captcha::CaptchaReason;
use menshen_domain::model::limits::LimitRule;
use menshen_domain::services::login::Arrival;
use menshen_domain::services::refresh::Renewal;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// A counter of what happened; all of them count together.
type Count = Counter<u64, AtomicU64>;

/// How somebody signs in: a route each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginMethod {
    /// Phone number and code.
    Sms,
    /// One tap in a mini-program.
    WeChat,
    /// The getPhoneNumber button.
    WeChatPhone,
    /// A consent in a native app or on a website.
    WeChatOAuth,
}

impl LoginMethod {
    const ALL: [Self; 4] = [
        Self::Sms,
        Self::WeChat,
        Self::WeChatPhone,
        Self::WeChatOAuth,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::WeChat => "wechat",
            Self::WeChatPhone => "wechat_phone",
            Self::WeChatOAuth => "wechat_oauth",
        }
    }
}

/// What became of a try at a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeTry {
    Verified,
    Wrong,
    Expired,
    Locked,
    GivenBack,
}

impl CodeTry {
    const ALL: [Self; 5] = [
        Self::Verified,
        Self::Wrong,
        Self::Expired,
        Self::Locked,
        Self::GivenBack,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Wrong => "wrong",
            Self::Expired => "expired",
            Self::Locked => "locked",
            Self::GivenBack => "given_back",
        }
    }
}

const PURPOSES: [&str; 3] = ["login", "bind_phone", "step_up"];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLogin {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPurpose {
    purpose: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRule {
    rule: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAction {
    action: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEvent {
    event: &'static str,
}

/// Counts what the use cases came to. Clones count together.
#[derive(Debug, Clone)]
pub struct Outcomes {
    logins: Family<OfLogin, Count>,
    code_requests: Family<OfPurpose, Count>,
    code_tries: Family<OfPurpose, Count>,
    captchas: Family<OfReason, Count>,
    limits: Family<OfRule, Count>,
    issued: Count,
    refreshes: Family<OfOutcome, Count>,
    verifications: Family<OfOutcome, Count>,
    introspections: Family<OfOutcome, Count>,
    /// At hand, since gateways ask for every request of theirs.
    verified: Count,
    audit: Family<OfAction, Count>,
    security: Family<OfEvent, Count>,
}

impl Outcomes {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let verifications: Family<OfOutcome, Count> = Family::default();
        let all = Self {
            verified: verifications.get_or_create_owned(&OfOutcome { outcome: "ok" }),
            verifications,
            logins: Family::default(),
            code_requests: Family::default(),
            code_tries: Family::default(),
            captchas: Family::default(),
            limits: Family::default(),
            issued: Count::default(),
            refreshes: Family::default(),
            introspections: Family::default(),
            audit: Family::default(),
            security: Family::default(),
        };
        all.begin_at_zero();
        registry.register("logins", "Logins by method and outcome: new, returning, merged, repeated, or the code of the failure", all.logins.clone());
        registry.register(
            "sms_code_requests",
            "Asks for a verification code by purpose and outcome: sent, or the code of the failure",
            all.code_requests.clone(),
        );
        registry.register(
            "sms_code_tries",
            "Tries at verification codes by purpose and outcome",
            all.code_tries.clone(),
        );
        registry.register(
            "captchas_required",
            "Asks for a code that were refused for want of a captcha, by why one was asked for",
            all.captchas.clone(),
        );
        registry.register(
            "limits_hit",
            "Acts that a limit refused, by its rule",
            all.limits.clone(),
        );
        registry.register(
            "access_tokens_issued",
            "Access tokens that were signed",
            all.issued.clone(),
        );
        registry.register("refreshes", "Exchanges of refresh tokens by outcome: rotated, recovered, replayed, or the code of the failure", all.refreshes.clone());
        registry.register(
            "token_verifications",
            "Checks of access tokens for other services by outcome: ok, or the code of the failure",
            all.verifications.clone(),
        );
        registry.register(
            "token_introspections",
            "Questions of services about a token by outcome: active, inactive, or the code of the failure",
            all.introspections.clone(),
        );
        registry.register(
            "audit_events",
            "Rows of the audit log by action",
            all.audit.clone(),
        );
        registry.register(
            "security_events",
            "Rows of the audit log that tell of a security event, by the event",
            all.security.clone(),
        );
        all
    }

    /// A counter that is not there cannot be seen to begin: what is watched by
    /// rules and panels is told from the start.
    fn begin_at_zero(&self) {
        for (method, arrival) in LoginMethod::ALL
            .iter()
            .flat_map(|m| Arrival::ALL.map(|a| (m, a)))
        {
            let (method, outcome) = (method.as_str(), arrival.as_str());
            drop(self.logins.get_or_create(&OfLogin { method, outcome }));
        }
        for purpose in PURPOSES {
            let outcome = "sent";
            drop(
                self.code_requests
                    .get_or_create(&OfPurpose { purpose, outcome }),
            );
            for outcome in CodeTry::ALL.map(CodeTry::as_str) {
                drop(
                    self.code_tries
                        .get_or_create(&OfPurpose { purpose, outcome }),
                );
            }
        }
        for reason in CaptchaReason::ALL.map(CaptchaReason::as_str) {
            drop(self.captchas.get_or_create(&OfReason { reason }));
        }
        for rule in LimitRule::ALL.map(LimitRule::as_str) {
            drop(self.limits.get_or_create(&OfRule { rule }));
        }
        for event in AuditAction::SECURITY.map(AuditAction::security_event) {
            let Some(event) = event else { continue };
            drop(self.security.get_or_create(&OfEvent { event }));
        }
        for outcome in ["active", "inactive"] {
            drop(self.introspections.get_or_create(&OfOutcome { outcome }));
        }
        for outcome in Renewal::ALL.map(Renewal::as_str) {
            drop(self.refreshes.get_or_create(&OfOutcome { outcome }));
        }
    }

    /// Counts one login: how it ended, or the code of its failure.
    pub fn login(&self, method: LoginMethod, outcome: Result<Arrival, &'static str>) {
        let labels = OfLogin {
            method: method.as_str(),
            outcome: outcome.map_or_else(|code| code, Arrival::as_str),
        };
        self.logins.get_or_create(&labels).inc();
    }

    /// Counts one ask for a code: sent, or the code of its failure.
    pub fn code_requested(&self, purpose: &'static str, outcome: Result<(), &'static str>) {
        let outcome = outcome.err().unwrap_or("sent");
        self.code_requests
            .get_or_create(&OfPurpose { purpose, outcome })
            .inc();
    }

    /// Counts one ask that lacked a captcha.
    pub(crate) fn captcha_required(&self, reason: CaptchaReason) {
        let reason = reason.as_str();
        self.captchas.get_or_create(&OfReason { reason }).inc();
    }

    pub(crate) fn code_tried(&self, purpose: &'static str, outcome: CodeTry) {
        let outcome = outcome.as_str();
        self.code_tries
            .get_or_create(&OfPurpose { purpose, outcome })
            .inc();
    }

    pub(crate) fn limit_hit(&self, rule: LimitRule) {
        let rule = rule.as_str();
        self.limits.get_or_create(&OfRule { rule }).inc();
    }

    pub(crate) fn token_issued(&self) {
        self.issued.inc();
    }

    /// Counts one exchange of a refresh token.
    pub fn refreshed(&self, outcome: Result<Renewal, &'static str>) {
        let outcome = outcome.map_or_else(|code| code, Renewal::as_str);
        self.refreshes.get_or_create(&OfOutcome { outcome }).inc();
    }

    /// Counts one check of an access token for another service.
    pub fn verified(&self, outcome: Result<(), &'static str>) {
        match outcome {
            Ok(()) => self.verified.inc(),
            Err(outcome) => self
                .verifications
                .get_or_create(&OfOutcome { outcome })
                .inc(),
        };
    }

    /// Counts one question of a service about a token.
    pub fn introspected(&self, outcome: &'static str) {
        self.introspections
            .get_or_create(&OfOutcome { outcome })
            .inc();
    }

    /// Counts rows that were written to the audit log.
    pub(crate) fn audited(&self, actions: impl IntoIterator<Item = AuditAction>) {
        for action in actions {
            if let Some(event) = action.security_event() {
                self.security.get_or_create(&OfEvent { event }).inc();
            }
            let action = action.as_str();
            self.audit.get_or_create(&OfAction { action }).inc();
        }
    }
}
