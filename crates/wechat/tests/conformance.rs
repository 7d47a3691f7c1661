//! The port's own clauses, held against the cache in this process.

use std::sync::Arc;

use menshen_wechat::LocalTokenCache;

menshen_testkit::wechat_token_cache!(Arc::new(LocalTokenCache::default()));
