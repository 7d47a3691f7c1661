//! Shapes of accounts, as the table of the rules tells them apart: each place of
//! an account is empty, holds what was proven, or holds something else.

use std::sync::LazyLock;

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::evidence::{Evidence, ProvenPhone};
use menshen_domain::model::linking::LinkingPolicy;

use crate::support::people::{
    Holding, account, app, by_button, by_sms, cancelling, evidence, identity, openid, p, platform,
    union_id,
};
use crate::support::phone;

/// What an account has in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Empty,
    /// The very value that is proven, if it is proven.
    Named,
    Other,
}

impl Place {
    const ALL: [Self; 3] = [Self::Empty, Self::Named, Self::Other];
}

/// Where an account stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Active,
    Disabled,
    Cancelling,
}

/// One account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) phone: Place,
    pub(crate) openid: Place,
    pub(crate) union_id: Place,
    /// Whether it holds an openid of another application.
    pub(crate) elsewhere: bool,
    pub(crate) life: Life,
}

/// What is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phone {
    No,
    Sms,
    Button,
}

/// What is proven: a phone number, an openid, a unionid with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proven {
    pub(crate) phone: Phone,
    pub(crate) openid: bool,
    pub(crate) union_id: bool,
}

impl Proven {
    /// What logins prove: the button's number never comes alone.
    pub(crate) fn logins() -> impl Iterator<Item = Self> {
        Self::all().filter(|proven| proven.openid || !proven.by_button())
    }

    /// What bindings prove: a phone number or a WeChat identity.
    pub(crate) fn bindings() -> impl Iterator<Item = Self> {
        Self::all().filter(|proven| proven.has_phone() != proven.openid)
    }

    fn all() -> impl Iterator<Item = Self> {
        let phones = [Phone::No, Phone::Sms, Phone::Button];
        let wechat = [(false, false), (true, false), (true, true)];
        phones
            .into_iter()
            .flat_map(move |phone| {
                wechat.into_iter().map(move |(openid, union_id)| Self {
                    phone,
                    openid,
                    union_id,
                })
            })
            .filter(|proven| proven.phone != Phone::No || proven.openid)
    }

    pub(crate) fn has_phone(self) -> bool {
        self.phone != Phone::No
    }

    pub(crate) fn by_button(self) -> bool {
        self.phone == Phone::Button
    }

    pub(crate) fn evidence(self) -> Evidence {
        static SMS: LazyLock<ProvenPhone> = LazyLock::new(|| by_sms(&p()));
        let phone = match self.phone {
            Phone::No => None,
            Phone::Sms => Some(SMS.clone()),
            Phone::Button => Some(by_button(&p())),
        };
        let wechat = self
            .openid
            .then(|| identity(&app(0), openid(0), self.union_id.then(|| union_id(0))));
        evidence(phone, wechat)
    }
}

impl Shape {
    /// Every shape, active ones first.
    pub(crate) fn all() -> Vec<Self> {
        let mut shapes = Vec::new();
        for life in [Life::Active, Life::Disabled, Life::Cancelling] {
            for phone in Place::ALL {
                for openid in Place::ALL {
                    for union_id in Place::ALL {
                        for elsewhere in [false, true] {
                            shapes.push(Self {
                                phone,
                                openid,
                                union_id,
                                elsewhere,
                                life,
                            });
                        }
                    }
                }
            }
        }
        shapes
    }

    pub(crate) fn named_by_phone(self, proven: Proven) -> bool {
        proven.has_phone() && self.phone == Place::Named
    }

    pub(crate) fn named_by_openid(self, proven: Proven) -> bool {
        proven.openid && self.openid == Place::Named
    }

    pub(crate) fn named_by_union_id(self, proven: Proven) -> bool {
        proven.union_id && self.union_id == Place::Named
    }

    pub(crate) fn is_named(self, proven: Proven) -> bool {
        self.named_by_phone(proven)
            || self.named_by_openid(proven)
            || self.named_by_union_id(proven)
    }

    /// No two accounts hold one value.
    pub(crate) fn may_stand_beside(self, other: Self) -> bool {
        let twice = |a: Place, b: Place| a == Place::Named && b == Place::Named;
        !twice(self.phone, other.phone)
            && !twice(self.openid, other.openid)
            && !twice(self.union_id, other.union_id)
    }

    /// Whether the two hold something in one and the same WeChat place.
    pub(crate) fn clashes(self, other: Self) -> bool {
        let both = |a: Place, b: Place| a != Place::Empty && b != Place::Empty;
        both(self.openid, other.openid)
            || both(self.union_id, other.union_id)
            || (self.elsewhere && other.elsewhere)
    }

    /// The account of this shape that is the `n`th, made at that time.
    pub(crate) fn account(self, n: u32) -> Account {
        let mut one = account(n + 1);
        match self.phone {
            Place::Empty => {}
            Place::Named => one = one.with_phone(&p()),
            Place::Other => one = one.with_phone(&phone(n + 1)),
        }
        // In between, so that nothing depends on the order of identities.
        if self.elsewhere && n.is_multiple_of(2) {
            one = one.with_openid(&app(1), openid(100 + n));
        }
        match self.openid {
            Place::Empty => {}
            Place::Named => one = one.with_openid(&app(0), openid(0)),
            Place::Other => one = one.with_openid(&app(0), openid(n + 1)),
        }
        if self.elsewhere && !n.is_multiple_of(2) {
            one = one.with_openid(&app(1), openid(100 + n));
        }
        match self.union_id {
            Place::Empty => {}
            Place::Named => one = one.with_union_id(platform(0), union_id(0)),
            Place::Other => one = one.with_union_id(platform(0), union_id(n + 1)),
        }
        one.with_status(match self.life {
            Life::Active => AccountStatus::Active,
            Life::Disabled => AccountStatus::DISABLED,
            Life::Cancelling => cancelling(),
        })
    }
}

/// The switches that matter for these shapes.
pub(crate) fn policies(shapes: &[Shape]) -> Vec<LinkingPolicy> {
    const BOTH: &[bool] = &[true, false];
    let restore = if shapes.iter().any(|shape| shape.life == Life::Cancelling) {
        BOTH
    } else {
        &[false]
    };
    let mut policies = Vec::new();
    for merge in [true, false] {
        for confirm_wechat_phone in [false, true] {
            for &restore in restore {
                policies.push(LinkingPolicy {
                    merge,
                    confirm_wechat_phone,
                    restore,
                    consented: true,
                });
            }
        }
    }
    policies
}
