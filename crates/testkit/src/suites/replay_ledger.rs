//! What every `replay_ledger` adapter must do.
