//! The keys that seal and the keys that sign, and the ports that these serve.

use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_sql::{Database, SqlStore};
use menshen_token::algorithm::Algorithm;
use menshen_token::key_set::{KeySet, KeySetError, KeyStage, TokenConfig};
use menshen_token::keyring::Keyring;
use menshen_token::system_randomness::SystemRandomness;

use super::{StartError, observed};
use crate::clock::SystemClock;
use crate::http::{DropKeyError, PublicKeys, SigningKeyInfo, SigningKeys};
use crate::key_audit::tell_new_key;
use crate::master_key::master_keys;
use crate::observed::Observer;
use crate::settings::Settings;
use crate::settings::tokens::Algorithm as AlgorithmSetting;
use crate::use_cases::Keys;

/// Opens the keys of a migrated database.
///
/// # Errors
///
/// As of the adapters.
pub async fn keys(
    settings: &Settings,
    database: &Database,
) -> Result<(SqlStore, Arc<Keyring>, Arc<KeySet>), StartError> {
    let randomness: Arc<dyn Randomness> = Arc::new(SystemRandomness);
    let now = SystemClock.now();
    let masters = master_keys(settings, &*randomness)?;
    let keyring = Arc::new(Keyring::open(database, &masters, Arc::clone(&randomness), now).await?);
    let store = SqlStore::new(
        database.clone(),
        keyring.clone(),
        keyring.clone(),
        Arc::clone(&randomness),
    );
    let signing = KeySet::open(
        token_config(settings),
        Arc::new(store.clone()),
        keyring.clone(),
        randomness,
        now,
    )
    .await?;
    if let Some(kid) = signing.made_at_open() {
        tell_new_key(&store, kid, None).await;
    }
    Ok((store, keyring, Arc::new(signing)))
}

/// The keys that sign, as the ports that they serve.
pub(super) fn ports_of(
    key_set: &Arc<KeySet>,
    clock: &Arc<dyn Clock>,
    observer: &Observer<'_>,
) -> Keys {
    let served = Arc::new(ServedKeys(key_set.clone(), clock.clone()));
    Keys {
        issuer: observed::issuer(observer, key_set.clone()),
        verifier: key_set.clone(),
        public: served.clone(),
        looked_after: served,
    }
}

fn token_config(settings: &Settings) -> TokenConfig {
    let tokens = &settings.tokens;
    let policy = &tokens.policy;
    TokenConfig {
        issuer: tokens.issuer.clone(),
        audience: tokens.audience.clone(),
        algorithm: match tokens.algorithm {
            AlgorithmSetting::Es256 => Algorithm::Es256,
            AlgorithmSetting::EdDsa => Algorithm::EdDsa,
            AlgorithmSetting::Rs256 => Algorithm::Rs256,
            AlgorithmSetting::Hs256 => Algorithm::Hs256,
        },
        key_rotation: tokens.key_rotation,
        longest_access_ttl: policy
            .mini_program
            .access
            .max(policy.app.access)
            .max(policy.web.access),
    }
}

struct ServedKeys(Arc<KeySet>, Arc<dyn Clock>);

impl PublicKeys for ServedKeys {
    fn jwks(&self) -> String {
        self.0.jwks(self.1.now()).to_string()
    }
}

#[async_trait]
impl SigningKeys for ServedKeys {
    fn list(&self) -> Vec<SigningKeyInfo> {
        let keys = self.0.list(self.1.now()).into_iter();
        let shown = keys.map(|key| SigningKeyInfo {
            kid: key.kid,
            algorithm: key.algorithm.to_string(),
            stage: match key.stage {
                KeyStage::Next => "next",
                KeyStage::Signing => "signing",
                KeyStage::Checking => "checking",
            },
            not_before: key.not_before,
            retire_at: key.retire_at,
        });
        shown.collect()
    }

    async fn drop_key(&self, kid: &str) -> Result<Option<String>, DropKeyError> {
        match self.0.drop_key(kid, self.1.now()).await {
            Ok(dropped) => Ok(dropped.made),
            Err(KeySetError::NotThere { .. }) => Err(DropKeyError::NotThere),
            Err(error) => Err(DropKeyError::Unavailable(Box::new(error))),
        }
    }
}
