//! Settings: TOML, and after a line `---` one variable of the environment a line.

use std::fmt::Write as _;

use menshen_app::fuzzing;

use crate::input;

/// Stands in secret settings, beside whatever else is set.
const SECRET: &str = "5ec7e75ec7e75ec7e75ec7e75ec7e75e";
/// The secrets that are set, where the input does not set them.
const SECRETS: &str = "MENSHEN_SMS__ALIYUN__ACCESS_KEY_SECRET MENSHEN_SMS__TENCENT__SECRET_KEY MENSHEN_SMS__TWILIO__AUTH_TOKEN MENSHEN_SECRETS__MASTER_KEY";

/// Whatever is set, reading it ends with settings and with problems that name a key
/// and say something; and no secret stands in what is shown.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if text.contains(SECRET) {
        return;
    }
    let (file, environment) = text.split_once("\n---\n").unwrap_or((text, ""));
    let given = environment.lines().filter_map(|line| line.split_once('='));
    let secrets = SECRETS.split(' ').map(|name| (name, SECRET));
    let environment = secrets
        .chain(given)
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (settings, report) = match fuzzing::settings(file, environment, input::now()) {
        Ok(read) => read,
        Err(words) => {
            assert!(words.contains("is not TOML"), "{words}");
            return;
        }
    };
    let mut shown = format!("{settings:?}");
    for entry in &report.entries {
        let _ = writeln!(shown, "{} = {}", entry.key, entry.effective);
    }
    let told = [&report.problems, &report.warnings, &report.notes];
    for problem in told.into_iter().flatten() {
        assert!(!problem.key.is_empty() && !problem.advice.is_empty());
        let _ = writeln!(shown, "{problem}");
    }
    assert!(!shown.contains(SECRET), "a secret is shown");
}
