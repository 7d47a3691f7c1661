//! What every `AvatarStore` must do.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a clause panics where it does not hold"
)]

use std::any::Any;
use std::sync::Arc;

use menshen_domain::model::avatar::{Avatar, AvatarFormat, AvatarName};
use menshen_domain::ports::avatar_store::AvatarStore;
use tokio::task::JoinSet;

use crate::sample::SeededRandomness;

/// Makes one named test of each clause. The expression gives an empty store, and what
/// goes away with it; it is evaluated once per test, and may await.
#[macro_export]
macro_rules! avatar_store {
    ($store:expr) => {
        $crate::clauses! {
            $crate::suites::avatar_store, $store,
            a_picture_comes_back_as_it_was_put,
            what_was_never_put_is_not_there,
            a_removed_picture_is_not_there,
            to_put_and_to_remove_again_changes_nothing,
            names_that_are_alike_are_told_apart,
            many_at_once_are_all_there,
        }
    };
}

/// A store, and what goes away with it.
pub type Kept<G> = (Arc<dyn AvatarStore>, G);

fn name(n: u64) -> AvatarName {
    AvatarName::generate(&SeededRandomness::new(n))
}

/// A picture of so many bytes beyond its beginning, of every value.
fn picture(format: AvatarFormat, bytes: usize) -> Avatar {
    let begin: &[u8] = match format {
        AvatarFormat::Jpeg => &[0xff, 0xd8, 0xff],
        AvatarFormat::Png => b"\x89PNG\r\n\x1a\n",
    };
    let rest = (0..=u8::MAX).rev().cycle().take(bytes);
    Avatar::of(begin.iter().copied().chain(rest).collect()).unwrap()
}

/// Of either format, up to the longest.
pub async fn a_picture_comes_back_as_it_was_put<G: Any + Send>((store, _guard): Kept<G>) {
    let longest = Avatar::MAX_BYTES - 8;
    for (n, (format, bytes)) in [
        (AvatarFormat::Jpeg, 0),
        (AvatarFormat::Png, 70_000),
        (AvatarFormat::Png, longest),
    ]
    .into_iter()
    .enumerate()
    {
        let (name, put) = (name(n as u64), picture(format, bytes));
        store.put(name, &put).await.unwrap();
        let got = store.get(name).await.unwrap().unwrap();
        assert!(
            got == put,
            "{format:?} of {bytes} bytes came back as {got:?}"
        );
    }
}

/// And to remove it is no fault.
pub async fn what_was_never_put_is_not_there<G: Any + Send>((store, _guard): Kept<G>) {
    assert_eq!(store.get(name(1)).await.unwrap(), None);
    store.remove(name(1)).await.unwrap();
}

/// The others stay.
pub async fn a_removed_picture_is_not_there<G: Any + Send>((store, _guard): Kept<G>) {
    let put = picture(AvatarFormat::Jpeg, 100);
    store.put(name(1), &put).await.unwrap();
    store.put(name(2), &put).await.unwrap();
    store.remove(name(1)).await.unwrap();
    assert_eq!(store.get(name(1)).await.unwrap(), None);
    assert_eq!(store.get(name(2)).await.unwrap(), Some(put));
}

/// As whoever was cut off does.
pub async fn to_put_and_to_remove_again_changes_nothing<G: Any + Send>((store, _guard): Kept<G>) {
    let put = picture(AvatarFormat::Png, 100);
    for _ in 0..2 {
        store.put(name(1), &put).await.unwrap();
        assert_eq!(store.get(name(1)).await.unwrap().as_ref(), Some(&put));
    }
    for _ in 0..2 {
        store.remove(name(1)).await.unwrap();
        assert_eq!(store.get(name(1)).await.unwrap(), None);
    }
}

/// By their last bit.
pub async fn names_that_are_alike_are_told_apart<G: Any + Send>((store, _guard): Kept<G>) {
    let mut bytes = [0xab; 16];
    let one = AvatarName::from_bytes(bytes);
    bytes[15] ^= 1;
    let other = AvatarName::from_bytes(bytes);
    store
        .put(one, &picture(AvatarFormat::Png, 1))
        .await
        .unwrap();
    assert_eq!(store.get(other).await.unwrap(), None);
}

/// Sixteen.
pub async fn many_at_once_are_all_there<G: Any + Send>((store, _guard): Kept<G>) {
    let mut puts = JoinSet::new();
    for n in 0u16..16 {
        let store = Arc::clone(&store);
        puts.spawn(async move {
            let put = picture(AvatarFormat::Jpeg, 10_000 + usize::from(n));
            store.put(name(n.into()), &put).await.unwrap();
        });
    }
    puts.join_all().await;
    for n in 0u16..16 {
        let got = store.get(name(n.into())).await.unwrap().unwrap();
        assert_eq!(got.bytes().len(), 10_003 + usize::from(n));
    }
}
