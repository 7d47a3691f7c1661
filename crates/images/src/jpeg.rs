//! What the reader of JPEG leaves open.
//!
//! It draws what it has where a file ends early, grey below: a cut upload would
//! become somebody's face cut in half. So it is looked first whether the file has its
//! end.
//!
//! Source: ITU-T T.81, Annex B.

const END: u8 = 0xd9;

/// Whether the marker that ends a picture stands where the picture ends. What follows
/// it is none of our business: some cameras add things.
pub(crate) fn has_its_end(file: &[u8]) -> bool {
    // Behind the marker that begins every file.
    let mut at = 2;
    while let Some(marker) = next_marker(file, &mut at) {
        match marker {
            END => return true,
            // Markers that stand alone, and zeros behind data that looks like one.
            0x00 | 0x01 | 0xd0..=0xd8 => {}
            // All others tell their length, with the two bytes that tell it. After the
            // head of a scan, its data is passed over in search of the next marker.
            _ => {
                let Some(length) = file.get(at..at + 2) else {
                    return false;
                };
                at += usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
            }
        }
    }
    false
}

/// The next byte behind one or several of `ff`; the place moves on behind it.
fn next_marker(file: &[u8], at: &mut usize) -> Option<u8> {
    let rest = file.get(*at..)?;
    let found = rest.iter().position(|byte| *byte == 0xff)?;
    let filling = rest[found..].iter().take_while(|byte| **byte == 0xff);
    let marker = found + filling.count();
    *at += marker + 1;
    rest.get(marker).copied()
}

#[cfg(test)]
mod tests {
    use super::has_its_end;

    #[test]
    fn the_end_is_looked_for_where_it_belongs() {
        let thumbnail = [0xff, 0xd8, 0xff, 0xe1, 0x00, 0x06, 0xff, 0xd9, 0x00, 0x00];
        assert!(!has_its_end(&thumbnail), "that of the thumbnail is another");
        let scan = [0xff, 0xda, 0x00, 0x02, 0x12, 0xff, 0x00, 0xff, 0xd3, 0x34];
        let cut = [&thumbnail[..], &scan].concat();
        assert!(!has_its_end(&cut));
        let whole = [&cut[..], &[0xff, 0xff, 0xd9]].concat();
        assert!(has_its_end(&whole));
        assert!(has_its_end(&[&whole[..], b"more"].concat()));
    }

    #[test]
    fn no_cut_is_taken_for_an_end() {
        for file in [
            &[0xff, 0xd8][..],
            &[0xff, 0xd8, 0xff],
            &[0xff, 0xd8, 0xff, 0xe0],
            &[0xff, 0xd8, 0xff, 0xe0, 0],
            &[0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff, 0],
        ] {
            assert!(!has_its_end(file), "{file:?}");
        }
    }
}
