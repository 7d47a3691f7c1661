//! Who is who: the decision of a login, as one pure function.
//!
//! The rules have the numbers of the table in `docs/accounts.md`.

use chrono::{DateTime, Utc};

use crate::model::account::{Account, AccountStatus};
use crate::model::evidence::{Evidence, EvidencePart, PhoneProof};
use crate::model::identifiers::UserId;

/// The accounts that a piece of evidence touches, as the store saw them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The account of the person who is signed in already, where one is.
    pub signed_in: Option<Account>,
    /// The account that holds the phone number.
    pub by_phone: Option<Account>,
    /// The account that holds the openid of the application.
    pub by_openid: Option<Account>,
    /// The account that holds the unionid of the platform.
    pub by_union_id: Option<Account>,
}

impl Snapshot {
    /// The distinct accounts that the evidence matches.
    pub fn matched(&self) -> impl Iterator<Item = &Account> {
        distinct([&self.by_phone, &self.by_openid, &self.by_union_id])
    }
}

fn distinct<const N: usize>(found: [&Option<Account>; N]) -> impl Iterator<Item = &Account> {
    let mut seen: Vec<UserId> = Vec::with_capacity(N);
    found.into_iter().flatten().filter(move |account| {
        let new = !seen.contains(&account.id);
        seen.push(account.id);
        new
    })
}

/// What the deployment and the request allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent switches, each named by its setting"
)]
pub struct LinkingPolicy {
    /// Whether accounts may be merged (`accounts.merge`).
    pub merge: bool,
    /// Whether a number from WeChat's button alone must be confirmed by SMS
    /// before it opens an existing account (`accounts.wechat_phone`).
    pub confirm_wechat_phone: bool,
    /// Whether the request takes a cancellation back.
    pub restore: bool,
    /// Whether the request carries the consent that a new account needs.
    pub consented: bool,
}

/// Which parts of the evidence the account is to take in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attach {
    /// The phone number.
    pub phone: bool,
    /// The openid.
    pub openid: bool,
    /// The unionid.
    pub union_id: bool,
}

/// What a login is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Rule 1: make an account that holds all the evidence.
    Create,
    /// Rules 2, 3a, 3c, 4: sign in to this account.
    SignIn {
        /// The account.
        user: UserId,
        /// What it takes in.
        attach: Attach,
        /// What was left, in the contract's order.
        not_attached: Vec<EvidencePart>,
        /// The evidence named another account too, which was left alone.
        conflict: bool,
    },
    /// Rules 3a, 3b: move all of `from` into `into`, then sign in there.
    Merge {
        /// The account that becomes an alias.
        from: UserId,
        /// The account that survives.
        into: UserId,
        /// What the survivor takes in beyond that.
        attach: Attach,
        /// What was left.
        not_attached: Vec<EvidencePart>,
    },
    /// Nothing changes.
    Refuse(Refusal),
}

/// Why a login is refused although its proof was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The account is disabled.
    Disabled,
    /// The account is being cancelled; the request may take that back.
    Cancelling {
        /// When it will be erased.
        purge_at: DateTime<Utc>,
    },
    /// The evidence names two accounts that must not become one.
    Conflict,
    /// A number from WeChat's button would open an existing account: an SMS
    /// code is asked for.
    PhoneConfirmationRequired,
    /// The number may be somebody else's by now: a WeChat identity of its account is
    /// asked for.
    IdentityConfirmationRequired,
    /// A first login must carry the current consent.
    ConsentRequired,
}

impl Refusal {
    /// The word of the audit log.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Disabled => "account_disabled",
            Self::Cancelling { .. } => "account_cancelling",
            Self::Conflict => "account_conflict",
            Self::PhoneConfirmationRequired => "phone_confirmation_required",
            Self::IdentityConfirmationRequired => "identity_confirmation_required",
            Self::ConsentRequired => "consent_required",
        }
    }

    /// True if the same proof may complete a request that carries more.
    #[must_use]
    pub fn keeps_proof(&self) -> bool {
        match self {
            Self::Cancelling { .. }
            | Self::PhoneConfirmationRequired
            | Self::IdentityConfirmationRequired
            | Self::ConsentRequired => true,
            Self::Disabled | Self::Conflict => false,
        }
    }
}

