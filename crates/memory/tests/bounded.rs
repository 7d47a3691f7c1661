//! What a flood of new keys can do: fill the limiter, and nothing else.

use std::fs;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use menshen_domain::model::limits::{LimitKey, LimitRule, Window};
use menshen_domain::ports::rate_limiter::{Admission, RateLimiter as _, RateLimiterError};
use menshen_memory::rate_limiter::MemoryRateLimiter;

/// What the limiter holds by default.
const KEYS: u128 = 1_000_000;
const ACTS_PER_KEY: u32 = 2;
/// How many keys one act names here, to be done sooner.
const AT_ONCE: u128 = 50;
const MEBIBYTE: usize = 1024 * 1024;
const MOST: usize = 256 * 1_000_000;

/// The memory of this process that is in use, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes = kibibytes.and_then(|number| number.trim().parse::<usize>().ok());
    kibibytes.expect("a number") * 1024
}

fn window(key: u128) -> Window {
    Window {
        rule: LimitRule::SmsVolume,
        key: LimitKey::SmsSource(IpAddr::V6(Ipv6Addr::from(key << 64))),
        limit: ACTS_PER_KEY,
        per: Duration::from_hours(1),
    }
}

/// Alone in its process: it is the process that is measured.
#[tokio::test]
async fn a_million_keys_take_their_bounded_memory_and_the_next_one_displaces_none() {
    let before = resident();
    let limiter = MemoryRateLimiter::default();
    for _ in 0..ACTS_PER_KEY {
        for first in (0..KEYS).step_by(usize::try_from(AT_ONCE).expect("small")) {
            let windows: Vec<_> = (first..first + AT_ONCE).map(window).collect();
            let admitted = limiter.reserve(&windows).await;
            assert!(matches!(admitted, Ok(Admission::Reserved(_))), "{first}");
        }
    }
    let used = resident() - before;
    assert!(used < MOST, "{} MiB", used / MEBIBYTE);
    // A flood meets an error, which people see as 503, and not a forgetful limiter.
    for stranger in KEYS..KEYS + 1000 {
        let refused = limiter.reserve(&[window(stranger)]).await;
        assert!(matches!(refused, Err(RateLimiterError::Full)), "{stranger}");
    }
    for known in [0, 1, KEYS / 2, KEYS - 1] {
        let counted = limiter.reserve(&[window(known)]).await;
        assert!(
            matches!(counted, Ok(Admission::Refused { .. })),
            "{known} is forgotten"
        );
    }
    assert!(used > 50 * MEBIBYTE, "{used}: was it measured?");
}
