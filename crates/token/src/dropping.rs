//! What has to change so that a signing key can go at once.

use chrono::{DateTime, Utc};
use menshen_domain::ports::signing_key_store::{KeyLife, SealedSigningKey};

use crate::key_set::{KeySetError, signer};
use crate::signing_key::SigningKey;

/// One step of the store.
pub(crate) enum Change {
    /// The newest key goes, and this one takes its place.
    Succeed {
        key: SealedSigningKey,
        after: String,
    },
    /// A key goes, and those that stay may have other lives.
    Revise { lives: Vec<KeyLife>, newest: String },
}

/// What is to be done next.
pub(crate) struct Plan {
    pub(crate) change: Change,
    /// The key that signs from then on, if that is another one than before.
    pub(crate) heir: Option<String>,
    /// True if this only prepares: plan again afterwards.
    pub(crate) again: bool,
}

/// Plans the end of `kid` at `now`.
///
/// Only the newest key has no end. Where it goes, a new one takes its place and
/// signs at once: those before have a life for the tokens that they signed so far,
/// and none for more. Where the signer goes and newer ones have been published and
/// wait, these begin at once, so that the newest signs: verifiers know it already.
pub(crate) fn plan(
    keys: &[SigningKey],
    kid: &str,
    now: DateTime<Utc>,
    make: impl FnOnce() -> Result<SealedSigningKey, KeySetError>,
) -> Result<Plan, KeySetError> {
    let live = || keys.iter().filter(|key| !key.retired(now));
    let target = live().find(|key| key.key.kid == kid);
    let (Some(target), Some(newest)) = (target, live().next_back()) else {
        return Err(KeySetError::NotThere {
            kid: kid.to_owned(),
        });
    };
    let waiting = live().filter(|key| key.not_before > now && key.key.kid != kid);
    let mut begin: Vec<_> = waiting.map(|key| life(key, now, key.retire_at)).collect();
    let newest_kid = newest.key.kid.clone();
    if newest.key.kid == kid {
        if begin.is_empty() {
            let key = make()?;
            return Ok(Plan {
                heir: Some(key.kid.clone()),
                change: Change::Succeed {
                    key,
                    after: newest_kid,
                },
                again: false,
            });
        }
        // None of them may begin after the new one, for which it has no time.
        let (lives, newest) = (begin, newest_kid);
        return Ok(Plan {
            change: Change::Revise { lives, newest },
            heir: None,
            again: true,
        });
    }
    let signs = signer(keys, now).is_some_and(|key| key.key.kid == kid);
    if !signs {
        begin.clear();
    }
    let heir = signs.then(|| newest_kid.clone());
    begin.push(life(target, target.not_before, Some(now)));
    Ok(Plan {
        change: Change::Revise {
            lives: begin,
            newest: newest_kid,
        },
        heir,
        again: false,
    })
}

fn life(key: &SigningKey, not_before: DateTime<Utc>, retire_at: Option<DateTime<Utc>>) -> KeyLife {
    KeyLife {
        kid: key.key.kid.clone(),
        not_before,
        retire_at,
    }
}