/// Decides what a login with this evidence is to do.
#[must_use]
pub fn decide(evidence: &Evidence, found: &Snapshot, policy: LinkingPolicy) -> Decision {
    if let Some(refusal) = closed(found.matched(), policy.restore) {
        return Decision::Refuse(refusal);
    }
    match (&found.by_phone, wechat_accounts(found)) {
        (None, (None, _)) if policy.consented => Decision::Create,
        (None, (None, _)) => Decision::Refuse(Refusal::ConsentRequired),
        (None, (Some(only), None)) if barred(only, evidence) => Decision::Refuse(Refusal::Conflict),
        (None, (Some(only), None)) => sign_in(only, evidence, found),
        (None, (Some(a), Some(c))) => rule_3a(a, c, evidence, found, policy),
        (Some(b), (a, c)) => with_phone(b, a, c, evidence, found, policy),
    }
}

/// Disabled and cancelled accounts answer for themselves, whichever evidence
/// names them.
pub(crate) fn closed<'a>(
    concerned: impl Iterator<Item = &'a Account>,
    restore: bool,
) -> Option<Refusal> {
    let statuses: Vec<AccountStatus> = concerned.map(|account| account.status).collect();
    let disabled = |status: &_| matches!(status, AccountStatus::Disabled { .. });
    if statuses.iter().any(disabled) {
        return Some(Refusal::Disabled);
    }
    statuses.into_iter().find_map(|status| match status {
        AccountStatus::Cancelling { purge_at } if !restore => {
            Some(Refusal::Cancelling { purge_at })
        }
        _ => None,
    })
}

/// The openid's account and, if it is another one, the unionid's.
fn wechat_accounts(found: &Snapshot) -> (Option<&Account>, Option<&Account>) {
    let mut accounts = distinct([&found.by_openid, &found.by_union_id]);
    (accounts.next(), accounts.next())
}

/// True if the phone number is known from WeChat's button alone.
fn by_button(evidence: &Evidence) -> bool {
    evidence
        .phone()
        .is_some_and(|phone| phone.proof() == PhoneProof::WeChat)
}

/// The exception to rule 2: a number from WeChat's button alone never enters an
/// account that holds another openid of the application.
fn barred(account: &Account, evidence: &Evidence) -> bool {
    by_button(evidence)
        && evidence
            .wechat()
            .is_some_and(|wechat| account.holds_other_openid(wechat))
}

/// Rule 3a: no account by phone; the openid's A and the unionid's C differ.
fn rule_3a(
    a: &Account,
    c: &Account,
    evidence: &Evidence,
    found: &Snapshot,
    policy: LinkingPolicy,
) -> Decision {
    let one_phone_at_most = a.phone.is_none() || c.phone.is_none();
    if !policy.merge || !one_phone_at_most || a.clashes_with(c) {
        // From the button, the number would name A the next time, and the same
        // login would then be refused by rule 3c: it stays outside.
        let phone = !by_button(evidence) && attach(a, &[], evidence, found).0.phone;
        let left = evidence.phone().is_some() && !phone && !holds_phone(a, evidence);
        return Decision::SignIn {
            user: a.id,
            attach: Attach {
                phone,
                ..Attach::default()
            },
            not_attached: if left {
                vec![EvidencePart::Phone]
            } else {
                Vec::new()
            },
            conflict: true,
        };
    }
    let a_survives = match (a.phone.is_some(), c.phone.is_some()) {
        (true, _) => true,
        (false, true) => false,
        (false, false) => a.is_older_than(c),
    };
    let (from, into) = if a_survives { (c, a) } else { (a, c) };
    merge(from, into, evidence, found)
}

