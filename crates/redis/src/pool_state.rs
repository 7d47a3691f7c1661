//! How the connections are used, in numbers.

/// How the connections to Redis are used. The counts go up as long as the process
/// lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// Connections at most; of a cluster, each leads to all nodes.
    pub limit: usize,
    /// Connections that there are.
    pub open: usize,
    /// Those of them that wait for work.
    pub idle: usize,
    /// Callers that wait for a connection.
    pub waiting: usize,
    /// Callers that got none in time.
    pub timeouts: u64,
    /// How often connections turned out to be worth nothing any more.
    pub breaks: u64,
}
