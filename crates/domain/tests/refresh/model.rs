//! A server, an honest phone that loses answers, repeats requests and gets
//! answers late, and a thief who holds a copy.

use chrono::{DateTime, TimeDelta, Utc};
use menshen_domain::model::refresh::{RefreshOutcome, RefreshPolicy, RefreshState};
use proptest::prelude::*;

use crate::support::{epoch, secs};

/// The server's side of one session.
struct Server {
    state: RefreshState,
    policy: RefreshPolicy,
    now: DateTime<Utc>,
    ended: bool,
}

impl Server {
    fn new(policy: RefreshPolicy) -> Self {
        Self {
            state: RefreshState::begin(epoch()),
            policy,
            now: epoch(),
            ended: false,
        }
    }

    fn wait(&mut self, seconds: u32) {
        self.now += TimeDelta::seconds(i64::from(seconds));
    }

    /// Two calls that one act makes fall into one grace time. (Where an earlier
    /// answer was lost and its grace time ends between the two, the second is
    /// answered with a newer token, which the phone must take.)
    fn wait_in_grace(&mut self, seconds: u32) {
        let ends = self.state.current_issued_at + self.policy.grace;
        let left = u32::try_from((ends - self.now).num_seconds()).unwrap_or(0);
        self.wait(seconds.min(left.saturating_sub(1)));
    }

    /// Answers the token that the client goes on with; `None` signs it out.
    fn exchange(&mut self, presented: u32) -> Option<u32> {
        if self.ended {
            return None;
        }
        match self.state.present(presented, self.now, &self.policy) {
            RefreshOutcome::Rotate(next) | RefreshOutcome::Recover(next) => {
                assert!(
                    next.current > self.state.current,
                    "a generation was used twice"
                );
                self.state = next;
                Some(next.current)
            }
            RefreshOutcome::Replay => Some(self.state.current),
            RefreshOutcome::Expired
            | RefreshOutcome::RecoveryOver
            | RefreshOutcome::Reused
            | RefreshOutcome::Unknown => {
                self.ended = true;
                None
            }
        }
    }
}

const IDLE: u32 = 2_000;
const RECOVERY: u32 = 1_000;
const GRACE: u32 = 30;

fn policy(grace: u32) -> RefreshPolicy {
    RefreshPolicy {
        idle_ttl: secs(u64::from(IDLE)),
        grace: secs(u64::from(grace)),
        recovery: secs(u64::from(RECOVERY)),
    }
}

