//! Refresh tokens: every cell of the table, a model of an honest phone and of a
//! thief, and tokens that were forged.

#[path = "../support/mod.rs"]
mod support;

mod model;
mod table;
mod token;
