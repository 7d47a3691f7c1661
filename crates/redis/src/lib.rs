//! The ephemeral ports of Menshen in Redis: for many processes that share codes,
//! limits and claims.
//!
//! - Each operation is one Lua script, and so one atomic step; time is that of
//!   the server which runs it, so that no replica's clock counts.
//! - Keys of one operation share a hash tag, so that a cluster works
//!   (docs/adr/0014). Their names are keyed hashes, and what stands in them is
//!   random or sealed: a dump tells nothing of anybody.
//! - Every key has an end. Redis may lose everything: codes are asked for again,
//!   limits start anew, and nobody is signed out.
//! - [`Redis`] connects by itself, again and again; each answer comes within the
//!   bounds of [`RedisOptions`], and a server that gives none is asked once a
//!   second only.

pub mod code_store;
pub mod rate_limiter;
pub mod replay_ledger;
pub mod session_notices;
pub mod url;
pub mod wechat_token_cache;

mod fault;
mod gate;
mod link;
mod names;
mod pool_state;
mod redis;
mod script;
mod servers;
mod subscriber;
mod time;

pub use fault::RedisFault;
pub use names::RedisNames;
pub use pool_state::PoolState;
pub use redis::{Redis, RedisOptions};
