//! What every `account_store` adapter must do.
