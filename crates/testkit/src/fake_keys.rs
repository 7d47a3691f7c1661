//! Keys for tests: they keep the promises that stores rely on, and no secret.

use menshen_domain::ports::mac::{Mac, MacUse};
use menshen_domain::ports::sealer::{SealError, SealUse, Sealer};

/// A fake [`Mac`]: the same tag for the same use and message, another one for
/// any other. Anybody can forge it.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeMac;

impl Mac for FakeMac {
    fn tag(&self, usage: MacUse, message: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        stream(&[usage.as_str().as_bytes(), message], &mut tag);
        tag
    }

    fn tags(&self, usage: MacUse, message: &[u8]) -> Vec<[u8; 32]> {
        vec![self.tag(usage, message)]
    }

    fn verify(&self, usage: MacUse, message: &[u8], tag: &[u8]) -> bool {
        self.tag(usage, message) == tag
    }
}

/// A fake [`Sealer`]: the clear text cannot be read in the sealed one, which
/// opens for its own use and row only. Anybody can open it.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeSealer;

impl Sealer for FakeSealer {
    fn seal(&self, usage: SealUse, row: &[u8], clear: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut sealed = vec![0; clear.len()];
        stream(&[usage.as_str().as_bytes(), row], &mut sealed);
        for (byte, clear) in sealed.iter_mut().zip(clear) {
            *byte ^= clear;
        }
        sealed.extend(check(usage, row, clear));
        Ok(sealed)
    }

    fn key_of(&self, sealed: &[u8]) -> Option<u32> {
        (sealed.len() >= 8).then_some(1)
    }

    fn active_key(&self, _: SealUse) -> Result<u32, SealError> {
        Ok(1)
    }

    fn open(&self, usage: SealUse, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (body, tag) = sealed.split_last_chunk::<8>().ok_or(SealError)?;
        let mut clear = vec![0; body.len()];
        stream(&[usage.as_str().as_bytes(), row], &mut clear);
        for (byte, sealed) in clear.iter_mut().zip(body) {
            *byte ^= sealed;
        }
        if check(usage, row, &clear) == *tag {
            Ok(clear)
        } else {
            Err(SealError)
        }
    }

    fn reseal(&self, usage: SealUse, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal(usage, row, &self.open(usage, row, sealed)?)
    }
}

fn check(usage: SealUse, row: &[u8], clear: &[u8]) -> [u8; 8] {
    let mut tag = [0; 8];
    stream(&[b"check", usage.as_str().as_bytes(), row, clear], &mut tag);
    tag
}

/// Fills `out` with bits that depend on all of the parts: `FNV-1a`, then `SplitMix64`.
fn stream(parts: &[&[u8]], out: &mut [u8]) {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes();
        for byte in part.iter().chain(&length) {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    for chunk in out.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_own_place_only() {
        let sealed = FakeSealer
            .seal(SealUse::PhoneNumber, b"row", b"+8613800138000")
            .unwrap();
        assert!(!sealed.windows(4).any(|part| part == b"1380"));
        let open = |usage, row: &[u8]| FakeSealer.open(usage, row, &sealed);
        assert_eq!(
            open(SealUse::PhoneNumber, b"row").unwrap(),
            b"+8613800138000"
        );
        assert!(open(SealUse::PhoneNumber, b"other").is_err());
        assert!(open(SealUse::SessionKey, b"row").is_err());
    }
}
