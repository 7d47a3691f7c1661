//! What every `session_store` adapter must do.
