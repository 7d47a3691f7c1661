//! What every `rate_limiter` adapter must do.
