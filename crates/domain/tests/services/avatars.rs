use std::sync::{Arc, Mutex};
use std::time::Duration;

use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::avatar::{Avatar, AvatarBase, AvatarName, UNSHOWN_FOR};
use menshen_domain::model::changes::Changes;
use menshen_domain::model::limits::{LimitKey, LimitRule};
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::profile::AvatarUrl;
use menshen_domain::ports::account_store::{AccountStoreError, MockAccountStore};
use menshen_domain::ports::avatar_records::{AvatarRecordsError, MockAvatarRecords};
use menshen_domain::ports::avatar_store::{AvatarStoreError, MockAvatarStore};
use menshen_domain::ports::image_reader::{ImageReaderError, MockImageReader};
use menshen_domain::ports::rate_limiter::{Admission, MockRateLimiter};
use menshen_domain::services::avatars::{SetAvatar, SetAvatarError, ShowAvatar, SweepAvatars};

use crate::desk::{actions, notices, reservation, signed_in, steps};
use crate::support::people::{account, origin};
use crate::support::{at, away, clock_at, epoch, randomness, secs};

/// The ports of one test.
#[derive(Default)]
struct Studio {
    images: MockImageReader,
    store: MockAvatarStore,
    records: MockAvatarRecords,
    accounts: MockAccountStore,
    limiter: MockRateLimiter,
}

fn base() -> AvatarBase {
    AvatarBase::parse("https://login.example").expect("an address")
}

fn picture() -> Avatar {
    Avatar::of(vec![0xff, 0xd8, 0xff]).expect("a picture")
}

fn other_name() -> AvatarName {
    AvatarName::from_bytes([7; 16])
}

/// An account that shows a picture of ours.
fn showing(name: AvatarName) -> Account {
    let mut one = account(1);
    one.profile.avatar_url = Some(base().address(name));
    one
}

fn found(one: &Account) -> Snapshot {
    Snapshot {
        signed_in: Some(one.clone()),
        ..Snapshot::default()
    }
}

impl Studio {
    /// Everything goes well up to the account, which is as given.
    fn of(one: &Account) -> Self {
        let mut studio = Self::default();
        studio.admitted();
        studio
            .images
            .expect_read()
            .once()
            .returning(|_| Ok(picture()));
        studio
            .records
            .expect_announce()
            .once()
            .returning(|_, _, _| Ok(()));
        studio.store.expect_put().once().returning(|_, _| Ok(()));
        let one = found(one);
        studio
            .accounts
            .expect_observe()
            .returning(move |_| Ok(one.clone()));
        studio
    }

    fn admitted(&mut self) {
        self.limiter
            .expect_reserve()
            .withf(|windows| {
                matches!(windows, [window] if window.key == LimitKey::Avatars(account(1).id)
                    && window.rule == LimitRule::Avatars
                    && (window.limit, window.per) == (10, secs(3_600)))
            })
            .once()
            .returning(|windows| Ok(Admission::Reserved(reservation(windows.to_vec()))));
    }

    fn released(&mut self) {
        self.limiter.expect_release().once().returning(|_| Ok(()));
    }

    fn swept(&mut self) {
        self.records
            .expect_unwanted()
            .once()
            .returning(|_, _| Ok(Vec::new()));
    }

    fn applied(&mut self) -> Arc<Mutex<Vec<Changes>>> {
        let applied: Arc<Mutex<Vec<Changes>>> = Arc::default();
        let told = applied.clone();
        self.accounts.expect_apply().returning(move |changes| {
            told.lock().expect("the list").push(changes.clone());
            Ok(())
        });
        applied
    }

    async fn set(self) -> Result<Account, SetAvatarError> {
        let (store, records) = (Arc::new(self.store), Arc::new(self.records));
        let set = SetAvatar {
            images: Arc::new(self.images),
            store: store.clone(),
            records: records.clone(),
            accounts: Arc::new(self.accounts),
            limiter: Arc::new(self.limiter),
            sweep: Arc::new(SweepAvatars { store, records }),
            clock: clock_at(at(500)),
            randomness: randomness(),
            per_hour: 10,
        };
        let file = b"file".to_vec();
        set.execute(&signed_in(&account(1)), file, &base(), &origin())
            .await
    }
}

