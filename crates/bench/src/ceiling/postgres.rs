//! The statements of a scenario, as few as its rules allow, by `pgbench`.

use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use menshen_testkit::servers::postgres::DurablePostgres;

use super::Cost;
use crate::scenario::Scenario;
use crate::usage;
use crate::world::{APP_ID, regulars};

/// Connections, as many as the server has.
const CLIENTS: &str = "10";

/// An id as UUIDv7 has it, in the order of time.
const NEW_ID: &str = "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') \
     || '7' || substr(md5(random()::text), 1, 19))::uuid";

const READ_BY_OPENID: &str = include_str!("statements/read_by_openid.sql");
const RETURNING: &str = include_str!("statements/returning.sql");
const FIRST: &str = include_str!("statements/first.sql");
const SMS: &str = include_str!("statements/sms.sql");
const SMS_LOGIN: &str = include_str!("statements/sms_login.sql");
const READ_SESSION: &str = include_str!("statements/read_session.sql");
const ROTATE: &str = include_str!("statements/rotate.sql");

/// What `pgbench` is to do for a scenario; nothing for one that needs no
/// statement.
#[must_use]
pub fn script(scenario: Scenario) -> Option<String> {
    let parts: &[&str] = match scenario {
        Scenario::WechatReturning => &[READ_BY_OPENID, RETURNING, ";\n"],
        Scenario::WechatFirst => &[FIRST, ";\n"],
        // Whose number it is is found by a unique index, as an openid is.
        Scenario::SmsLogin => &[SMS, READ_BY_OPENID, SMS_LOGIN, ";\n"],
        Scenario::Refresh => &[READ_SESSION, ROTATE, ";\n"],
        Scenario::Me => &[READ_SESSION],
        Scenario::Verify => return None,
    };
    Some(
        parts
            .concat()
            .replace("@id", NEW_ID)
            .replace("@app", APP_ID),
    )
}

/// How often a second they can be done, and what they cost.
///
/// # Errors
///
/// If `pgbench` fails.
pub(super) fn measure(
    postgres: &DurablePostgres,
    script: &str,
    users: u64,
    time: Duration,
) -> Result<Cost, Box<dyn Error>> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(script.as_bytes())?;
    let regulars = regulars(users);
    let mut pgbench = postgres.command("pgbench");
    pgbench
        .args(["-n", "-M", "prepared", "-c", CLIENTS, "-j", "1"])
        .args(["-T", &time.as_secs().max(1).to_string()])
        .args(["-D", &format!("regulars={regulars}")])
        .args(["-D", &format!("stride={}", users / regulars)])
        .arg("-f")
        .arg(file.path())
        .arg("menshen");
    let before = (usage::family(postgres.pid())?, usage::ended_children()?);
    let output = pgbench.output()?;
    let used = usage::family(postgres.pid())?.saturating_sub(before.0)
        + usage::ended_children()?.saturating_sub(before.1);
    let text = String::from_utf8_lossy(&output.stdout);
    let problem = String::from_utf8_lossy(&output.stderr);
    let count = number(&text, "number of transactions actually processed: ");
    let rate = number(&text, "tps = ");
    match (count, rate) {
        (Some(count), Some(rate)) if output.status.success() && count >= 1.0 => Ok(Cost {
            per_second: rate,
            each: used.div_f64(count),
        }),
        _ => Err(format!("pgbench: {problem}{text}").into()),
    }
}

/// The number behind some words.
fn number(text: &str, words: &str) -> Option<f64> {
    let rest = text.split_once(words)?.1;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_pgbench_are_found_in_its_words() {
        let text = "number of transactions actually processed: 2345\n\
                    latency average = 1.2 ms\ntps = 781.25 (without initial connection time)\n";
        let count = number(text, "number of transactions actually processed: ");
        assert_eq!(
            (count, number(text, "tps = ")),
            (Some(2345.0), Some(781.25))
        );
        assert_eq!(number(text, "nothing = "), None);
    }
}
