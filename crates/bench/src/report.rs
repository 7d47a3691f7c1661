//! What is printed: Markdown that can be pasted into a page.

use std::time::Duration;

use crate::load::Measured;
use crate::options::Options;
use crate::server::LIMITS_OFF;
use crate::stage::Row;
use crate::stores::{POSTGRES_SETTINGS, Setup};

/// What was done, before the figures.
pub fn preface(options: &Options) {
    let off: Vec<_> = LIMITS_OFF.iter().map(|(key, _)| *key).collect();
    println!("Profile `production`, ES256, log as JSON to a file.");
    println!(
        "Limits that would stop a load test are off: `{}`.",
        off.join("`, `")
    );
    println!(
        "`sessions.max_per_client_type` is {}.",
        options.max_sessions
    );
    println!(
        "PostgreSQL: defaults (`fsync`, `synchronous_commit` on), and `{}`.",
        POSTGRES_SETTINGS.join("`, `")
    );
}

/// The figures of a set-up.
pub fn stage(setup: Setup, users: u64, idle: u64, rows: &[Row]) {
    println!("\n## {}, {users} people\n", setup.title());
    println!(
        "Resident after the start and {} sessions: {:.1} MiB.\n",
        1024,
        mib(idle)
    );
    println!(
        "| scenario | per second | p50 | p99 | p99.9 | max | errors | server µs | database µs | Redis µs | upstream µs | tool µs | cores | peak MiB |"
    );
    println!(
        "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    for row in rows {
        line(row.scenario.title(), &row.closed, row.peak);
        if let Some(open) = &row.open {
            line("… at a constant rate", open, row.peak);
        }
    }
}

fn line(title: &str, load: &Measured, peak: u64) {
    let used = &load.used;
    let each = |used: Duration| load.each(used).as_micros();
    println!(
        "| {title} | {:.0} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.2} | {:.1} |",
        load.per_second(),
        millis(load.at(50.0)),
        millis(load.at(99.0)),
        millis(load.at(99.9)),
        millis(load.at(100.0)),
        errors(load),
        each(used.server),
        each(used.postgres),
        each(used.redis),
        each(used.upstream),
        each(used.load),
        used.total().as_secs_f64() / used.wall.as_secs_f64().max(0.001),
        mib(peak),
    );
}

fn errors(load: &Measured) -> String {
    if load.errors.is_empty() {
        return "0".to_owned();
    }
    let each = load.errors.iter();
    let each: Vec<_> = each
        .map(|(word, times)| format!("{times} × {word}"))
        .collect();
    each.join(", ")
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 KiB")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
