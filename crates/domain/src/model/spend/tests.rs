use proptest::prelude::*;

use super::*;

/// A second at which a fine and a coarse slice begin.
const START: u64 = 3_600 * 500_000;
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

const POLICY: GuardPolicy = GuardPolicy {
    mode: GuardMode::Enforce,
    ratio: 30,
    floor: 100,
    network_floor: 20,
    prefix_floor: 10,
};

fn phone() -> PhoneNumber {
    PhoneNumber::parse("13800138000").unwrap()
}

fn count(slices: &mut Slices, second: u64, sent: i64, verified: i64) {
    slices.add(second, Tally { sent, verified });
}

fn counted(sent: i64, verified: i64) -> Slices {
    let mut slices = Slices::default();
    count(&mut slices, START, sent, verified);
    slices
}

fn judged(slices: &Slices, now: u64) -> Option<(SpendSpan, u64)> {
    let one = [(SpendScope::Deployment, slices.clone())];
    let overdrawn = POLICY.judge(&one, now)?;
    assert_eq!(overdrawn.scope, SpendScope::Deployment);
    Some((overdrawn.span, overdrawn.retry_after.as_secs()))
}

#[test]
fn a_message_is_weighed_for_all_for_its_neighbourhood_and_for_its_block() {
    let scopes = POLICY.scopes(&phone(), [203, 0, 113, 7].into());
    let network = SpendScope::Network([203, 0, 113, 0].into());
    let prefix = SpendScope::Prefix(phone().prefix());
    assert_eq!(scopes, [SpendScope::Deployment, network.clone(), prefix]);
    assert_eq!(
        scopes.iter().map(SpendScope::as_str).collect::<Vec<_>>(),
        SpendScope::WORDS
    );
    let one = GuardPolicy {
        floor: 0,
        prefix_floor: 0,
        ..POLICY
    };
    assert_eq!(one.scopes(&phone(), [203, 0, 113, 7].into()), [network]);
    let off = GuardPolicy {
        mode: GuardMode::Off,
        ..POLICY
    };
    assert!(off.scopes(&phone(), [203, 0, 113, 7].into()).is_empty());
}

#[test]
fn a_new_deployment_has_its_floor() {
    let later = START + 10 * MINUTE;
    assert_eq!(judged(&Slices::default(), later), None);
    assert_eq!(judged(&counted(99, 0), later), None);
    // The hour has room again when the slice has left it, the day when the hour has.
    let day = 24 * HOUR - 10 * MINUTE;
    assert_eq!(judged(&counted(100, 0), later), Some((SpendSpan::Day, day)));
}

/// One right code pays for three messages and a third.
#[test]
fn right_codes_pay_for_messages() {
    let later = START + 10 * MINUTE;
    assert_eq!(judged(&counted(1_099, 300), later), None);
    assert!(judged(&counted(1_100, 300), later).is_some());
    // Below zero they pay for nothing, and cost nothing.
    assert_eq!(judged(&counted(99, -50), later), None);
}

/// A television spot: nobody has had the time to enter a code.
#[test]
fn a_burst_is_not_weighed_before_people_could_enter_their_codes() {
    let burst = counted(5_000, 0);
    assert_eq!(judged(&burst, START + MINUTE), None);
    assert_eq!(judged(&burst, START + 4 * MINUTE - 1), None);
    assert!(judged(&burst, START + 4 * MINUTE).is_some());
}

#[test]
fn an_hour_that_is_over_is_told_before_the_day_is() {
    let mut slices = Slices::default();
    // Right codes of the day pay for what the hour wasted.
    count(&mut slices, START - 5 * HOUR, 1_000, 1_000);
    count(&mut slices, START, 150, 0);
    let later = START + 10 * MINUTE;
    let wait = 62 * MINUTE - 10 * MINUTE;
    assert_eq!(judged(&slices, later), Some((SpendSpan::Hour, wait)));
    assert_eq!(judged(&slices, later + wait), None);
}

#[test]
fn what_wastes_slowly_is_seen_by_the_day() {
    let mut slices = Slices::default();
    for hour in 0..10 {
        count(&mut slices, START + hour * HOUR, 11, 0);
    }
    let now = START + 10 * HOUR;
    let (span, wait) = judged(&slices, now).unwrap();
    // When the first hour has left the day, 99 are left of 110.
    assert_eq!((span, wait), (SpendSpan::Day, 14 * HOUR));
}

#[test]
fn of_several_budgets_the_one_that_waits_longest_is_told() {
    let network = SpendScope::Network([203, 0, 113, 0].into());
    let prefix = SpendScope::Prefix(phone().prefix());
    let mut early = Slices::default();
    count(&mut early, START - 5 * HOUR, 15, 0);
    let all = [
        (SpendScope::Deployment, counted(50, 0)),
        (network.clone(), counted(20, 0)),
        (prefix, early),
    ];
    let overdrawn = POLICY.judge(&all, START + 10 * MINUTE).unwrap();
    assert_eq!(overdrawn.scope, network);
}

fn history() -> impl Strategy<Value = Vec<(u64, i64, i64)>> {
    prop::collection::vec((0..30 * HOUR, 0_i64..200, 0_i64..60), 0..40)
}

proptest! {
    /// Whoever waits as long as they are told is not refused again.
    #[test]
    fn the_wait_is_true(history in history()) {
        let mut slices = Slices::default();
        for (ago, sent, verified) in history {
            count(&mut slices, START - ago, sent, verified);
        }
        if let Some((_, wait)) = judged(&slices, START) {
            prop_assert!((1..=24 * HOUR).contains(&wait), "{wait}");
            slices.prune(START + wait);
            prop_assert_eq!(judged(&slices, START + wait), None);
        }
    }

    /// What is forgotten counts nowhere, and what is kept is bounded.
    #[test]
    fn pruning_changes_no_judgement(history in history()) {
        let mut slices = Slices::default();
        for (ago, sent, verified) in history {
            count(&mut slices, START - ago, sent, verified);
        }
        let mut pruned = slices.clone();
        pruned.prune(START);
        prop_assert_eq!(judged(&pruned, START), judged(&slices, START));
        prop_assert!(pruned.fine.len() <= 31 && pruned.coarse.len() <= 24);
    }

    /// More right codes never refuse, and more messages never admit.
    #[test]
    fn right_codes_only_help(history in history(), more in 0_i64..100) {
        let mut slices = Slices::default();
        for (ago, sent, verified) in history {
            count(&mut slices, START - ago, sent, verified);
        }
        let (mut better, mut worse) = (slices.clone(), slices.clone());
        count(&mut better, START, 0, more);
        count(&mut worse, START - HOUR / 2, more, 0);
        if judged(&slices, START).is_none() {
            prop_assert_eq!(judged(&better, START), None);
        } else {
            prop_assert!(judged(&worse, START).is_some());
        }
    }
}
