//! What two logins may share.

use std::hash::BuildHasher;

use menshen_domain::ports::account_store::Lookup;

/// What a person is looked up by, hashed; each once.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    hashes: [u64; 4],
    count: usize,
}

impl Keys {
    /// The keys of a look-up under the secret of a process.
    pub(super) fn of(secret: &impl BuildHasher, lookup: &Lookup) -> Self {
        // The number in front keeps what is of different kinds apart.
        let hashes = [
            (lookup.signed_in.as_ref()).map(|user| secret.hash_one((0_u8, user))),
            (lookup.phone.as_ref()).map(|phone| secret.hash_one((1_u8, phone))),
            (lookup.openid.as_ref()).map(|openid| secret.hash_one((2_u8, openid))),
            (lookup.union_id.as_ref()).map(|union_id| secret.hash_one((3_u8, union_id))),
        ];
        Self::distinct(hashes.into_iter().flatten())
    }

    /// At most four keys. A key that came twice would wait for itself.
    pub(super) fn distinct(hashes: impl IntoIterator<Item = u64>) -> Self {
        let mut keys = Self {
            hashes: [0; 4],
            count: 0,
        };
        for hash in hashes.into_iter().take(4) {
            if !keys.iter().any(|known| known == hash) {
                keys.hashes[keys.count] = hash;
                keys.count += 1;
            }
        }
        keys
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u64> + use<> {
        self.hashes.into_iter().take(self.count)
    }
}
