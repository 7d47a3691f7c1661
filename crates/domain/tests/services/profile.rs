use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::avatar::{AvatarBase, AvatarName};
use menshen_domain::model::changes::Step;
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::profile::{AvatarUrl, Bio, Edit, Nickname, ProfileEdit};
use menshen_domain::ports::account_store::{AccountStoreError, Lookup};
use mockall::Sequence;

use crate::desk::{Desk, actions, notices};
use crate::support::people::{Holding, account, origin};
use crate::support::{at, away};

fn named(nickname: &str) -> ProfileEdit {
    ProfileEdit {
        nickname: Edit::Set(Nickname::parse(nickname).expect("a nickname")),
        ..ProfileEdit::default()
    }
}

async fn run(desk: Desk, edit: &ProfileEdit) -> Result<Account, AccountStoreError> {
    desk.open()
        .edit_profile()
        .execute(account(1).id, edit, &origin())
        .await
}

fn found(one: &Account) -> Snapshot {
    Snapshot {
        signed_in: Some(one.clone()),
        ..Snapshot::default()
    }
}

#[tokio::test]
async fn an_edit_is_saved_audited_and_published() {
    let mut desk = Desk {
        now: at(500),
        ..Desk::default()
    };
    desk.accounts
        .expect_observe()
        .withf(|lookup| {
            *lookup
                == Lookup {
                    signed_in: Some(account(1).id),
                    ..Lookup::default()
                }
        })
        .once()
        .returning(|_| Ok(found(&account(1))));
    let applied = desk.applied();
    let edited = run(desk, &named("小明")).await.expect("saved");
    assert_eq!(edited.profile.nickname.as_str(), "小明");
    assert_eq!((edited.version, edited.updated_at), (2, at(500)));
    assert_eq!(edited.last_login_at, account(1).last_login_at);
    let changes = applied.only();
    assert!(
        matches!(&changes.steps[..], [Step::SaveProfile { user, profile }]
        if *user == edited.id && *profile == edited.profile)
    );
    assert_eq!(actions(&changes), [AuditAction::ProfileUpdated]);
    assert_eq!(notices(&changes), ["user.updated"]);
    assert_eq!(changes.expected[0].version, 1);
    assert!(changes.expected[0].changed);
}

#[tokio::test]
async fn an_edit_that_changes_nothing_writes_nothing() {
    let same = ProfileEdit {
        nickname: Edit::Set(account(1).profile.nickname),
        bio: Edit::Clear,
        ..ProfileEdit::default()
    };
    for edit in [ProfileEdit::default(), same] {
        let mut desk = Desk::default();
        desk.observed(found(&account(1)));
        assert_eq!(run(desk, &edit).await.expect("unchanged"), account(1));
    }
}

#[tokio::test]
async fn null_clears_and_a_cleared_nickname_becomes_a_random_one() {
    let mut held = account(1);
    held.profile.bio = Bio::parse("bio").ok();
    let mut desk = Desk::default();
    desk.observed(found(&held));
    desk.applied();
    let clear = ProfileEdit {
        nickname: Edit::Clear,
        bio: Edit::Clear,
        ..ProfileEdit::default()
    };
    let edited = run(desk, &clear).await.expect("saved");
    assert_eq!(edited.profile.bio, None);
    assert!(edited.profile.nickname.as_str().starts_with("用户"));
    assert_ne!(edited.profile.nickname, held.profile.nickname);
}

#[tokio::test]
async fn an_edit_that_was_overtaken_is_made_on_what_is_there_now() {
    let mut desk = Desk::default();
    let mut newer = account(1);
    newer.version = 2;
    newer.profile.bio = Bio::parse("meanwhile").ok();
    let mut order = Sequence::new();
    for (seen, outcome) in [(account(1), Err(())), (newer, Ok(()))] {
        desk.accounts
            .expect_observe()
            .once()
            .in_sequence(&mut order)
            .returning(move |_| Ok(found(&seen)));
        desk.accounts
            .expect_apply()
            .once()
            .in_sequence(&mut order)
            .returning(move |_| outcome.map_err(|()| AccountStoreError::Stale));
    }
    let edited = run(desk, &named("小明")).await.expect("saved");
    assert_eq!(
        edited
            .profile
            .bio
            .map(|bio| bio.as_str().to_owned())
            .as_deref(),
        Some("meanwhile")
    );
    assert_eq!(edited.version, 3);
}

#[tokio::test]
async fn an_account_that_never_holds_still_is_given_up() {
    let mut desk = Desk::default();
    desk.accounts
        .expect_observe()
        .times(12)
        .returning(|_| Ok(found(&account(1))));
    desk.accounts
        .expect_apply()
        .times(12)
        .returning(|_| Err(AccountStoreError::Stale));
    assert!(matches!(
        run(desk, &named("小明")).await,
        Err(AccountStoreError::Stale)
    ));
}

#[tokio::test]
async fn an_account_that_was_merged_or_erased_meanwhile_is_not_written_to() {
    let into = account(2).id;
    for seen in [
        None,
        Some(account(1).with_status(AccountStatus::Merged { into })),
        Some(account(1).with_status(AccountStatus::Erased)),
    ] {
        let mut desk = Desk::default();
        desk.observed(Snapshot {
            signed_in: seen,
            ..Snapshot::default()
        });
        assert!(matches!(
            run(desk, &named("小明")).await,
            Err(AccountStoreError::Stale)
        ));
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_not_asked_again() {
    let mut desk = Desk::default();
    desk.accounts
        .expect_observe()
        .once()
        .returning(|_| Err(AccountStoreError::Unavailable(away())));
    assert!(matches!(
        run(desk, &named("小明")).await,
        Err(AccountStoreError::Unavailable(_))
    ));
    let mut desk = Desk::default();
    desk.observed(found(&account(1)));
    let asked = desk.not_applied(|| AccountStoreError::Unavailable(away()));
    assert!(run(desk, &named("小明")).await.is_err());
    assert_eq!(asked.all().len(), 1);
}

/// Whichever way a picture of ours goes out of a profile, it is dropped with that.
#[tokio::test]
async fn a_picture_of_ours_that_is_not_shown_any_more_is_dropped() {
    let base = AvatarBase::parse("https://login.example").expect("an address");
    let name = AvatarName::from_bytes([7; 16]);
    let mut one = account(1);
    one.profile.avatar_url = Some(base.address(name));
    let elsewhere = AvatarUrl::parse("https://cdn.example/a.png").expect("an address");
    for avatar_url in [Edit::Clear, Edit::Set(elsewhere)] {
        let mut desk = Desk::default();
        desk.observed(found(&one));
        let applied = desk.applied();
        let edit = ProfileEdit {
            avatar_url,
            ..ProfileEdit::default()
        };
        run(desk, &edit).await.expect("saved");
        let changes = applied.only();
        assert!(
            matches!(&changes.steps[..], [Step::SaveProfile { .. }, Step::DropAvatar { user, name: dropped }]
            if *user == one.id && *dropped == name)
        );
    }
    let mut desk = Desk::default();
    desk.observed(found(&one));
    let applied = desk.applied();
    run(desk, &named("小明")).await.expect("saved");
    assert_eq!(applied.only().steps.len(), 1, "another edit leaves it");
}
