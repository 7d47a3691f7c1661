//! What every `audit_log` adapter must do.
