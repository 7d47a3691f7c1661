//! A request's body: the first line names what kind it is read as, the rest is it.

use menshen_app::fuzzing::{BODIES, RefusedBody};

use crate::{input, strict_json};

/// The most levels that a request may have.
const DEEPEST: usize = 8;

/// What is taken is an object with each name once and few levels; what is refused
/// is told in the contract's words, with the name of a member at most.
pub(crate) fn run(data: &[u8]) {
    let Some((kind, rest)) = input::line(data) else {
        return;
    };
    let Some((_, read)) = BODIES.iter().find(|(name, _)| *name == kind) else {
        return;
    };
    // What is not UTF-8 is refused before it is parsed.
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    match read(text) {
        Ok(()) => {
            let depth = strict_json::depth(text);
            let depth = depth.expect("JSON with each name once");
            assert!((1..=DEEPEST).contains(&depth), "{depth} levels: {text}");
            assert!(text.trim_start().starts_with('{'), "{text}");
        }
        Err(RefusedBody { code, fields }) => {
            assert!(
                matches!(code, "malformed_json" | "invalid_request"),
                "{code}"
            );
            let plain = |c: char| c.is_ascii_alphanumeric() || "_.-[]".contains(c);
            for field in fields {
                assert!((1..=64).contains(&field.len()), "{field}");
                assert!(field.chars().all(plain), "{field}");
            }
        }
    }
}