#[tokio::test]
async fn a_picture_is_announced_stored_and_shown_under_one_name() {
    let mut studio = Studio::of(&account(1));
    studio.swept();
    let applied = studio.applied();
    let shown = studio.set().await.expect("taken");
    let name = shown.profile.kept_avatar().expect("a picture of ours");
    assert_eq!(shown.profile.avatar_url, Some(base().address(name)));
    let changes = applied.lock().unwrap().pop().expect("changes");
    assert_eq!(steps(&changes), ["picture", "profile"]);
    assert_eq!(actions(&changes), [AuditAction::ProfileUpdated]);
    assert_eq!(notices(&changes), ["user.updated"]);
    let session = signed_in(&account(1)).session.id;
    assert_eq!(changes.caller, Some(session), "it must live still");
}

/// Whether the account is gone or only the session, and whether or not the file that was
/// stored for nobody can be removed.
#[tokio::test]
async fn whose_session_is_over_shows_nothing_and_leaves_no_file() {
    for (gone, store_is_away) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut one = account(1);
        if gone {
            one.status = AccountStatus::Erased;
        }
        let mut studio = Studio::of(&one);
        if !gone {
            let over = |_: &Changes| Err(AccountStoreError::CallerGone);
            studio.accounts.expect_apply().once().returning(over);
        }
        let stored = Arc::new(Mutex::new(Vec::new()));
        let removed = stored.clone();
        studio
            .records
            .expect_give_up()
            .once()
            .returning(move |name| {
                stored.lock().unwrap().push(name);
                Ok(())
            });
        let remove = studio.store.expect_remove();
        remove
            .withf(move |name| removed.lock().unwrap().contains(name))
            .once();
        if store_is_away {
            remove.returning(|_| Err(AvatarStoreError(away())));
        } else {
            remove.returning(|_| Ok(()));
            studio.records.expect_forget().once().returning(|_| Ok(()));
        }
        match studio.set().await.expect_err("nobody's") {
            SetAvatarError::AccountGone => assert!(gone),
            SetAvatarError::SessionOver => assert!(!gone),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_one_before_is_dropped_in_the_same_step() {
    let mut studio = Studio::of(&showing(other_name()));
    studio.swept();
    let applied = studio.applied();
    studio.set().await.expect("taken");
    let changes = applied.lock().unwrap().pop().expect("changes");
    assert_eq!(steps(&changes), ["picture", "profile", "no picture"]);
}

#[tokio::test]
async fn an_address_of_elsewhere_leaves_nothing_to_drop() {
    let mut one = account(1);
    one.profile.avatar_url = AvatarUrl::parse("https://wx.qlogo.cn/a").ok();
    let mut studio = Studio::of(&one);
    studio.swept();
    let applied = studio.applied();
    studio.set().await.expect("taken");
    let changes = applied.lock().unwrap().pop().expect("changes");
    assert_eq!(steps(&changes), ["picture", "profile"]);
}

#[tokio::test]
async fn a_race_ends_in_another_round() {
    let mut studio = Studio::of(&account(1));
    studio.swept();
    let mut rounds = 0;
    studio.accounts.expect_apply().times(2).returning(move |_| {
        rounds += 1;
        if rounds == 1 {
            return Err(AccountStoreError::Stale);
        }
        Ok(())
    });
    studio.set().await.expect("taken");
}

#[tokio::test]
async fn what_is_no_picture_counts_and_is_stored_nowhere() {
    for error in [
        ImageReaderError::UnknownFormat,
        ImageReaderError::Broken,
        ImageReaderError::TooLarge,
    ] {
        let mut studio = Studio::default();
        studio.admitted();
        let mut error = Some(error);
        let answer = move |_| Err(error.take().expect("asked once"));
        studio.images.expect_read().once().returning(answer);
        let refused = studio.set().await.expect_err("no picture");
        assert!(matches!(refused, SetAvatarError::Image(_)), "{refused:?}");
    }
}

#[tokio::test]
async fn what_is_our_fault_does_not_count() {
    let busy = |_| {
        Err(ImageReaderError::Busy {
            retry_after: Duration::from_secs(2),
        })
    };
    let mut studio = Studio::default();
    studio.admitted();
    studio.released();
    studio.images.expect_read().once().returning(busy);
    assert!(matches!(
        studio.set().await,
        Err(SetAvatarError::Image(ImageReaderError::Busy { .. }))
    ));

    let mut studio = Studio::default();
    studio.admitted();
    studio.released();
    studio
        .images
        .expect_read()
        .once()
        .returning(|_| Ok(picture()));
    let gone = |_, _, _| Err(AvatarRecordsError(away()));
    studio.records.expect_announce().once().returning(gone);
    assert!(matches!(
        studio.set().await,
        Err(SetAvatarError::Unavailable(_))
    ));

    let mut studio = Studio::default();
    studio.admitted();
    studio.released();
    studio
        .images
        .expect_read()
        .once()
        .returning(|_| Ok(picture()));
    studio
        .records
        .expect_announce()
        .once()
        .returning(|_, _, _| Ok(()));
    let gone = |_, _: &Avatar| Err(AvatarStoreError(away()));
    studio.store.expect_put().once().returning(gone);
    assert!(matches!(
        studio.set().await,
        Err(SetAvatarError::Unavailable(_))
    ));

    let mut studio = Studio::of(&account(1));
    studio.released();
    let gone = |_: &Changes| Err(AccountStoreError::Unavailable(away()));
    studio.accounts.expect_apply().once().returning(gone);
    assert!(matches!(
        studio.set().await,
        Err(SetAvatarError::Unavailable(_))
    ));
}

#[tokio::test]
async fn whoever_uploads_too_often_is_not_read() {
    let mut studio = Studio::default();
    let refused = Admission::Refused {
        rule: LimitRule::Avatars,
        retry_after: secs(60),
    };
    studio
        .limiter
        .expect_reserve()
        .once()
        .returning(move |_| Ok(refused.clone()));
    let refused = studio.set().await.expect_err("too often");
    assert!(
        matches!(refused, SetAvatarError::RateLimited { retry_after } if retry_after == secs(60))
    );
}

#[tokio::test]
async fn a_sweep_that_fails_costs_nobody_their_picture() {
    let mut studio = Studio::of(&account(1));
    let gone = |_, _| Err(AvatarRecordsError(away()));
    studio.records.expect_unwanted().once().returning(gone);
    studio.applied();
    studio.set().await.expect("taken");
}

#[tokio::test]
async fn what_no_account_shows_is_not_asked_of_the_store() {
    let mut records = MockAvatarRecords::new();
    records.expect_is_shown().once().returning(|_| Ok(false));
    let show = ShowAvatar {
        store: Arc::new(MockAvatarStore::new()),
        records: Arc::new(records),
    };
    assert_eq!(show.execute(other_name()).await.expect("an answer"), None);
}

#[tokio::test]
async fn a_sweep_removes_the_file_before_the_row_and_stops_at_a_failure() {
    let [first, second, third] = [1, 2, 3].map(|n| AvatarName::from_bytes([n; 16]));
    let mut records = MockAvatarRecords::new();
    records
        .expect_unwanted()
        .withf(|before, limit| *before == epoch() - UNSHOWN_FOR && *limit == 3)
        .once()
        .returning(move |_, _| Ok(vec![first, second, third]));
    let forgets = records.expect_forget().withf(move |name| *name == first);
    forgets.once().returning(|_| Ok(()));
    let mut store = MockAvatarStore::new();
    store.expect_remove().times(2).returning(move |name| {
        if name == second {
            return Err(AvatarStoreError(away()));
        }
        Ok(())
    });
    let sweep = SweepAvatars {
        store: Arc::new(store),
        records: Arc::new(records),
    };
    let swept = sweep.execute(epoch(), 3).await;
    assert_eq!((swept.removed, swept.more), (1, false));
    assert!(swept.failure.is_some());
}
