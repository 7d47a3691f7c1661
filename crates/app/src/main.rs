//! The `menshen` command.

use std::process::ExitCode;

use clap::Parser as _;
use menshen_app::commands::{Arguments, run};

#[tokio::main]
async fn main() -> ExitCode {
    run(Arguments::parse()).await
}
