//! The names of keys.

use std::fmt::Write as _;
use std::sync::Arc;

use menshen_domain::ports::mac::{Mac, MacUse};

/// Makes the names of keys: keyed hashes that tell nothing of anybody, behind a
/// prefix that separates the deployments of one Redis.
#[derive(Clone)]
pub struct RedisNames {
    prefix: String,
    mac: Arc<dyn Mac>,
}

impl RedisNames {
    /// Names under a prefix of letters, digits and `-`, of which other
    /// characters are left out.
    #[must_use]
    pub fn new(prefix: &str, mac: Arc<dyn Mac>) -> Self {
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        Self {
            prefix: prefix.chars().filter(plain).collect(),
            mac,
        }
    }

    /// `prefix:kind:{hash}`: for what is one key, wherever in a cluster it falls.
    pub(crate) fn alone(&self, kind: &str, parts: &[&[u8]]) -> String {
        format!("{}:{kind}:{{{}}}", self.prefix, self.hash(kind, parts))
    }

    /// `prefix:{slot}:kind:hash`: in one slot with all that name it.
    pub(crate) fn within(&self, slot: &str, kind: &str, parts: &[&[u8]]) -> String {
        let hash = self.hash(kind, parts);
        format!("{}:{{{slot}}}:{kind}:{hash}", self.prefix)
    }

    /// 128 bits of the keyed hash, of which no two parts are spelt alike.
    fn hash(&self, kind: &str, parts: &[&[u8]]) -> String {
        let mut message = Vec::with_capacity(96);
        for part in [kind.as_bytes()].iter().chain(parts) {
            message.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            message.extend_from_slice(part);
        }
        let tag = self.mac.tag(MacUse::EphemeralKey, &message);
        let mut hash = String::with_capacity(32);
        for byte in &tag[..16] {
            // A string takes everything.
            let _ = write!(hash, "{byte:02x}");
        }
        hash
    }
}
