//! What unlinking an identity comes to, case by case.

mod support;

use menshen_domain::model::account::Account;
use menshen_domain::model::identifiers::IdentityId;
use menshen_domain::model::unlinking::{Unlinking, decide_unlinking};
use menshen_domain::model::wechat::WeChatApps;
use support::people::{Holding, account, app, app_of, openid, platform, union_id};
use support::phone;

/// Two applications of one platform, one of another, and one of none.
fn apps() -> WeChatApps {
    let mut alone = app(3);
    alone.platform = None;
    WeChatApps::new(vec![app(0), app(1), app_of(2, 1), alone])
}

fn goes(forgets: &[u8]) -> Unlinking {
    Unlinking::Goes {
        forgets: forgets.iter().map(|n| platform(*n)).collect(),
    }
}

fn first(account: &Account) -> Unlinking {
    decide_unlinking(account, account.identities[0].id, &apps())
}

#[test]
fn with_a_number_or_another_identity_it_goes() {
    let one = account(1).with_openid(&app(0), openid(0));
    assert_eq!(first(&one), Unlinking::LastWay);
    assert_eq!(first(&one.clone().with_phone(&phone(1))), goes(&[]));
    assert_eq!(first(&one.with_openid(&app_of(2, 1), openid(0))), goes(&[]));
}

#[test]
fn a_unionid_is_no_way_in_by_itself() {
    let one = account(1)
        .with_openid(&app(0), openid(0))
        .with_union_id(platform(0), union_id(0));
    assert_eq!(first(&one), Unlinking::LastWay);
}

#[test]
fn a_unionid_goes_with_the_last_identity_of_its_platform() {
    let one = account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0))
        .with_union_id(platform(0), union_id(0));
    assert_eq!(first(&one), goes(&[0]));
    let two = one.clone().with_openid(&app(1), openid(1));
    assert_eq!(first(&two), goes(&[]), "the other application needs it");
    let foreign = one.with_openid(&app_of(2, 1), openid(1));
    let foreign = foreign.with_union_id(platform(1), union_id(1));
    assert_eq!(first(&foreign), goes(&[0]), "and no other platform's");
}

/// The configuration may have changed since it was linked.
#[test]
fn a_unionid_that_no_application_leads_to_any_more_goes_too() {
    let one = account(1)
        .with_phone(&phone(1))
        .with_openid(&app(9), openid(0))
        .with_union_id(platform(7), union_id(0));
    assert_eq!(first(&one), goes(&[7]));
}

#[test]
fn only_what_the_account_holds_is_unlinked() {
    let one = account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0));
    let nobodys = IdentityId::from_uuid(uuid::Uuid::from_u128(99));
    assert_eq!(decide_unlinking(&one, nobodys, &apps()), Unlinking::NotHeld);
}
