//! Changes of kept inputs, as libFuzzer makes them, in a form that can be reduced.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What parsers stumble over.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\"",
    b"\\",
    b"\\ud800",
    b"{",
    b"[[[[[[[[[[",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"\xff",
    b"\xe2\x80\xae",
    b"]]>",
    b"&#x0;",
    b"%00",
    b"=",
    b".",
    b"\n",
];

/// One place of an input, and what happens to it.
#[derive(Debug, Clone)]
enum Edit {
    Byte(Index, u8),
    Word(Index, &'static [u8]),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
    /// From here on it goes on as another input does.
    GoOnAs(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
        (place(), select(WORDS)).prop_map(|(at, word)| Edit::Word(at, word)),
        (place(), 1..24_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (place(), 1..24_usize).prop_map(|(at, length)| Edit::Repeat(at, length)),
        place().prop_map(Edit::Cut),
        (place(), place()).prop_map(|(at, other)| Edit::GoOnAs(at, other)),
    ]
}

/// One of the inputs, changed in up to five places.
pub(crate) fn change(inputs: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), vec(edit(), 1..=5)).prop_map(move |(which, edits)| {
        let input = which.get(&inputs).clone();
        edits
            .into_iter()
            .fold(input, |data, edit| apply(data, &edit, &inputs))
    })
}

fn apply(mut data: Vec<u8>, edit: &Edit, inputs: &[Vec<u8>]) -> Vec<u8> {
    let place = |at: &Index, data: &[u8]| at.index(data.len() + 1);
    match edit {
        Edit::Byte(at, byte) => {
            let at = place(at, &data);
            match data.get_mut(at) {
                Some(old) => *old = *byte,
                None => data.push(*byte),
            }
        }
        Edit::Word(at, word) => {
            let at = place(at, &data);
            data.splice(at..at, word.iter().copied());
        }
        Edit::Remove(at, length) => {
            let at = place(at, &data);
            data.drain(at..(at + length).min(data.len()));
        }
        Edit::Repeat(at, length) => {
            let at = place(at, &data);
            let piece = data[at..(at + length).min(data.len())].to_vec();
            data.splice(at..at, piece);
        }
        Edit::Cut(at) => data.truncate(place(at, &data)),
        Edit::GoOnAs(at, other) => {
            let other = other.get(inputs);
            let (mine, theirs) = (place(at, &data), place(at, other));
            data.truncate(mine);
            data.extend_from_slice(&other[theirs..]);
        }
    }
    data
}
