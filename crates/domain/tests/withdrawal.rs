//! What an account gives up, case by case.

mod support;

use menshen_domain::model::account::Account;
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::wechat::{AppKind, WeChatApp, WeChatApps};
use menshen_domain::model::wechat_push::{PushKind, RevokedPermission};
use menshen_domain::model::withdrawal::{Withdrawal, WithdrawnData, withdraw};

use support::people::{Holding, account, app, app_of, openid, platform, union_id};
use support::phone;

const NOTHING: WithdrawnData = WithdrawnData {
    nickname: false,
    avatar: false,
    phone: false,
};
const LOOKS: WithdrawnData = WithdrawnData {
    nickname: true,
    avatar: true,
    phone: false,
};

/// Three applications of one platform, and one of another.
fn apps() -> WeChatApps {
    WeChatApps::new(vec![app(0), website(), app(2), app_of(3, 1)])
}

fn website() -> WeChatApp {
    WeChatApp {
        kind: AppKind::Website,
        ..app(1)
    }
}

/// Somebody who came by the mini-program 0, and has its platform's unionid.
fn somebody() -> Account {
    account(1)
        .with_openid(&app(0), openid(0))
        .with_union_id(platform(0), union_id(0))
}

/// The same, with a number that was proven so.
fn with_number(proof: PhoneProof) -> Account {
    Account {
        phone_proof: Some(proof),
        ..somebody().with_phone(&phone(1))
    }
}

fn after(kind: &PushKind, account: &Account) -> Withdrawal {
    withdraw(kind, account, &app(0), &openid(0), &apps())
}

fn revoked(permissions: &[RevokedPermission]) -> PushKind {
    PushKind::AuthorizationRevoked(permissions.to_vec())
}

#[test]
fn a_profile_that_wechat_has_cleaned_is_dropped() {
    let given_up = after(
        &PushKind::UserInfoModified,
        &with_number(PhoneProof::WeChat),
    );
    assert_eq!(given_up, Withdrawal::Data(LOOKS));
}

#[test]
fn each_permission_takes_its_own_data_and_no_more() {
    use RevokedPermission as P;
    let nickname = WithdrawnData {
        nickname: true,
        ..NOTHING
    };
    let avatar = WithdrawnData {
        avatar: true,
        ..NOTHING
    };
    let number = WithdrawnData {
        phone: true,
        ..NOTHING
    };
    let all = WithdrawnData {
        phone: true,
        ..LOOKS
    };
    for (permissions, expected) in [
        (vec![], NOTHING),
        (vec![P::Other(4)], NOTHING),
        (vec![P::NicknameAndAvatar], LOOKS),
        (vec![P::Nickname], nickname),
        (vec![P::Avatar], avatar),
        (vec![P::Nickname, P::Avatar, P::Other(1)], LOOKS),
        (vec![P::PhoneNumber], number),
        (vec![P::PhoneNumber, P::NicknameAndAvatar], all),
    ] {
        let given_up = after(&revoked(&permissions), &with_number(PhoneProof::WeChat));
        assert_eq!(given_up, Withdrawal::Data(expected), "{permissions:?}");
    }
}

#[test]
fn a_number_that_an_sms_code_has_proven_is_not_wechats_to_take() {
    let without_number = somebody();
    for account in [with_number(PhoneProof::Sms), without_number] {
        let given_up = after(&revoked(&[RevokedPermission::PhoneNumber]), &account);
        assert_eq!(given_up, Withdrawal::Data(NOTHING), "{account:?}");
    }
}

/// Permission 301 and a closed account of WeChat's do the same.
fn ends() -> [PushKind; 2] {
    [
        PushKind::AuthorizationCancelled,
        revoked(&[RevokedPermission::Other(1), RevokedPermission::Everything]),
    ]
}

#[test]
fn without_another_way_in_the_account_goes() {
    for kind in ends() {
        for account in [somebody(), with_number(PhoneProof::WeChat)] {
            assert_eq!(after(&kind, &account), Withdrawal::Account, "{kind:?}");
        }
    }
}

#[test]
fn with_a_number_of_its_own_only_the_identity_goes_and_its_unionid() {
    let account = with_number(PhoneProof::Sms);
    for kind in ends() {
        let expected = Withdrawal::Identity {
            id: account.identities[0].id,
            union_id: Some(platform(0)),
            data: LOOKS,
        };
        assert_eq!(after(&kind, &account), expected, "{kind:?}");
    }
}

#[test]
fn the_unionid_stays_while_another_identity_of_its_platform_does() {
    let cases = [
        (website(), None),
        (app(2), None),
        // An application of another platform, and one that is configured no more.
        (app_of(3, 1), Some(platform(0))),
        (app(9), Some(platform(0))),
    ];
    for (other, gone) in cases {
        let account = somebody().with_openid(&other, openid(7));
        let given_up = after(&PushKind::AuthorizationCancelled, &account);
        let expected = Withdrawal::Identity {
            id: account.identities[0].id,
            union_id: gone,
            data: LOOKS,
        };
        assert_eq!(given_up, expected, "{other:?}");
    }
}

#[test]
fn a_number_of_the_button_stays_while_a_mini_program_does() {
    for (other, phone_goes) in [(app(2), false), (website(), true)] {
        let account = with_number(PhoneProof::WeChat).with_openid(&other, openid(7));
        let Withdrawal::Identity { data, .. } = after(&PushKind::AuthorizationCancelled, &account)
        else {
            panic!("another way in remains");
        };
        assert_eq!(data.phone, phone_goes, "{other:?}");
    }
}

#[test]
fn somebody_elses_openid_takes_nothing() {
    let account = somebody();
    let given_up = withdraw(
        &PushKind::AuthorizationCancelled,
        &account,
        &app(0),
        &openid(5),
        &apps(),
    );
    assert_eq!(given_up, Withdrawal::Data(NOTHING));
}
