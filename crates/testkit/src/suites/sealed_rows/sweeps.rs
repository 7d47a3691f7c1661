//! How far sweeps have come.

use std::time::Duration;

use menshen_domain::model::sweep::{EndedSweep, RowMark, SealedPlace, Sweep, SweepCounts};

use crate::people::later;
use crate::stores::Stores;

const MINUTE: Duration = Duration::from_mins(1);

fn sweep(place: SealedPlace) -> Sweep {
    Sweep {
        place,
        target: u32::MAX,
        begun_at: later(MINUTE),
        size: 1 << 40,
        after: Some(RowMark(vec![0, 255, 7])),
        counts: SweepCounts {
            seen: 1 << 39,
            found: 5,
            resealed: 3,
            unopened: 2,
        },
        ended_at: Some(later(MINUTE * 2)),
        before: Some(EndedSweep {
            at: later(Duration::ZERO),
            unopened: 9,
        }),
    }
}

/// Every member, of every place.
pub async fn a_sweep_is_kept_as_it_is(stores: Stores) {
    assert_eq!(stores.sealed_rows.sweeps().await.unwrap(), []);
    let begun = Sweep::begin(SealedPlace::SigningKeys, 1, 0, later(MINUTE), None);
    let mut kept = vec![
        sweep(SealedPlace::PhoneNumbers),
        sweep(SealedPlace::SessionKeys),
        begun,
    ];
    for sweep in &kept {
        stores.sealed_rows.keep(sweep).await.unwrap();
    }
    let mut found = stores.sealed_rows.sweeps().await.unwrap();
    found.sort_by_key(|sweep| sweep.place);
    kept.sort_by_key(|sweep| sweep.place);
    assert_eq!(found, kept);
}

/// Nothing of the older one is left, and other places keep theirs.
pub async fn a_newer_sweep_takes_the_place_of_the_older(stores: Stores) {
    let place = SealedPlace::PhoneNumbers;
    let other = sweep(SealedPlace::SessionKeys);
    for sweep in [&sweep(place), &other] {
        stores.sealed_rows.keep(sweep).await.unwrap();
    }
    let newer = Sweep::begin(place, 2, 3, later(MINUTE * 9), None);
    stores.sealed_rows.keep(&newer).await.unwrap();
    let mut found = stores.sealed_rows.sweeps().await.unwrap();
    found.sort_by_key(|sweep| sweep.place);
    assert_eq!(found, [newer, other]);
}
