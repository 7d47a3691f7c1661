use std::collections::{BTreeMap, BTreeSet};

use menshen_testkit::sample::phone;
use proptest::prelude::*;
use tokio::time::Instant;

use super::*;

fn somebody(n: u32) -> Lookup {
    Lookup {
        phone: Some(phone(n)),
        ..Lookup::default()
    }
}

async fn take(turns: &MemoryTurns, n: u32) -> Result<Turn, TurnsError> {
    turns.take(&somebody(n)).await
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_too_long_is_told_so_and_leaves_nothing() {
    let turns = MemoryTurns::default();
    let held = take(&turns, 1).await.unwrap();
    let asked = Instant::now();
    assert_eq!(take(&turns, 1).await.unwrap_err(), TurnsError::Late);
    assert_eq!(asked.elapsed(), PATIENCE);
    drop(held);
    assert_eq!(turns.lines.count(), 0);
    drop(take(&turns, 1).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn so_many_people_at_a_time_and_no_more() {
    let turns = MemoryTurns::new(2);
    let first = take(&turns, 1).await.unwrap();
    let second = take(&turns, 2).await.unwrap();
    assert_eq!(take(&turns, 3).await.unwrap_err(), TurnsError::Late);
    let (third, ()) = tokio::join!(take(&turns, 3), async { drop(first) });
    assert_eq!(take(&turns, 4).await.unwrap_err(), TurnsError::Late);
    drop((second, third));
    assert_eq!(turns.lines.count(), 0);
    assert_eq!(turns.places.available_permits(), 2);
}

/// One person, however often, takes one place.
#[tokio::test(start_paused = true)]
async fn whoever_waits_for_themselves_takes_no_place_from_others() {
    let turns = MemoryTurns::new(2);
    let held = take(&turns, 1).await.unwrap();
    let waiting = all_are_late(&turns);
    let other = async {
        let began = Instant::now();
        drop(take(&turns, 2).await.unwrap());
        assert_eq!(began.elapsed(), Duration::ZERO);
    };
    tokio::join!(waiting, other);
    drop(held);
}

async fn all_are_late(turns: &MemoryTurns) {
    let (one, two, three) = tokio::join!(take(turns, 1), take(turns, 1), take(turns, 1));
    for late in [one, two, three] {
        assert_eq!(late.unwrap_err(), TurnsError::Late);
    }
}

/// Even none at all would be one.
#[tokio::test]
async fn somebody_always_has_a_place() {
    let turns = MemoryTurns::new(0);
    drop(take(&turns, 1).await.unwrap());
}

#[tokio::test]
async fn nothing_is_kept_of_anybody_who_went() {
    let turns = MemoryTurns::default();
    for n in 0..1000 {
        drop(take(&turns, n).await.unwrap());
    }
    assert_eq!(turns.lines.count(), 0);
}

/// Neither the keys nor their hashes.
#[tokio::test]
async fn turns_print_nothing_of_people() {
    let turns = MemoryTurns::default();
    let turn = take(&turns, 7).await.unwrap();
    assert_eq!(format!("{turns:?}"), "MemoryTurns { .. }");
    assert_eq!(format!("{turn:?}"), "Turn");
}

/// The hashes of a process tell nothing to whoever has no secret of it.
#[test]
fn another_process_has_other_keys() {
    let keys = |secret: &RandomState| Keys::of(secret, &somebody(1)).iter().next();
    let (one, other) = (RandomState::new(), RandomState::new());
    assert_eq!(keys(&one), keys(&one));
    assert_ne!(keys(&one), keys(&other));
}

/// What happens in the lines, by hand.
#[derive(Debug, Clone)]
enum Event {
    /// Somebody comes with these keys.
    Comes(Vec<u64>),
    /// One of those who are there leaves, wherever they stand.
    Leaves(prop::sample::Index),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let keys = prop::collection::vec(0..6_u64, 0..=4);
    let event = prop_oneof![
        3 => keys.prop_map(Event::Comes),
        2 => any::<prop::sample::Index>().prop_map(Event::Leaves),
    ];
    prop::collection::vec(event, 0..60)
}

/// Those who have the turn, by a second reading: nobody who came before shares a key.
fn expected(there: &BTreeMap<u64, (Vec<u64>, Standing)>) -> BTreeSet<u64> {
    let shares = |one: &[u64], other: &[u64]| one.iter().any(|key| other.contains(key));
    let alone = |arrival: u64, keys: &[u64]| {
        let mut before = there.range(..arrival);
        before.all(|(_, (others, _))| !shares(keys, others))
    };
    let first = there.iter().filter(|(n, (keys, _))| alone(**n, keys));
    first.map(|(arrival, _)| *arrival).collect()
}

proptest! {
    /// At no moment do two hold a key, and at no moment does everybody wait.
    #[test]
    fn whoever_came_first_has_the_turn_whatever_the_overlaps(events in events()) {
        let lines = Arc::new(Lines::default());
        let mut there = BTreeMap::new();
        for event in events {
            match event {
                Event::Comes(keys) => {
                    let standing = Lines::stand(&lines, Keys::distinct(keys.iter().copied()));
                    there.insert(standing.arrival(), (keys, standing));
                }
                Event::Leaves(who) if !there.is_empty() => {
                    let arrivals: Vec<u64> = there.keys().copied().collect();
                    there.remove(who.get(&arrivals));
                }
                Event::Leaves(_) => {}
            }
            let first: BTreeSet<u64> = there
                .iter()
                .filter(|(_, (_, standing))| standing.is_first())
                .map(|(arrival, _)| *arrival)
                .collect();
            prop_assert_eq!(&first, &expected(&there));
            prop_assert_eq!(first.is_empty(), there.is_empty());
            let keys: BTreeSet<u64> = there.values().flat_map(|(keys, _)| keys.clone()).collect();
            prop_assert_eq!(lines.count(), keys.len());
        }
        drop(there);
        prop_assert_eq!(lines.count(), 0);
    }
}
