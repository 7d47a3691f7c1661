//! The production topology on one machine, as processes: PostgreSQL, Redis, replicas
//! of the `menshen` command, the offline WeChat and SMS vendors, and nginx in front
//! with the configuration that is shipped under `deploy/`.
//!
//! Everything listens on the loopback, on ports that nobody else has, and is gone when
//! the [`Cluster`] is dropped or the process ends, however it ends. What it needs on
//! the machine is installed by `scripts/install-test-tools`; a cluster without it does
//! not start, and says what is missing.

mod cluster;
mod http;
pub mod nginx;
mod ports;
mod process;
mod settings;
mod undertaker;

pub use cluster::{Cluster, Options};
pub use http::{Answer, get};
pub use process::{Ended, Process};
pub use settings::{Profile, variable};
