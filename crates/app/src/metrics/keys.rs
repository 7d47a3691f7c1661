//! The signing keys and those of the ring, as far as their ages tell whether rotation
//! works.

use std::fmt;
use std::sync::Arc;

use menshen_domain::model::key_ring::KeyUse;
use menshen_domain::ports::clock::Clock;
use menshen_token::key_set::{KeySet, KeyStage};
use menshen_token::keyring::{Keyring, RingKeyInfo, RingStage};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Looks at the keys at each scrape.
pub(crate) struct SigningKeys {
    pub(crate) keys: Arc<KeySet>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").finish_non_exhaustive()
    }
}

impl Collector for SigningKeys {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let now = self.clock.now();
        let keys = self.keys.list(now);
        let signing = keys.iter().find(|key| key.stage == KeyStage::Signing);
        if let Some(signing) = signing {
            let age = (now - signing.not_before).num_seconds().max(0);
            let encoder = encoder.encode_descriptor(
                "signing_key_age",
                "How long the key that signs has been signing",
                Some(&Unit::Seconds),
                MetricType::Gauge,
            )?;
            ConstGauge::new(age).encode(encoder)?;
        }
        let mut of_stage = encoder.encode_descriptor(
            "signing_keys",
            "Keys by stage: next is published and does not sign yet, checking only checks what it signed",
            None,
            MetricType::Gauge,
        )?;
        for (word, stage) in [
            ("next", KeyStage::Next),
            ("signing", KeyStage::Signing),
            ("checking", KeyStage::Checking),
        ] {
            let count = keys.iter().filter(|key| key.stage == stage).count();
            let labels = [("stage", word)];
            let encoder = of_stage.encode_family(&labels)?;
            ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX)).encode(encoder)?;
        }
        Ok(())
    }
}

/// Looks at the ring at each scrape.
pub(crate) struct RingKeys {
    pub(crate) ring: Arc<Keyring>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for RingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingKeys").finish_non_exhaustive()
    }
}

impl Collector for RingKeys {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let keys = self.ring.list(self.clock.now());
        let mut of_stage = encoder.encode_descriptor(
            "keyring_keys",
            "Keys of the ring by use and stage: next does nothing yet, older only opens and checks what it made",
            None,
            MetricType::Gauge,
        )?;
        for usage in KeyUse::all().map(KeyUse::as_str) {
            for (word, stage) in [
                ("next", RingStage::Next),
                ("active", RingStage::Active),
                ("older", RingStage::Older),
            ] {
                let mine = |key: &&RingKeyInfo| is_of(key, usage, stage);
                let count = keys.iter().filter(mine).count();
                let labels = [("use", usage), ("stage", word)];
                let encoder = of_stage.encode_family(&labels)?;
                ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX)).encode(encoder)?;
            }
        }
        Ok(())
    }
}

fn is_of(key: &RingKeyInfo, usage: &str, stage: RingStage) -> bool {
    key.usage == usage && key.stage == stage
}