/// Rules 2, 3b, 3c and 4 for evidence whose phone number has an account, B.
fn with_phone(
    b: &Account,
    a: Option<&Account>,
    c: Option<&Account>,
    evidence: &Evidence,
    found: &Snapshot,
    policy: LinkingPolicy,
) -> Decision {
    let by_button = by_button(evidence);
    if barred(b, evidence) {
        return Decision::Refuse(Refusal::Conflict);
    }
    let proven_otherwise = [a, c]
        .into_iter()
        .flatten()
        .any(|account| account.id == b.id);
    let mut others = [a, c]
        .into_iter()
        .flatten()
        .filter(|account| account.id != b.id);
    let movable = match (others.next(), others.next()) {
        (None, _) => None,
        (Some(other), None)
            if policy.merge
                && other.phone.is_none()
                && !other.clashes_with(b)
                && !barred(other, evidence) =>
        {
            Some(other)
        }
        (Some(_), _) if by_button => return Decision::Refuse(Refusal::Conflict),
        (Some(_), _) => {
            return Decision::SignIn {
                user: b.id,
                attach: Attach::default(),
                not_attached: vec![EvidencePart::WeChat],
                conflict: true,
            };
        }
    };
    if by_button && policy.confirm_wechat_phone && !proven_otherwise {
        return Decision::Refuse(Refusal::PhoneConfirmationRequired);
    }
    match movable {
        Some(other) => merge(other, b, evidence, found),
        None => sign_in(b, evidence, found),
    }
}

/// Rule 2: sign in, and attach what the account lacks.
fn sign_in(account: &Account, evidence: &Evidence, found: &Snapshot) -> Decision {
    let (attach, not_attached) = attach(account, &[], evidence, found);
    Decision::SignIn {
        user: account.id,
        attach,
        not_attached,
        conflict: false,
    }
}

fn merge(from: &Account, into: &Account, evidence: &Evidence, found: &Snapshot) -> Decision {
    let (attach, not_attached) = attach(into, &[from], evidence, found);
    Decision::Merge {
        from: from.id,
        into: into.id,
        attach,
        not_attached,
    }
}

fn holds_phone(account: &Account, evidence: &Evidence) -> bool {
    evidence
        .phone()
        .is_some_and(|phone| account.phone.as_ref() == Some(phone.number()))
}

/// What `account`, together with `merged` accounts, takes in of the evidence.
///
/// A place that is taken, or a value that another account holds, stays as it is.
pub(crate) fn attach(
    account: &Account,
    merged: &[&Account],
    evidence: &Evidence,
    found: &Snapshot,
) -> (Attach, Vec<EvidencePart>) {
    let ours = |id: UserId| id == account.id || merged.iter().any(|other| other.id == id);
    let all = || std::iter::once(account).chain(merged.iter().copied());
    let mut attach = Attach::default();
    let mut left = Vec::new();
    if evidence.phone().is_some() {
        let held_here = found
            .by_phone
            .as_ref()
            .is_some_and(|holder| ours(holder.id));
        attach.phone = found.by_phone.is_none() && all().all(|one| one.phone.is_none());
        if !attach.phone && !held_here {
            left.push(EvidencePart::Phone);
        }
    }
    if let Some(wechat) = evidence.wechat() {
        let openid_here = found
            .by_openid
            .as_ref()
            .is_some_and(|holder| ours(holder.id));
        attach.openid =
            found.by_openid.is_none() && !all().any(|one| one.holds_other_openid(wechat));
        let union_id_here = found
            .by_union_id
            .as_ref()
            .is_some_and(|holder| ours(holder.id));
        attach.union_id = wechat.union_id.is_some()
            && found.by_union_id.is_none()
            && !all().any(|one| one.holds_other_union_id(wechat));
        let openid_left = !attach.openid && !openid_here;
        let union_id_left = wechat.union_id.is_some() && !attach.union_id && !union_id_here;
        if openid_left || union_id_left {
            left.push(EvidencePart::WeChat);
        }
        // Where the account keeps another openid of this application, the
        // identity as a whole is left: its unionid would join a second person.
        if openid_left {
            attach.union_id = false;
        }
    }
    (attach, left)
}
