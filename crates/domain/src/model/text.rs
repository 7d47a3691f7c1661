//! Which characters text from outside may hold.

/// True for C0 and C1 controls, NUL included, and for the line and paragraph
/// separators: none of them belongs into a single line of text.
#[must_use]
pub fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// True for characters that reorder the text around them and so can make a
/// label read as something else (Unicode bidirectional controls).
#[must_use]
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// True for characters without width. The zero-width joiner and the variation
/// selectors are among them, though emoji need them: see [`is_emoji_glue`].
#[must_use]
pub fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// True for the joiners that emoji and some scripts are written with.
#[must_use]
pub fn is_emoji_glue(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// True if `text` may be shown as a one-line label: nothing invisible in it.
#[must_use]
pub fn is_plain_label(text: &str) -> bool {
    !text
        .chars()
        .any(|c| is_control(c) || is_bidi_control(c) || is_zero_width(c))
}

/// True if `c` may stand in what a person writes about themselves: emoji with
/// joiners may, other invisible characters may not.
#[must_use]
pub fn is_personal_text(c: char) -> bool {
    !is_control(c) && !is_bidi_control(c) && (!is_zero_width(c) || is_emoji_glue(c))
}
