//! The table, cell by cell, with its boundaries.

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::refresh::{RefreshOutcome, RefreshPolicy, RefreshState};

use crate::support::{at, epoch, secs};

const DAY: i64 = 24 * 60 * 60;

pub(crate) fn policy() -> RefreshPolicy {
    RefreshPolicy {
        idle_ttl: secs(30 * 24 * 60 * 60),
        grace: secs(30),
        recovery: secs(7 * 24 * 60 * 60),
    }
}

fn without_grace() -> RefreshPolicy {
    RefreshPolicy {
        grace: secs(0),
        ..policy()
    }
}

fn without_recovery() -> RefreshPolicy {
    RefreshPolicy {
        recovery: secs(0),
        ..policy()
    }
}

/// A session whose token 4 was exchanged for token 5 at the epoch.
fn rotated() -> RefreshState {
    RefreshState {
        current: 5,
        previous: Some(4),
        current_issued_at: epoch(),
        previous_exchanged_at: Some(epoch()),
    }
}

/// The same session after token 4 came again a day later: 5 was never used and
/// is replaced by 6.
fn recovered() -> RefreshState {
    RefreshState {
        current: 6,
        previous: Some(4),
        current_issued_at: at(DAY),
        previous_exchanged_at: Some(epoch()),
    }
}

fn just_before(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment - TimeDelta::microseconds(1)
}

#[test]
fn a_new_session_has_one_token_and_it_rotates() {
    let begun = RefreshState::begin(epoch());
    assert_eq!(
        begun.present(0, at(10), &policy()),
        RefreshOutcome::Rotate(RefreshState {
            current: 1,
            previous: Some(0),
            current_issued_at: at(10),
            previous_exchanged_at: Some(at(10)),
        })
    );
    assert_eq!(begun.present(1, at(10), &policy()), RefreshOutcome::Unknown);
}

#[test]
fn the_current_token_rotates_until_its_life_is_over() {
    let end = at(30 * DAY);
    assert_eq!(rotated().expires_at(&policy()), end);
    for now in [epoch(), at(29), at(DAY), just_before(end)] {
        assert_eq!(
            rotated().present(5, now, &policy()),
            RefreshOutcome::Rotate(RefreshState {
                current: 6,
                previous: Some(5),
                current_issued_at: now,
                previous_exchanged_at: Some(now),
            })
        );
    }
    for now in [end, end + TimeDelta::days(400)] {
        assert_eq!(
            rotated().present(5, now, &policy()),
            RefreshOutcome::Expired
        );
    }
}

#[test]
fn the_predecessor_answers_the_same_current_within_the_grace_time() {
    for now in [epoch(), at(1), just_before(at(30))] {
        assert_eq!(rotated().present(4, now, &policy()), RefreshOutcome::Replay);
    }
    assert_ne!(
        rotated().present(4, at(30), &policy()),
        RefreshOutcome::Replay
    );
}

#[test]
fn a_predecessor_later_recovers_the_lost_answer_and_stays_the_predecessor() {
    for now in [at(30), at(DAY), just_before(at(7 * DAY))] {
        assert_eq!(
            rotated().present(4, now, &policy()),
            RefreshOutcome::Recover(RefreshState {
                current: 6,
                previous: Some(4),
                current_issued_at: now,
                previous_exchanged_at: Some(epoch()),
            })
        );
    }
}

#[test]
fn the_recovery_time_runs_from_the_first_exchange_whatever_was_recovered_since() {
    let second = at(7 * DAY);
    assert!(matches!(
        recovered().present(4, just_before(second), &policy()),
        RefreshOutcome::Recover(RefreshState {
            current: 7,
            previous: Some(4),
            ..
        })
    ));
    assert_eq!(
        recovered().present(4, second, &policy()),
        RefreshOutcome::RecoveryOver
    );
    assert_eq!(
        rotated().present(4, second, &policy()),
        RefreshOutcome::RecoveryOver
    );
}

#[test]
fn the_unused_token_that_was_replaced_is_good_within_the_grace_time_only() {
    let start = at(DAY);
    for (after, outcome) in [
        (0, RefreshOutcome::Replay),
        (29, RefreshOutcome::Replay),
        (30, RefreshOutcome::Reused),
        (DAY, RefreshOutcome::Reused),
    ] {
        let now = start + TimeDelta::seconds(after);
        assert_eq!(recovered().present(5, now, &policy()), outcome, "{after} s");
    }
}

#[test]
fn the_predecessor_has_the_grace_time_of_the_recovered_token_too() {
    assert_eq!(
        recovered().present(4, at(DAY + 29), &policy()),
        RefreshOutcome::Replay
    );
    assert!(matches!(
        recovered().present(4, at(DAY + 30), &policy()),
        RefreshOutcome::Recover(_)
    ));
}

