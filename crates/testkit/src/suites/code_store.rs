//! What every `code_store` adapter must do.
