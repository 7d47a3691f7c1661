//! What people get while a dependency is away, and how soon all is well again:
//! the whole service over real servers that are killed, frozen and emptied under a
//! small load, whose every answer is written down.
//!
//! One fault at a time: the bounds are times, and two faults at once would make
//! the machine busier than one.

#[allow(dead_code, unused_imports, reason = "the faults need a part of it")]
#[path = "../support/mod.rs"]
mod support;

mod both;
mod database;
mod disk;
mod expected;
mod ledger;
mod load;
mod record;
mod redis;
mod slow_clients;
mod stage;
mod upstreams;
