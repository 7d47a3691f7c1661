//! The tool itself, against a server of a debug build: everything is measured, and
//! nothing fails. How fast it was says nothing here.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SCENARIOS: [&str; 6] = [
    "returning WeChat login",
    "first WeChat login",
    "full SMS login",
    "refresh",
    "`GET /v1/me`",
    "`GET /v1/auth/verify`",
];

/// The server, as the rest of the tests have built it; built now if it was not.
fn server() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_menshen-bench")).with_file_name("menshen");
    if !program.is_file() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--locked", "-p", "menshen"]);
        assert!(
            build.status().expect("cargo").success(),
            "the server is not built"
        );
    }
    program
}

fn bench(arguments: &[&str]) -> Output {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_menshen-bench"));
    // Few at once: the tests of others share the machine.
    bench
        .arg("--server")
        .arg(server())
        .args(["--connections", "4"]);
    bench.args(arguments);
    bench.output().expect("the bench")
}

/// The cells of the first row of a table that begins with this one.
fn row(report: &str, title: &str) -> Vec<String> {
    let lines = report.lines();
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    lines
        .map(cells)
        .find(|cells| cells[0] == title)
        .unwrap_or_else(|| panic!("no row {title:?} in {report}"))
}

#[test]
fn a_quick_run_measures_every_scenario_without_an_error() {
    let quick = [
        "--quick",
        "--setup",
        "embedded",
        "--no-ceilings",
        "--rate",
        "20",
    ];
    let output = bench(&quick);
    let report = String::from_utf8(output.stdout).unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}{report}");
    for title in SCENARIOS {
        let row = row(&report, title);
        let per_second: f64 = row[1].parse().unwrap();
        assert!(per_second > 0.0, "{row:?}");
        assert_eq!(row[6], "0", "{row:?}");
    }
    let open = report
        .split_once("| at a constant rate |")
        .expect("the open load")
        .1;
    for title in SCENARIOS {
        assert_eq!(row(open, title)[6], "0", "{open}");
    }
}

/// Every answer is a code sent, of one length; how long it took says nothing here.
#[test]
fn numbers_of_every_state_are_asked_for_as_often_and_answered_alike() {
    let output = bench(&["--quick", "--enumeration", "--setup", "embedded"]);
    let report = String::from_utf8(output.stdout).unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}{report}");
    for state in [
        "no account",
        "active",
        "disabled",
        "cancelled, not erased yet",
    ] {
        let row = row(&report, state);
        assert_eq!(row[1], "8", "{row:?}");
        assert!(row[2].parse::<f64>().unwrap() > 0.0, "{row:?}");
    }
}

#[test]
fn requests_that_fail_are_told_by_their_code_and_fail_the_run() {
    let limited = [
        "--quick",
        "--setup",
        "embedded",
        "--no-ceilings",
        "--rate",
        "0",
        "--scenario",
        "refresh",
        "--set",
        "tokens.refresh_per_ip=10",
    ];
    let output = bench(&limited);
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{report}");
    let errors = &row(&report, "refresh")[6];
    assert!(errors.ends_with("× 429 rate_limited"), "{report}");
}

#[test]
fn beside_postgres_and_redis_stands_what_they_can_do_by_themselves() {
    let shared = [
        "--quick",
        "--setup",
        "shared",
        "--rate",
        "0",
        "--scenario",
        "me",
        "--users",
        "100",
    ];
    let output = bench(&shared);
    let report = String::from_utf8(output.stdout).unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}{report}");
    let ceiling: f64 = row(&report, "`GET /v1/me`")[7].parse().unwrap();
    assert!(ceiling > 0.0, "{report}");
    for part in [
        "empty handler",
        "Redis command (`redis-benchmark`)",
        "ES256 signature, one core",
        "ES256 check, one core",
        "statements: returning WeChat login (`pgbench`)",
        "statements: first WeChat login (`pgbench`)",
        "statements: full SMS login (`pgbench`)",
        "statements: refresh (`pgbench`)",
        "statements: `GET /v1/me` (`pgbench`)",
    ] {
        let row = row(&report, part);
        let (per_second, micros): (f64, f64) = (row[1].parse().unwrap(), row[2].parse().unwrap());
        assert!(per_second > 0.0 && micros > 0.0, "{row:?}");
    }
}
