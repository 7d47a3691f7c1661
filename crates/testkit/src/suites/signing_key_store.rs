//! What every `signing_key_store` adapter must do.
