//! The `menshen` command.
fn main() {}
