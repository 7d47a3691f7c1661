//! Numbers that a carrier may have given to somebody else: when they are in doubt.

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::account::Account;
use menshen_domain::model::evidence::Evidence;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::recycled::{Activity, IDLE, is_doubtful, suspect};
use support::people::{
    Holding, account, app, app_of, by_button, by_sms, evidence, identity, openid, platform,
    union_id,
};
use support::phone;
use support::world::World;

/// A number and a WeChat identity, last used for a login when it was made.
fn holder() -> Account {
    account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0))
        .with_union_id(platform(0), union_id(0))
}

fn later() -> DateTime<Utc> {
    holder().last_login_at + IDLE
}

fn by_phone() -> Evidence {
    Evidence::Phone(by_sms(&phone(1)))
}

fn suspected(evidence: &Evidence, one: Account, now: DateTime<Utc>) -> bool {
    let found = World(vec![one]).observe(evidence, None);
    suspect(evidence, &found, now).is_some()
}

#[test]
fn a_number_alone_is_suspect_after_ninety_days_to_the_second() {
    assert!(suspected(&by_phone(), holder(), later()));
    let before = later() - TimeDelta::seconds(1);
    assert!(!suspected(&by_phone(), holder(), before));
}

#[test]
fn without_a_wechat_identity_there_is_nothing_to_ask_for() {
    let mut bare = holder();
    bare.identities.clear();
    assert!(!suspected(&by_phone(), bare, later()));
}

#[test]
fn what_else_proves_the_account_clears_the_number() {
    let with = |openid_n, union| {
        let wechat = identity(&app(0), openid(openid_n), union);
        evidence(Some(by_sms(&phone(1))), Some(wechat))
    };
    assert!(!suspected(&with(0, None), holder(), later()), "the openid");
    let by_union = evidence(
        Some(by_sms(&phone(1))),
        Some(identity(&app(1), openid(7), Some(union_id(0)))),
    );
    assert!(!suspected(&by_union, holder(), later()), "the unionid");
    assert!(suspected(&with(5, None), holder(), later()), "somebody's");
    let foreign = evidence(
        Some(by_sms(&phone(1))),
        Some(identity(&app_of(2, 1), openid(7), Some(union_id(0)))),
    );
    assert!(suspected(&foreign, holder(), later()), "another platform's");
    let found = Snapshot {
        signed_in: Some(holder()),
        by_phone: Some(holder()),
        ..Snapshot::default()
    };
    assert_eq!(
        suspect(&by_phone(), &found, later()),
        None,
        "signed in there"
    );
}

#[test]
fn the_button_is_suspect_too_and_wechat_alone_is_not() {
    let wechat = identity(&app(1), openid(7), None);
    let button = evidence(Some(by_button(&phone(1))), Some(wechat));
    assert!(suspected(&button, holder(), later()));
    let alone = Evidence::WeChat(identity(&app(0), openid(0), None));
    assert!(!suspected(&alone, holder(), later()));
}

#[test]
fn who_was_seen_or_whose_device_is_known_is_not_in_doubt() {
    let now = later();
    let seen = |days| Some(now - TimeDelta::days(days));
    for (last_seen_at, device_known, doubtful) in [
        (None, false, true),
        (None, true, false),
        (seen(90), false, true),
        (seen(90), true, false),
        (seen(89), false, false),
        (seen(-1), false, false),
    ] {
        let activity = Activity {
            last_seen_at,
            device_known,
        };
        assert_eq!(is_doubtful(activity, now), doubtful, "{activity:?}");
    }
}
