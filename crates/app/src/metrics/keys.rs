//! The signing keys, as far as their ages tell whether rotation works.

use std::fmt;
use std::sync::Arc;

use menshen_domain::ports::clock::Clock;
use menshen_token::key_set::{KeySet, KeyStage};
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
