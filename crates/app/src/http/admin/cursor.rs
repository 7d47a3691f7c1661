//! Where the next page of a list begins: opaque to clients, and strictly read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use menshen_domain::model::record::Position;
use uuid::Uuid;

/// Of which form the bytes are.
const FORM: u8 = 1;
const LENGTH: usize = 1 + 8 + 16;

/// Of which form the bytes are where rows are numbered.
const NUMBERED: u8 = 2;

/// Writes a place in a list. It opens nothing, and tells nothing that the list does
/// not: whoever makes one up begins somewhere else in a list that they may read.
pub(super) fn write(position: Position) -> String {
    let mut bytes = [FORM; LENGTH];
    bytes[1..9].copy_from_slice(&position.at.timestamp_micros().to_be_bytes());
    bytes[9..].copy_from_slice(position.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads it back; nothing for any other text.
pub(super) fn read(text: &str) -> Option<Position> {
    let mut bytes = [0; LENGTH];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    if length != LENGTH || bytes[0] != FORM {
        return None;
    }
    let (at, id) = bytes[1..].split_at(8);
    Some(Position {
        at: DateTime::from_timestamp_micros(i64::from_be_bytes(at.try_into().ok()?))?,
        id: Uuid::from_slice(id).ok()?,
    })
}

/// Writes a place in a list whose rows are numbered.
pub(super) fn write_place(place: i64) -> String {
    let mut bytes = [NUMBERED; 9];
    bytes[1..].copy_from_slice(&place.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads it back; nothing for any other text.
pub(super) fn read_place(text: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (form, place) = bytes.split_first()?;
    (*form == NUMBERED).then_some(i64::from_be_bytes(place.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is() {
        let position = Position {
            at: DateTime::from_timestamp_micros(1_767_225_600_123_456).unwrap(),
            id: Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_abcd),
        };
        let text = write(position);
        assert_eq!(read(&text), Some(position));
        let longer = format!("{text}A");
        let other_form = format!("Ag{}", &text[2..]);
        for wrong in ["", "x", &text[1..], &longer, &other_form, "' OR 1=1 --"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(read_place(&write_place(4711)), Some(4711));
        for wrong in ["", "x", "4711", &text, &write_place(1)[1..]] {
            assert_eq!(read_place(wrong), None, "{wrong}");
        }
        assert_eq!(read(&write_place(4711)), None);
        let far = [&[FORM][..], &[0x7f; 8], &[0; 16]].concat();
        assert_eq!(read(&URL_SAFE_NO_PAD.encode(far)), None);
    }
}
