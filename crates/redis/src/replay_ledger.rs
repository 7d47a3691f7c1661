//! The ledger of single-use proofs in Redis.

mod sealed_record;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use menshen_domain::ports::replay_ledger::{
    Claim, ProofKey, ProofRecord, ReplayLedger, ReplayLedgerError,
};
use menshen_domain::ports::sealer::Sealer;
use tokio::time::{Instant, sleep_until};

use crate::fault::RedisFault;
use crate::names::RedisNames;
use crate::redis::Redis;
use crate::script::{Call, Script};
use crate::time::{duration, micros};

/// How long a proof is remembered whose holder never came back: as long as
/// `WeChat` takes a code.
const ABANDONED_FOR: Duration = Duration::from_mins(5);
/// How soon whoever waits looks again at first.
const FIRST_LOOK: Duration = Duration::from_millis(10);
/// How soon they look again at the latest. What is waited for is a call to a
/// provider, some 100 ms: so a caller looks half a dozen times.
const LATEST_LOOK: Duration = Duration::from_millis(50);

/// The ledger of single-use proofs in Redis.
///
/// A proof is one key. What is recorded of it is sealed and bound to the key.
/// Whoever waits for somebody else looks again and again, ever less often
/// (docs/adr/0015).
pub struct RedisReplayLedger {
    redis: Redis,
    names: RedisNames,
    sealer: Arc<dyn Sealer>,
    scripts: Scripts,
}

struct Scripts {
    claim: Script,
    record: Script,
    release: Script,
}

impl RedisReplayLedger {
    /// A ledger under these names.
    #[must_use]
    pub fn new(redis: Redis, names: RedisNames, sealer: Arc<dyn Sealer>) -> Self {
        let script = |own: &str| Script::new(&[include_str!("replay_ledger/proof.lua"), own]);
        Self {
            redis,
            names,
            sealer,
            scripts: Scripts {
                claim: script(include_str!("replay_ledger/claim.lua")),
                record: script(include_str!("replay_ledger/record.lua")),
                release: script(include_str!("replay_ledger/release.lua")),
            },
        }
    }

    fn name(&self, key: ProofKey) -> [String; 1] {
        [self.names.alone("proof", &[&key.0])]
    }

    async fn look(&self, key: ProofKey, lease: Duration) -> Result<Seen, RedisFault> {
        let name = self.name(key);
        let call = on(&self.scripts.claim, &name).arg(micros(lease));
        let (word, left, record): (String, i64, Vec<u8>) = self.redis.run(&call).await?;
        let opened = || sealed_record::open(&*self.sealer, key, &record);
        Ok(match word.as_str() {
            "held" => Seen::Held(duration(left)),
            "spent" => Seen::Claim(Claim::Recorded(ProofRecord::Spent)),
            "recorded" => Seen::Claim(Claim::Recorded(opened()?)),
            "granted" if record.is_empty() => Seen::Claim(Claim::Granted { vouched: None }),
            "granted" => Seen::Claim(Claim::Granted {
                vouched: Some(opened()?),
            }),
            _ => return Err(RedisFault::Nonsense("another word")),
        })
    }
}

/// What a claim comes upon.
enum Seen {
    Claim(Claim),
    /// Somebody holds it, this long at most.
    Held(Duration),
}

#[async_trait]
impl ReplayLedger for RedisReplayLedger {
    async fn claim(
        &self,
        key: ProofKey,
        lease: Duration,
        patience: Duration,
    ) -> Result<Claim, ReplayLedgerError> {
        let mut until = None;
        let mut pause = FIRST_LOOK;
        loop {
            let seen = self.look(key, lease).await?;
            let now = Instant::now();
            let until = *until.get_or_insert(now + patience);
            match seen {
                Seen::Claim(claim) => return Ok(claim),
                Seen::Held(_) if now >= until => return Ok(Claim::InProgress),
                Seen::Held(left) => {
                    sleep_until(until.min(now + pause.min(left.max(FIRST_LOOK)))).await;
                    pause = (pause * 2).min(LATEST_LOOK);
                }
            }
        }
    }

    async fn record(
        &self,
        key: ProofKey,
        record: ProofRecord,
        fresh: Duration,
        kept: Duration,
    ) -> Result<(), ReplayLedgerError> {
        let stage = match &record {
            ProofRecord::Vouched { .. } => "open",
            ProofRecord::SignedIn { .. } => "done",
            ProofRecord::Spent => "dead",
        };
        let sealed = sealed_record::seal(&*self.sealer, key, &record)?;
        let name = self.name(key);
        let call = (on(&self.scripts.record, &name).arg(micros(fresh)))
            .arg(micros(kept))
            .arg(stage)
            .arg(&sealed[..]);
        Ok(self.redis.run(&call).await?)
    }

    async fn release(&self, key: ProofKey) -> Result<(), ReplayLedgerError> {
        let name = self.name(key);
        let call = on(&self.scripts.release, &name);
        Ok(self.redis.run(&call).await?)
    }
}

fn on<'a>(script: &'a Script, name: &'a [String; 1]) -> Call<'a> {
    script.on(name).arg(micros(ABANDONED_FOR))
}

impl From<RedisFault> for ReplayLedgerError {
    fn from(fault: RedisFault) -> Self {
        Self(fault.into())
    }
}
