//! People who change phones and minds, numbers that change owners, and a database
//! that fails at the wrong moment: the real use cases over a real store, and what
//! must be true after every step.

#![expect(clippy::unwrap_used, reason = "the functions here serve a test")]

#[path = "../support/mod.rs"]
mod support;

mod acts;
mod flaky;
mod proofs;
mod town;

use acts::{Act, act};
use menshen_domain::model::recycled::RecycledPhone;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use town::{Seen, Town};

/// Bounded: some thousand acts, each a few statements.
const LIVES: u32 = 60;

fn policy() -> impl Strategy<Value = RecycledPhone> {
    prop_oneof![
        Just(RecycledPhone::Off),
        Just(RecycledPhone::AskWeChat),
        Just(RecycledPhone::NewAccount),
    ]
}

#[test]
fn whatever_happens_nobody_comes_into_another_persons_account() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let proofs = proofs::of_all_numbers(&runtime);
    // The same lives every time: a failure is one of the code, not of the dice.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let config = Config {
        cases: LIVES,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let seen = std::cell::RefCell::new(Seen::default());
    let lives = (
        proptest::collection::vec(act(), 10..60),
        policy(),
        any::<bool>(),
    );
    let outcome = runner.run(&lives, |(acts, recycled, merge): (Vec<Act>, _, _)| {
        runtime.block_on(async {
            let mut town = Town::new(proofs.clone(), recycled, merge).await;
            for act in acts {
                town.play(act).await;
                town.check().await;
            }
            seen.borrow_mut().add(&town.seen);
        });
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // Each of what the rules are for has happened.
    let seen = seen.into_inner();
    assert!(seen.is_varied(), "{seen:?}");
}
