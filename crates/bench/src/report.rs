//! What is printed: Markdown that can be pasted into a page.

use std::time::Duration;

use crate::ceiling::{Parts, cores};
use crate::load::Measured;
use crate::options::Options;
use crate::server::LIMITS_OFF;
use crate::stage::Row;
use crate::start::Start;
use crate::stores::{POSTGRES_SETTINGS, Setup};

/// What was done, before the figures.
pub fn preface(options: &Options) {
    let off: Vec<_> = LIMITS_OFF.iter().map(|(key, _)| *key).collect();
    let (connections, rate, seconds) = (options.connections, options.rate, options.time());
    println!(
        "{} cores, shared by everything that is named here.",
        cores()
    );
    println!("Profile `production`, ES256, log as JSON to a file.");
    println!(
        "Limits that would stop a load test are off: `{}`.",
        off.join("`, `")
    );
    println!(
        "`sessions.max_per_client_type` is {}.",
        options.max_sessions
    );
    for (key, value) in &options.settings {
        println!("`{key}` is `{value}`.");
    }
    println!(
        "PostgreSQL: defaults (`fsync`, `synchronous_commit` on), and `{}`.",
        POSTGRES_SETTINGS.join("`, `")
    );
    println!(
        "Closed load: {connections} connections. Open load: {rate} a second. {} s each.",
        seconds.as_secs_f64()
    );
    if options.quick {
        println!("**A quick run: these figures say nothing.**");
    }
}

/// The figures of a set-up.
pub fn stage(setup: Setup, users: u64, start: &Start, rows: &[Row], parts: Option<&Parts>) {
    println!("\n## {}, {users} people\n", setup.title());
    println!(
        "Ready {:.0} ms after its start (median; worst {:.0}); {:.1} MiB resident, idle.\n",
        start.median.as_secs_f64() * 1000.0,
        start.worst.as_secs_f64() * 1000.0,
        mib(start.idle)
    );
    closed(rows, parts);
    open(rows);
    if let Some(parts) = parts {
        ceilings(parts);
    }
}

/// As fast as it goes.
fn closed(rows: &[Row], parts: Option<&Parts>) {
    println!(
        "| scenario | per second | p50 ms | p99 ms | p99.9 ms | max ms | errors | ceiling | of it | cores | server µs | PostgreSQL µs | Redis µs | upstream µs | tool µs | peak MiB |"
    );
    println!(
        "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    for row in rows {
        let (load, used) = (&row.closed, &row.closed.used);
        let each = |used: Duration| load.each(used).as_micros();
        let ceiling = parts.map(|parts| parts.ceiling(row.scenario));
        let (ceiling, share) = ceiling.map_or_else(
            || ("–".to_owned(), "–".to_owned()),
            |ceiling| {
                let share = 100.0 * load.per_second() / ceiling;
                (format!("{ceiling:.0}"), format!("{share:.0} %"))
            },
        );
        println!(
            "| {} | {:.0} | {} | {} | {ceiling} | {share} | {:.2} | {} | {} | {} | {} | {} | {:.1} |",
            row.scenario.title(),
            load.per_second(),
            latencies(load),
            errors(load),
            used.total().as_secs_f64() / used.wall.as_secs_f64().max(f64::MIN_POSITIVE),
            each(used.server),
            each(used.postgres),
            each(used.redis),
            each(used.upstream),
            each(used.load),
            mib(row.peak),
        );
    }
}

/// At a constant rate, from when each request was due.
fn open(rows: &[Row]) {
    if rows.iter().all(|row| row.open.is_none()) {
        return;
    }
    println!(
        "\n| at a constant rate | per second | p50 ms | p99 ms | p99.9 ms | max ms | errors |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    for row in rows {
        if let Some(load) = &row.open {
            println!(
                "| {} | {:.0} | {} | {} |",
                row.scenario.title(),
                load.per_second(),
                latencies(load),
                errors(load)
            );
        }
    }
}

/// What the machine can do of each part by itself.
fn ceilings(parts: &Parts) {
    println!("\n| part by itself | per second | processor µs, all who take part |");
    println!("| --- | ---: | ---: |");
    let fixed = [
        ("empty handler".to_owned(), parts.http),
        ("Redis command (`redis-benchmark`)".to_owned(), parts.redis),
        ("ES256 signature, one core".to_owned(), parts.sign),
        ("ES256 check, one core".to_owned(), parts.verify),
    ];
    let statements = parts.statements.iter();
    let statements = statements.map(|(scenario, cost)| {
        let title = scenario.title();
        (format!("statements: {title} (`pgbench`)"), *cost)
    });
    for (title, cost) in fixed.into_iter().chain(statements) {
        let micros = cost.each.as_secs_f64() * 1e6;
        println!("| {title} | {:.0} | {micros:.1} |", cost.per_second);
    }
}

fn latencies(load: &Measured) -> String {
    let at = |percent| format!("{:.2}", load.at(percent).as_secs_f64() * 1000.0);
    [50.0, 99.0, 99.9, 100.0].map(at).join(" | ")
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

#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 KiB")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
