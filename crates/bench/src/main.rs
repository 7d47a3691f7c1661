//! A load tool for Menshen whose figures can be trusted: `docs/performance.md`.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser as _;

use menshen_bench::ceiling::empty_http;
use menshen_bench::options::Options;
use menshen_bench::{enumeration, report, stage};

fn main() -> ExitCode {
    // Not among the options: this program calls itself so.
    if std::env::args()
        .nth(1)
        .is_some_and(|word| word == empty_http::ARGUMENT)
    {
        return empty_http::serve().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let options = Options::parse();
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) if options.enumeration => {
            eprintln!("menshen-bench: the time of an answer tells whose number it is");
            ExitCode::FAILURE
        }
        Ok(false) => {
            eprintln!("menshen-bench: some requests failed, see the column `errors`");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("menshen-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// True if nothing failed, and nothing was told that must not be.
fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    if options.enumeration {
        return enumeration::run(options);
    }
    let mut well = true;
    report::preface(options);
    for (setup, users) in options.stages() {
        well &= stage::run(options, setup, users)?;
    }
    Ok(well)
}
