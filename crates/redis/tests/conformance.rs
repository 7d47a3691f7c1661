//! The ports' own clauses, held against Redis alone, a cluster, and a master that
//! sentinels name.

mod support;

use menshen_testkit::servers::redis::{RedisCluster, RedisServer, RedisWithSentinels};
use support::Stores;

async fn alone() -> Stores {
    Stores::over(&RedisServer::shared().await.url())
}

async fn cluster() -> Stores {
    Stores::over(&RedisCluster::shared().await.url())
}

async fn sentinels() -> Stores {
    Stores::over(&RedisWithSentinels::shared().await.url())
}

mod one_server {
    mod session_notices {
        menshen_testkit::session_notices!(crate::alone().await.replicas());
    }

    mod code_store {
        menshen_testkit::code_store!(crate::alone().await.codes());
    }

    mod rate_limiter {
        menshen_testkit::rate_limiter!(crate::alone().await.limiter());
    }

    mod replay_ledger {
        menshen_testkit::replay_ledger!(crate::alone().await.ledger());
    }

    mod wechat_token_cache {
        menshen_testkit::wechat_token_cache!(crate::alone().await.tokens());
    }
}

mod a_cluster {
    mod session_notices {
        menshen_testkit::session_notices!(crate::cluster().await.replicas());
    }

    mod code_store {
        menshen_testkit::code_store!(crate::cluster().await.codes());
    }

    mod rate_limiter {
        menshen_testkit::rate_limiter!(crate::cluster().await.limiter());
    }

    mod replay_ledger {
        menshen_testkit::replay_ledger!(crate::cluster().await.ledger());
    }

    mod wechat_token_cache {
        menshen_testkit::wechat_token_cache!(crate::cluster().await.tokens());
    }
}

mod behind_sentinels {
    mod session_notices {
        menshen_testkit::session_notices!(crate::sentinels().await.replicas());
    }

    mod code_store {
        menshen_testkit::code_store!(crate::sentinels().await.codes());
    }

    mod rate_limiter {
        menshen_testkit::rate_limiter!(crate::sentinels().await.limiter());
    }
}
