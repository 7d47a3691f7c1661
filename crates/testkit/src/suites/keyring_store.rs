//! What every `keyring_store` adapter must do.
