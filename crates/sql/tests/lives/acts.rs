//! What people do.

use proptest::prelude::*;

/// How a write to the database goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Not at all.
    None,
    /// Nothing is written.
    Before,
    /// All is written, and nobody hears of it.
    After,
}

/// One thing that somebody does, or that happens.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// With a number of their own, and perhaps with WeChat in the same step.
    Text {
        who: usize,
        number: usize,
        wechat: Option<Tap>,
        restore: bool,
        crash: Crash,
    },
    Tap {
        who: usize,
        tap: Tap,
        restore: bool,
        crash: Crash,
    },
    Button {
        who: usize,
        number: usize,
        tap: Tap,
    },
    BindNumber {
        who: usize,
        number: usize,
        crash: Crash,
    },
    BindWeChat {
        who: usize,
        tap: Tap,
        crash: Crash,
    },
    Unlink {
        who: usize,
        which: usize,
    },
    Cancel {
        who: usize,
        crash: Crash,
    },
    /// Housekeeping comes.
    Erase,
    Days(u8),
    /// A number is given up, and reissued when the law allows it.
    Reissue {
        number: usize,
        to: usize,
    },
}

/// A WeChat identity that is shown: of which application, with its unionid or
/// without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tap {
    pub(crate) app: usize,
    pub(crate) union: bool,
}

pub(crate) const PEOPLE: usize = 4;
pub(crate) const NUMBERS: usize = 4;
pub(crate) const APPS: usize = 3;

fn crash() -> impl Strategy<Value = Crash> {
    prop_oneof![
        10 => Just(Crash::None),
        1 => Just(Crash::Before),
        1 => Just(Crash::After),
    ]
}

fn tap() -> impl Strategy<Value = Tap> {
    (0..APPS, any::<bool>()).prop_map(|(app, union)| Tap { app, union })
}

pub(crate) fn act() -> impl Strategy<Value = Act> {
    let (who, number) = (0..PEOPLE, 0..NUMBERS);
    prop_oneof![
        6 => (who.clone(), number.clone(), proptest::option::of(tap()), any::<bool>(), crash())
            .prop_map(|(who, number, wechat, restore, crash)| Act::Text { who, number, wechat, restore, crash }),
        4 => (who.clone(), tap(), any::<bool>(), crash())
            .prop_map(|(who, tap, restore, crash)| Act::Tap { who, tap, restore, crash }),
        2 => (who.clone(), number.clone(), tap())
            .prop_map(|(who, number, tap)| Act::Button { who, number, tap }),
        2 => (who.clone(), number.clone(), crash())
            .prop_map(|(who, number, crash)| Act::BindNumber { who, number, crash }),
        2 => (who.clone(), tap(), crash())
            .prop_map(|(who, tap, crash)| Act::BindWeChat { who, tap, crash }),
        2 => (who.clone(), 0..3_usize).prop_map(|(who, which)| Act::Unlink { who, which }),
        1 => (who.clone(), crash()).prop_map(|(who, crash)| Act::Cancel { who, crash }),
        1 => Just(Act::Erase),
        2 => (1..20_u8).prop_map(Act::Days),
        3 => (number, who).prop_map(|(number, to)| Act::Reissue { number, to }),
    ]
}