#[test]
fn the_recovered_token_rotates_and_is_the_predecessor_then() {
    assert_eq!(
        recovered().present(6, at(2 * DAY), &policy()),
        RefreshOutcome::Rotate(RefreshState {
            current: 7,
            previous: Some(6),
            current_issued_at: at(2 * DAY),
            previous_exchanged_at: Some(at(2 * DAY)),
        })
    );
}

#[test]
fn any_older_token_is_reuse_even_within_the_grace_time() {
    for (state, dead) in [
        (rotated(), vec![0, 1, 2, 3]),
        (recovered(), vec![0, 1, 2, 3]),
        // 4 → 5 lost, 4 → 6 lost, 4 → 7: of the unused ones only 6 has grace.
        (
            RefreshState {
                current: 7,
                ..recovered()
            },
            vec![0, 3, 5],
        ),
    ] {
        for generation in dead {
            for now in [state.current_issued_at, at(DAY + 1), at(20 * DAY)] {
                assert_eq!(
                    state.present(generation, now, &policy()),
                    RefreshOutcome::Reused,
                    "{generation} of {state:?} at {now}"
                );
            }
        }
    }
}

#[test]
fn a_token_that_was_never_issued_is_unknown_however_late() {
    for now in [epoch(), at(DAY), at(300 * DAY)] {
        for generation in [6, 7, u32::MAX] {
            assert_eq!(
                rotated().present(generation, now, &policy()),
                RefreshOutcome::Unknown
            );
        }
    }
}

#[test]
fn past_its_life_every_token_of_the_session_has_expired() {
    for generation in 0..=5 {
        assert_eq!(
            rotated().present(generation, at(30 * DAY), &policy()),
            RefreshOutcome::Expired
        );
    }
}

#[test]
fn without_a_grace_time_a_predecessor_recovers_at_once_and_kills_the_other() {
    assert!(matches!(
        rotated().present(4, epoch(), &without_grace()),
        RefreshOutcome::Recover(RefreshState { current: 6, .. })
    ));
    assert_eq!(
        recovered().present(5, at(DAY), &without_grace()),
        RefreshOutcome::Reused
    );
}

#[test]
fn without_recovery_a_predecessor_ends_the_session_after_the_grace_time() {
    let policy = without_recovery();
    assert_eq!(
        rotated().present(4, at(29), &policy),
        RefreshOutcome::Replay
    );
    assert_eq!(
        rotated().present(4, at(30), &policy),
        RefreshOutcome::RecoveryOver
    );
}

#[test]
fn without_both_a_predecessor_ends_the_session_at_once() {
    let policy = RefreshPolicy {
        grace: secs(0),
        ..without_recovery()
    };
    assert_eq!(
        rotated().present(4, epoch(), &policy),
        RefreshOutcome::RecoveryOver
    );
    assert!(matches!(
        rotated().present(5, epoch(), &policy),
        RefreshOutcome::Rotate(_)
    ));
}

#[test]
fn a_recovery_time_within_the_grace_time_gives_replays_and_then_an_end() {
    let policy = RefreshPolicy {
        recovery: secs(10),
        ..policy()
    };
    assert_eq!(
        rotated().present(4, at(20), &policy),
        RefreshOutcome::Replay
    );
    assert_eq!(
        rotated().present(4, at(30), &policy),
        RefreshOutcome::RecoveryOver
    );
}

#[test]
fn a_clock_that_was_set_back_signs_nobody_out() {
    assert_eq!(
        rotated().present(4, at(-3600), &policy()),
        RefreshOutcome::Replay
    );
    assert!(matches!(
        rotated().present(5, at(-3600), &policy()),
        RefreshOutcome::Rotate(_)
    ));
}

#[test]
fn the_last_generation_has_no_successor() {
    let last = RefreshState {
        current: u32::MAX,
        previous: Some(u32::MAX - 1),
        ..rotated()
    };
    assert_eq!(
        last.present(u32::MAX, at(1), &policy()),
        RefreshOutcome::Expired
    );
}

/// Life slides with use: whoever refreshes once in 30 days stays signed in.
#[test]
fn the_life_of_a_token_slides_with_use() {
    let mut state = RefreshState::begin(epoch());
    for n in 1..40 {
        let now = at(29 * DAY * n);
        let presented = state.current;
        let RefreshOutcome::Rotate(next) = state.present(presented, now, &policy()) else {
            panic!("signed out after {n} months");
        };
        assert_eq!(next.expires_at(&policy()), now + TimeDelta::days(30));
        state = next;
    }
}
