//! Which account ids might be real ones.

/// Words that only a made-up id has.
const MADE_UP: &[&str] = &[
    "fake", "test", "demo", "example", "sample", "simulat", "mock", "dummy",
];
/// So many equal characters in a row never come from a vendor.
const LONG_RUN: usize = 6;
/// Shorter ids than this no vendor hands out.
const SHORTEST: usize = 16;

/// The id of an account that has the look of a real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealLookingAccount {
    vendor: &'static str,
    name: &'static str,
}

impl std::fmt::Display for RealLookingAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the {} of {} looks like a real one: the simulator takes made-up keys only, such as one with `fake` in it",
            self.name, self.vendor
        )
    }
}

impl std::error::Error for RealLookingAccount {}

/// Refuses an id that might be a real one.
pub(crate) fn refuse_real(
    vendor: &'static str,
    name: &'static str,
    id: &str,
) -> Result<(), RealLookingAccount> {
    if looks_real(id) {
        Err(RealLookingAccount { vendor, name })
    } else {
        Ok(())
    }
}

/// Whether `id` has the look of one that a vendor handed out: long enough, of
/// letters and digits only, and with no sign of being made up. Ids of the
/// vendors here are random (`LTAI…`, `AKID…`, `AKLT…`, `AC…`, Huawei's keys).
fn looks_real(id: &str) -> bool {
    let lower = id.to_ascii_lowercase();
    let is_made_up = MADE_UP.iter().any(|word| lower.contains(word));
    let is_random = id.len() >= SHORTEST
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        && id.bytes().any(|byte| byte.is_ascii_digit());
    is_random && !is_made_up && longest_run(id.as_bytes()) < LONG_RUN
}

fn longest_run(bytes: &[u8]) -> usize {
    bytes
        .chunk_by(|one, other| one == other)
        .map(<[u8]>::len)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_ids_and_those_of_vendors_are_told_apart() {
        for id in [
            "fake-aliyun-access-key-id",
            "fake-volc-ak-public-01",
            "AC00000000000000000000000000000001",
            "our-key",
            "LTAI5tExampleExample1234",
            "",
        ] {
            assert!(!looks_real(id), "{id}");
        }
        for id in [
            "LTAI5tQ7fX2vB9nM4kR8sW3z",
            "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnP",
            "AC5ef872f6da5a21de157d80997a64bd33",
        ] {
            assert!(looks_real(id), "{id}");
        }
    }
}
