//! What is told last of an account.

use std::collections::BTreeSet;

use menshen_domain::model::changes::Step;
use menshen_domain::model::event::Notice;
use menshen_domain::model::webhook_retry::Settlement;

use super::scene::{HOUR, Scene, listener};
use crate::people::later;
use crate::sample::now;
use crate::stores::Stores;

/// Its sessions end with it: whoever forgets it then would hear of somebody unknown.
pub async fn an_account_is_not_heard_of_after_it_was_erased(stores: Stores) {
    let scene = Scene::over(stores);
    let account = scene.account_with_sessions(2).await;
    let erase = vec![Step::Erase(account.id)];
    let accounts = [&account];
    scene.does(&accounts, erase, Notice::UserErased).await;
    scene.hand_over(&[listener("a")]).await;
    let mut told = Vec::new();
    while let [head] = &scene.due("a", now()).await[..] {
        assert_eq!(head.user, account.id);
        told.push(head.kind.clone());
        scene.settle(head, Settlement::Delivered).await;
    }
    assert_eq!(told, ["session.ended", "session.ended", "user.erased"]);
}

/// However long that takes. Other accounts go on, and so does the survivor once what
/// was in the way is given up.
pub async fn a_merge_is_told_after_all_that_is_told_of_who_went(stores: Stores) {
    let scene = Scene::over(stores);
    let (into, other) = (scene.account().await, scene.account().await);
    let from = scene.account_with_sessions(2).await;
    let merge = vec![Step::Merge {
        from: from.id,
        into: into.id,
        profile: into.profile.clone(),
    }];
    let notice = Notice::UserMerged { from: from.id };
    scene.does(&[&into, &from], merge, notice).await;
    let receivers = [listener("a"), listener("b")];
    scene.hand_over(&receivers).await;
    let others = scene.updates(&other, 1).await;
    scene.hand_over(&receivers).await;
    let heads = scene.due("a", now()).await;
    assert_eq!((heads.len(), heads[0].user), (2, from.id));
    scene.retry(&heads[0], later(HOUR)).await;
    assert_eq!(scene.due_ids("a", now()).await, others, "it waits");
    for is_last in [false, true] {
        let heads = scene.due("a", later(HOUR)).await;
        let users: BTreeSet<_> = heads.iter().map(|one| one.user).collect();
        assert_eq!(users, BTreeSet::from([from.id, other.id]));
        let head = heads.iter().find(|one| one.user == from.id).unwrap();
        if is_last {
            scene.die(head).await;
        } else {
            scene.settle(head, Settlement::Delivered).await;
        }
    }
    let heads = scene.due("a", now()).await;
    let told: Vec<_> = heads.iter().map(|one| (one.user, &*one.kind)).collect();
    let merged = (into.id, "user.merged");
    assert_eq!(told, [merged, (other.id, "user.updated")]);
    let kinds = scene.due("b", now()).await;
    let kinds: Vec<_> = kinds.iter().map(|one| &*one.kind).collect();
    assert_eq!(
        kinds,
        ["session.ended", "user.updated"],
        "receivers are apart"
    );
}
