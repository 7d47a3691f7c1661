//! The ports' own clauses, held against the adapters in memory.

use std::sync::Arc;

use menshen_memory::code_store::MemoryCodeStore;
use menshen_memory::rate_limiter::MemoryRateLimiter;
use menshen_memory::replay_ledger::MemoryReplayLedger;
use menshen_memory::session_notices::MemorySessionNotices;
use menshen_memory::turns::MemoryTurns;
use menshen_testkit::suites::session_notices::Replicas;

mod code_store {
    menshen_testkit::code_store!(super::Arc::new(super::MemoryCodeStore::default()));
}

mod rate_limiter {
    menshen_testkit::rate_limiter!(super::Arc::new(super::MemoryRateLimiter::default()));
}

mod replay_ledger {
    menshen_testkit::replay_ledger!(super::Arc::new(super::MemoryReplayLedger::default()));
}

mod session_notices {
    menshen_testkit::session_notices!({
        let shared = super::Arc::new(super::MemorySessionNotices::default());
        super::Replicas {
            one: shared.clone(),
            two: shared,
        }
    });
}

mod turns {
    menshen_testkit::turns!(super::Arc::new(super::MemoryTurns::default()));
}
