//! Who is asked first: a pure function over what is known of each vendor.

use std::collections::BTreeMap;

use crate::vendor::Serves;

/// The share of messages that a vendor, by its name, is asked for first.
pub type Weights = BTreeMap<&'static str, u32>;

/// What is known of one vendor before a message is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    /// Whether it is one for this message.
    pub(crate) serves: Serves,
    /// Its messages have mostly not arrived of late.
    pub(crate) poor: bool,
    /// Its circuit lets calls through.
    pub(crate) admits: bool,
    /// Its weight, if it has one.
    pub(crate) weight: Option<u32>,
}

impl Candidate {
    fn in_favour(self) -> bool {
        self.serves == Serves::Gladly && !self.poor && self.admits
    }
}

/// The candidates by their index, in the order in which they are asked: those
/// that serve gladly before those that do not, those whose messages arrive before
/// those whose do not, otherwise as configured; with weights the first is drawn
/// among those in favour. `draw` is any random number.
pub(crate) fn order(candidates: &[Candidate], draw: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|n| (candidates[*n].serves, candidates[*n].poor));
    if let Some(first) = drawn(candidates, draw) {
        order.retain(|n| *n != first);
        order.insert(0, first);
    }
    order
}

fn drawn(candidates: &[Candidate], draw: u64) -> Option<usize> {
    let shares = || {
        let all = candidates.iter().enumerate();
        let favoured = all.filter(|(_, candidate)| candidate.in_favour());
        favoured.filter_map(|(n, candidate)| Some((n, u64::from(candidate.weight?))))
    };
    let total: u64 = shares().map(|(_, weight)| weight).sum();
    // A few parts in 2^32 too many for the first: no matter.
    let mut left = draw.checked_rem(total)?;
    for (n, weight) in shares() {
        if left < weight {
            return Some(n);
        }
        left -= weight;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Candidate = Candidate {
        serves: Serves::Gladly,
        poor: false,
        admits: true,
        weight: None,
    };

    fn weighing(weight: u32) -> Candidate {
        Candidate {
            weight: Some(weight),
            ..PLAIN
        }
    }

    #[test]
    fn without_weights_the_configured_order_holds() {
        let shut = Candidate {
            admits: false,
            ..PLAIN
        };
        for draw in [0, 1, u64::MAX] {
            assert_eq!(order(&[shut, PLAIN, PLAIN], draw), [0, 1, 2]);
        }
        assert!(order(&[], 7).is_empty());
    }

    #[test]
    fn who_serves_badly_is_asked_last() {
        let poor = Candidate {
            poor: true,
            ..PLAIN
        };
        let reluctant = Candidate {
            serves: Serves::Reluctantly,
            ..PLAIN
        };
        let never = Candidate {
            serves: Serves::Never,
            ..PLAIN
        };
        assert_eq!(order(&[never, reluctant, poor, PLAIN], 0), [3, 2, 1, 0]);
    }

    #[test]
    fn the_first_is_drawn_by_weight_and_the_rest_stay_in_order() {
        let all = [weighing(3), weighing(1), PLAIN];
        for (draw, expected) in [
            (0, [0, 1, 2]),
            (2, [0, 1, 2]),
            (3, [1, 0, 2]),
            (4, [0, 1, 2]),
            (7, [1, 0, 2]),
        ] {
            assert_eq!(order(&all, draw), expected, "{draw}");
        }
    }

    #[test]
    fn only_those_in_favour_are_drawn() {
        let poor = Candidate {
            poor: true,
            ..weighing(9)
        };
        let shut = Candidate {
            admits: false,
            ..weighing(9)
        };
        let reluctant = Candidate {
            serves: Serves::Reluctantly,
            ..weighing(9)
        };
        for draw in 0..30 {
            let order = order(&[poor, shut, reluctant, PLAIN, weighing(1)], draw);
            assert_eq!(order, [4, 1, 3, 0, 2]);
        }
        assert_eq!(order(&[poor, shut], 5), [1, 0]);
    }
}
