//! How many messages a text counts as.
//!
//! Source: the vendors' pricing pages; mainland carriers count 70 characters
//! for one message and 67 for each part of a longer one, others as 3GPP 23.038
//! has it.

use crate::phone::Phone;

/// Characters of GSM-7 that count as two.
const DOUBLE: &str = "|^€{}[]~\\";
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// How many messages `text` is to `phone`, at least one.
pub(super) fn count(text: &str, phone: &Phone) -> usize {
    let is_gsm = text.chars().all(|c| GSM.contains(c) || DOUBLE.contains(c));
    if !phone.is_mainland() && is_gsm {
        let doubles = text.chars().filter(|c| DOUBLE.contains(*c)).count();
        return parts(text.chars().count() + doubles, 160, 153);
    }
    parts(text.encode_utf16().count(), 70, 67)
}

fn parts(length: usize, whole: usize, part: usize) -> usize {
    if length <= whole {
        1
    } else {
        length.div_ceil(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_several_messages() {
        let (beijing, boston) = (
            Phone::parse("13800138000").unwrap(),
            Phone::parse("+16175550123").unwrap(),
        );
        for (text, phone, expected) in [
            ("码".repeat(70), &beijing, 1),
            ("码".repeat(71), &beijing, 2),
            ("码".repeat(134), &beijing, 2),
            ("码".repeat(135), &beijing, 3),
            ("a".repeat(71), &beijing, 2),
            ("a".repeat(160), &boston, 1),
            ("a".repeat(161), &boston, 2),
            ("[".repeat(81), &boston, 2),
            ("码".repeat(71), &boston, 2),
            (String::new(), &boston, 1),
        ] {
            assert_eq!(count(&text, phone), expected, "{}", text.len());
        }
    }
}