/// What becomes of one refresh of the honest phone.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// The answer arrives.
    Answered,
    /// The request or its answer is lost; `reached` tells which.
    Lost { reached: bool },
    /// Sent by the phone, and again by its library so many seconds later; the
    /// first answer arrives, or the second.
    Doubled { apart: u32, first: bool },
    /// The answer arrives after the phone has asked again with the same token.
    Late { apart: u32 },
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Answered),
        3 => any::<bool>().prop_map(|reached| Fate::Lost { reached }),
        2 => (0..GRACE, any::<bool>()).prop_map(|(apart, first)| Fate::Doubled { apart, first }),
        2 => (0..GRACE).prop_map(|apart| Fate::Late { apart }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// It acts within the recovery time of the exchange whose answer it lacks,
    /// and within the life of the token that it holds.
    #[test]
    fn an_honest_phone_alone_is_never_signed_out(
        acts in proptest::collection::vec((fate(), 0..IDLE), 1..60),
    ) {
        let mut server = Server::new(policy(GRACE));
        let mut held = 0;
        let mut first_exchange: Option<DateTime<Utc>> = None;
        for (fate, pause) in acts {
            let (since, span) = match first_exchange {
                Some(at) => (at, RECOVERY),
                None => (server.state.current_issued_at, IDLE),
            };
            let gone = u32::try_from((server.now - since).num_seconds()).unwrap_or(0);
            // It takes its last chance, and no act takes longer than two grace times.
            let (fate, pause) = match (span - gone).checked_sub(2 * GRACE) {
                Some(left) if left > 0 => (fate, pause.min(left)),
                _ => (Fate::Answered, 0),
            };
            server.wait(pause);
            let sent_at = server.now;
            let got = match fate {
                Fate::Answered => server.exchange(held),
                Fate::Lost { reached } => {
                    if reached {
                        prop_assert!(server.exchange(held).is_some(), "signed out");
                        first_exchange = first_exchange.or(Some(sent_at));
                    }
                    continue;
                }
                Fate::Doubled { apart, first } => {
                    let one = server.exchange(held);
                    server.wait_in_grace(apart);
                    let other = server.exchange(held);
                    prop_assert_eq!(one, other, "two calls at once forked the session");
                    if first { one } else { other }
                }
                Fate::Late { apart } => {
                    let late = server.exchange(held);
                    server.wait_in_grace(apart);
                    prop_assert_eq!(server.exchange(held), late);
                    late
                }
            };
            prop_assert!(got.is_some(), "signed out");
            held = got.unwrap_or_default();
            prop_assert_eq!(held, server.state.current);
            first_exchange = None;
        }
        prop_assert!(server.exchange(held).is_some());
    }

    /// Turns further apart than the grace time: the one who comes second gets
    /// through at most once, as a phone whose answer was lost would, and the
    /// next use by the other one ends the session.
    #[test]
    fn with_a_thief_the_session_ends_when_the_second_of_the_two_next_uses_a_token(
        before in 0..5_u32,
        thief_first in any::<bool>(),
        turns in proptest::collection::vec((1..4_u32, GRACE..200_u32), 3..8),
        grace in prop_oneof![Just(GRACE), Just(0)],
    ) {
        let mut server = Server::new(policy(grace));
        let mut copy = 0;
        for _ in 0..before {
            server.wait(GRACE);
            copy = server.exchange(copy).unwrap();
        }
        let mut held = [copy, copy];
        for (n, (uses, pause)) in turns.into_iter().enumerate() {
            let who = (n + usize::from(thief_first)) % 2;
            for _ in 0..uses {
                server.wait(pause);
                match server.exchange(held[who]) {
                    Some(next) => held[who] = next,
                    None => break,
                }
            }
            // Turn 0 is the first's, turn 1 the second's, and with turn 2 it is over.
            prop_assert!(server.ended || n < 2, "two live on after turn {}", n);
            if server.ended {
                prop_assert!(n > 0, "the first one alone was signed out");
                prop_assert!(server.exchange(held[0]).is_none());
                prop_assert!(server.exchange(held[1]).is_none());
            }
        }
    }

    /// From any state that requests of any kind can lead to: of two different
    /// tokens used one after the other, only one has a successor, and of one
    /// token used twice only the newer successor lives.
    #[test]
    fn a_session_never_has_two_live_branches(
        acts in proptest::collection::vec((0..4_u32, 0..600_u32), 0..40),
        one in 0..6_u32,
        other in 0..6_u32,
        apart in GRACE..900_u32,
        grace in prop_oneof![Just(GRACE), Just(0)],
    ) {
        let mut server = Server::new(policy(grace));
        for (back, pause) in acts {
            let presented = server.state.current.saturating_sub(back);
            let outcome = server.state.present(presented, server.now, &server.policy);
            if let RefreshOutcome::Rotate(next) | RefreshOutcome::Recover(next) = outcome {
                server.state = next;
            }
            server.wait(pause);
        }
        server.wait(GRACE);
        let newest = server.state.current;
        let (one, other) = (newest.saturating_sub(one), newest.saturating_sub(other));
        let Some(of_one) = server.exchange(one) else { return Ok(()); };
        server.wait(apart);
        let Some(of_other) = server.exchange(other) else { return Ok(()); };
        prop_assert_eq!(one, other, "two tokens, two branches");
        prop_assert_ne!(of_one, of_other);
        server.wait(GRACE);
        let state = server.state;
        prop_assert_eq!(
            state.present(of_one, server.now, &server.policy),
            RefreshOutcome::Reused,
            "the replaced one lives on: {:?}", state
        );
    }

    /// Whatever comes in whatever order: an outcome depends on nothing but the
    /// state, generations only grow, and `current` replaced `current - 1`.
    #[test]
    fn a_token_two_generations_back_never_has_a_successor(
        acts in proptest::collection::vec((0..5_u32, 0..600_u32), 1..40),
    ) {
        let mut server = Server::new(policy(GRACE));
        for (back, pause) in acts {
            let presented = server.state.current.saturating_sub(back);
            let state = server.state;
            let outcome = state.present(presented, server.now, &server.policy);
            prop_assert_eq!(outcome, state.present(presented, server.now, &server.policy));
            let dead = presented + 1 < state.current && state.previous != Some(presented);
            if dead {
                prop_assert!(matches!(
                    outcome,
                    RefreshOutcome::Reused | RefreshOutcome::Expired
                ));
            }
            if let RefreshOutcome::Rotate(next) | RefreshOutcome::Recover(next) = outcome {
                prop_assert_eq!(next.current, state.current + 1);
                prop_assert_eq!(next.current_issued_at, server.now);
                prop_assert!(next.previous == Some(presented));
                server.state = next;
            }
            server.wait(pause);
        }
    }
}

#[test]
fn two_who_act_inside_one_grace_time_share_the_token_until_they_part() {
    let mut server = Server::new(policy(GRACE));
    let (phone, thief) = (server.exchange(0), server.exchange(0));
    assert_eq!(phone, thief);
    server.wait(GRACE);
    let phone = server.exchange(phone.unwrap());
    server.wait(GRACE);
    let thief = server.exchange(thief.unwrap());
    assert_ne!(phone, thief, "the thief's looks like a lost answer");
    server.wait(GRACE);
    assert_eq!(server.exchange(phone.unwrap()), None, "and now it is seen");
    assert_eq!(server.exchange(thief.unwrap()), None);
}
