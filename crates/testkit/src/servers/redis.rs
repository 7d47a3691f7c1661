//! Redis: alone, as a cluster, and under sentinels.
//!
//! Nothing is written to disk, so that a server which starts again is empty.

mod cluster;
mod node;
mod sentinel;
mod tls;

pub use cluster::RedisCluster;
pub use node::RedisServer;
pub use sentinel::RedisWithSentinels;
pub use tls::RedisTls;
