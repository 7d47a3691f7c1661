//! Verification codes in Redis.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use menshen_domain::model::verification::{
    ChallengeId, CodeId, CodeScope, CodeSeed, MAX_FAILURES_PER_CODE,
};
use menshen_domain::ports::code_store::{Attempt, CodeStore, CodeStoreError, Draft};

use crate::fault::RedisFault;
use crate::names::RedisNames;
use crate::redis::Redis;
use crate::script::Script;
use crate::time::{duration, micros};

/// More asks for one code than any limit lets through.
const MAX_CHALLENGES: u8 = 64;

/// Verification codes in Redis: their seeds and counts, never the digits.
///
/// A scope is one key, named by a keyed hash. It ends when its last code does.
pub struct RedisCodeStore {
    redis: Redis,
    names: RedisNames,
    scripts: Scripts,
}

struct Scripts {
    draft: Script,
    commit: Script,
    discard: Script,
    attempt: Script,
    uncount: Script,
    spend: Script,
    give_back: Script,
    end: Script,
}

impl RedisCodeStore {
    /// Codes under these names.
    #[must_use]
    pub fn new(redis: Redis, names: RedisNames) -> Self {
        let script = |own: &str| Script::new(&[include_str!("code_store/codes.lua"), own]);
        Self {
            redis,
            names,
            scripts: Scripts {
                draft: script(include_str!("code_store/draft.lua")),
                commit: script(include_str!("code_store/commit.lua")),
                discard: script(include_str!("code_store/discard.lua")),
                attempt: script(include_str!("code_store/attempt.lua")),
                uncount: script(include_str!("code_store/uncount.lua")),
                spend: script(include_str!("code_store/spend.lua")),
                give_back: script(include_str!("code_store/give_back.lua")),
                end: script(include_str!("code_store/end.lua")),
            },
        }
    }

    fn key(&self, scope: &CodeScope) -> [String; 1] {
        let user = scope.purpose.user().map(|user| user.as_uuid());
        let parts: [&[u8]; 4] = [
            scope.purpose.as_str().as_bytes(),
            user.as_ref().map_or(&[], |user| user.as_bytes()),
            scope.client_type.as_str().as_bytes(),
            scope.phone.as_e164().as_bytes(),
        ];
        [self.names.alone("code", &parts)]
    }
}

#[async_trait]
impl CodeStore for RedisCodeStore {
    async fn draft(
        &self,
        scope: &CodeScope,
        fresh: CodeSeed,
        ttl: Duration,
        reusable_for: Duration,
    ) -> Result<Draft, CodeStoreError> {
        let key = self.key(scope);
        let call = (self.scripts.draft.on(&key))
            .arg(&fresh.id.0)
            .arg(&fresh.nonce)
            .arg(micros(ttl))
            .arg(micros(reusable_for))
            .arg(MAX_FAILURES_PER_CODE);
        let (id, nonce, left): (Vec<u8>, Vec<u8>, i64) = self.redis.run(&call).await?;
        Ok(Draft {
            seed: seed(&id, &nonce)?,
            expires_in: duration(left),
        })
    }

    async fn commit(
        &self,
        scope: &CodeScope,
        draft: &Draft,
        challenge: ChallengeId,
        attempts: u8,
    ) -> Result<(), CodeStoreError> {
        let key = self.key(scope);
        let call = (self.scripts.commit.on(&key))
            .arg(&draft.seed.id.0)
            .arg(&draft.seed.nonce)
            .arg(micros(draft.expires_in))
            .arg(challenge.as_bytes())
            .arg(attempts)
            .arg(MAX_CHALLENGES);
        let committed: bool = self.redis.run(&call).await?;
        committed.then_some(()).ok_or(CodeStoreError::Full)
    }

    async fn discard(&self, scope: &CodeScope, seed: CodeId) -> Result<(), CodeStoreError> {
        let key = self.key(scope);
        let call = self.scripts.discard.on(&key).arg(&seed.0);
        Ok(self.redis.run(&call).await?)
    }

    async fn attempt(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        attempts: u8,
    ) -> Result<Attempt, CodeStoreError> {
        let key = self.key(scope);
        let call = (self.scripts.attempt.on(&key))
            .arg(name(challenge.as_ref()))
            .arg(attempts)
            .arg(MAX_FAILURES_PER_CODE);
        let tried: Tried = self.redis.run(&call).await?;
        Ok(match tried {
            (0, ..) => Attempt::Absent,
            (1, sent_ago, ..) => Attempt::Exhausted {
                sent_ago: duration(sent_ago),
            },
            (_, left, id, nonce) => Attempt::Counted {
                seed: seed(&id, &nonce)?,
                attempts_left: u8::try_from(left)
                    .map_err(|_| RedisFault::Nonsense("more tries than there are"))?,
            },
        })
    }

    async fn uncount(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        seed: CodeId,
    ) -> Result<(), CodeStoreError> {
        let key = self.key(scope);
        let call = self.scripts.uncount.on(&key);
        let call = call.arg(name(challenge.as_ref())).arg(&seed.0);
        Ok(self.redis.run(&call).await?)
    }

    async fn spend(&self, scope: &CodeScope, seed: CodeId) -> Result<bool, CodeStoreError> {
        let key = self.key(scope);
        let call = self.scripts.spend.on(&key).arg(&seed.0);
        Ok(self.redis.run(&call).await?)
    }

    async fn give_back(
        &self,
        scope: &CodeScope,
        challenge: Option<ChallengeId>,
        seed: CodeId,
    ) -> Result<(), CodeStoreError> {
        let key = self.key(scope);
        let call = self.scripts.give_back.on(&key);
        let call = call.arg(name(challenge.as_ref())).arg(&seed.0);
        Ok(self.redis.run(&call).await?)
    }

    /// At once, so that nine scopes wait no longer than one for a Redis that hangs.
    async fn end(&self, scopes: &[CodeScope]) -> Result<(), CodeStoreError> {
        let ends = scopes.iter().map(async |scope| {
            let key = self.key(scope);
            let ended: bool = self.redis.run(&self.scripts.end.on(&key)).await?;
            Ok::<_, RedisFault>(ended)
        });
        let ended = join_all(ends).await;
        ended.into_iter().try_for_each(|one| Ok(one.map(drop)?))
    }
}

/// What `attempt.lua` answers: the outcome, and as it tells a time or a count, the
/// seed's id and its nonce.
type Tried = (u8, i64, Vec<u8>, Vec<u8>);

/// What the scripts know a challenge by; nothing for tries without one.
fn name(challenge: Option<&ChallengeId>) -> &[u8] {
    challenge.map_or(&[], |challenge| challenge.as_bytes())
}

fn seed(id: &[u8], nonce: &[u8]) -> Result<CodeSeed, RedisFault> {
    match (id.try_into(), nonce.try_into()) {
        (Ok(id), Ok(nonce)) => Ok(CodeSeed {
            id: CodeId(id),
            nonce,
        }),
        _ => Err(RedisFault::Nonsense("a seed of another length")),
    }
}

impl From<RedisFault> for CodeStoreError {
    fn from(fault: RedisFault) -> Self {
        match fault {
            RedisFault::Full => Self::Full,
            fault => Self::Unavailable(fault.into()),
        }
    }
}
