//! The encryption of message push.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const IV: usize = 16;
const RANDOM: usize = 16;
const LENGTH: usize = 4;
/// The padding's block, which is not that of AES: an AES library's PKCS#7
/// refuses half of WeChat's paddings.
const PADDING_BLOCK: usize = 32;

/// What was in an encrypted message.
pub(super) struct Clear {
    pub(super) message: Vec<u8>,
    pub(super) app_id: Vec<u8>,
}

/// Decrypts AES-256-CBC whose IV is the beginning of the key: 16 random bytes,
/// the length of the message (big-endian), the message, and the application's
/// id, padded to blocks of 32 bytes. `None` for anything else.
///
/// It is only called with what carries a right signature, so that a difference
/// of failures tells a stranger nothing.
///
/// Source: `WeChat` mini-program server, "message push", encryption.
pub(super) fn open(sealed: &str, key: &[u8; 32]) -> Option<Clear> {
    let mut buffer = STANDARD.decode(sealed).ok()?;
    let mut iv = [0; IV];
    iv.copy_from_slice(&key[..IV]);
    let key = UnboundCipherKey::new(&AES_256, key).ok()?;
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let clear = DecryptingKey::cbc(key)
        .and_then(|key| key.decrypt(&mut buffer, context))
        .ok()?;
    unframe(unpad(clear)?)
}

fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let length = usize::from(*padded.last()?);
    let fits = (1..=PADDING_BLOCK).contains(&length) && padded.len().is_multiple_of(PADDING_BLOCK);
    let (clear, padding) = padded.split_at_checked(padded.len().checked_sub(length)?)?;
    let whole = padding.iter().all(|byte| usize::from(*byte) == length);
    (fits && whole).then_some(clear)
}

fn unframe(clear: &[u8]) -> Option<Clear> {
    let (length, rest) = clear.get(RANDOM..)?.split_first_chunk::<LENGTH>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (message, app_id) = rest.split_at_checked(length)?;
    Some(Clear {
        message: message.to_vec(),
        app_id: app_id.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(length: u32) -> Vec<u8> {
        let mut clear = vec![7; RANDOM];
        clear.extend_from_slice(&length.to_be_bytes());
        clear.extend_from_slice(b"{}wx1");
        clear
    }

    #[test]
    fn wechats_own_example_is_opened() {
        let sealed = include_str!("../../tests/vectors/push_safe_mode.b64");
        // `EncodingAESKey` is 43 times `A`.
        let clear = open(sealed, &[0; 32]).unwrap();
        assert_eq!(clear.message.len(), 167);
        assert_eq!(clear.app_id, b"wxba5fad812f8e6fb9");
        let message = String::from_utf8(clear.message).unwrap();
        assert!(message.contains("debug_demo"), "{message}");
        assert!(open(sealed, &[1; 32]).is_none());
    }

    #[test]
    fn paddings_go_up_to_thirty_two() {
        for length in 1..=32_u8 {
            let clear = 64 - usize::from(length);
            let mut padded = vec![0; clear];
            padded.resize(64, length);
            assert_eq!(unpad(&padded).map(<[u8]>::len), Some(clear), "{length}");
            padded[63] = 33;
            assert_eq!(unpad(&padded), None);
            padded[63] = 0;
            assert_eq!(unpad(&padded), None);
        }
        assert_eq!(unpad(&[]), None);
        assert_eq!(unpad(&[2; 31]), None, "no whole block");
        let mut crooked = [2; 32];
        crooked[30] = 3;
        assert_eq!(unpad(&crooked), None);
    }

    #[test]
    fn the_length_is_big_endian_and_within_what_came() {
        let clear = unframe(&framed(2)).unwrap();
        assert_eq!(
            (clear.message, clear.app_id),
            (b"{}".to_vec(), b"wx1".to_vec())
        );
        assert!(unframe(&framed(2_u32.swap_bytes())).is_none());
        assert!(unframe(&framed(6)).is_none());
        assert!(unframe(&framed(u32::MAX)).is_none());
        assert!(unframe(&[0; 19]).is_none());
    }

    proptest::proptest! {
        #[test]
        fn anything_at_all_is_opened_or_refused(bytes: Vec<u8>, key: [u8; 32]) {
            let _ = unframe(&bytes);
            if let Some(clear) = unpad(&bytes) {
                proptest::prop_assert!((1..=32).contains(&(bytes.len() - clear.len())));
            }
            let _ = open(&STANDARD.encode(&bytes), &key);
        }
    }
}
