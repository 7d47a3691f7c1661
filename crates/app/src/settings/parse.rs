//! The types of settings, as people write them.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

use crate::settings::given::Given;

/// The text of a scalar.
fn scalar(given: &Given) -> Result<String, String> {
    match given {
        Given::Text(text) | Given::Toml(toml::Value::String(text)) => Ok(text.clone()),
        Given::Toml(value @ (toml::Value::Integer(_) | toml::Value::Boolean(_))) => {
            Ok(value.to_string())
        }
        Given::Toml(_) => Err("must be a single value".to_owned()),
    }
}

fn from_scalar<T: FromStr>(given: &Given, wanted: &str) -> Result<T, String> {
    scalar(given)?
        .trim()
        .parse()
        .map_err(|_| format!("write {wanted}"))
}

/// Plain text.
///
/// # Errors
///
/// What to write instead; likewise below.
pub(crate) fn text(given: &Given) -> Result<String, String> {
    scalar(given)
}

/// `true` or `false`.
pub(crate) fn boolean(given: &Given) -> Result<bool, String> {
    from_scalar(given, "true or false")
}

/// A whole number from 0 on.
pub(crate) fn count(given: &Given) -> Result<u32, String> {
    from_scalar(given, "a whole number from 0 to 4294967295")
}

/// An address and a port.
pub(crate) fn socket_address(given: &Given) -> Result<SocketAddr, String> {
    from_scalar(
        given,
        "an address and a port, such as 127.0.0.1:8080 or [::]:8080",
    )
}

/// A span of time with its unit; `0s` (or 0) is none.
pub(crate) fn duration(given: &Given) -> Result<Duration, String> {
    const WANTED: &str = "write a number with its unit, such as 30s, 10m, 1h or 30d";
    /// Longer than any sensible setting, and safe to add to a date.
    const MAX: Duration = Duration::from_hours(24 * 3660);
    let text = scalar(given)?;
    let span = match text.trim() {
        "0" => Duration::ZERO,
        text => humantime::parse_duration(text).map_err(|_| WANTED)?,
    };
    if span > MAX {
        Err("is longer than ten years".to_owned())
    } else {
        Ok(span)
    }
}

/// Words in a row: `a, b or c`.
pub(crate) fn either(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A list of texts.
pub(crate) fn texts(given: &Given) -> Result<Vec<String>, String> {
    const WANTED: &str = r#"write a list, such as ["a", "b"]"#;
    let value = toml_value(given, WANTED)?;
    let items = value.as_array().ok_or(WANTED)?;
    items
        .iter()
        .map(|item| {
            item.as_str()
                .map(ToOwned::to_owned)
                .ok_or_else(|| WANTED.to_owned())
        })
        .collect()
}

/// One text, or a list of texts.
pub(crate) fn text_or_texts(given: &Given) -> Result<Vec<String>, String> {
    match given {
        Given::Text(text) if !text.trim_start().starts_with('[') => Ok(vec![text.clone()]),
        Given::Toml(toml::Value::String(text)) => Ok(vec![text.clone()]),
        Given::Text(_) | Given::Toml(_) => texts(given),
    }
}

/// One secret, or a list of them; a file may hold one per line.
pub(crate) fn secrets(given: &Given) -> Result<Vec<SecretString>, String> {
    Ok(text_or_texts(given)?
        .into_iter()
        .map(SecretString::from)
        .collect())
}

/// What a file holds, without the line break at its end.
pub(crate) fn read_file(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the file cannot be read: {error}"))?;
    Ok(text.trim().to_owned())
}

/// A list of tables.
pub(crate) fn tables(given: &Given) -> Result<Vec<toml::Table>, String> {
    const WANTED: &str = "write a list of tables, such as [[section]] blocks";
    let value = toml_value(given, WANTED)?;
    let items = value.as_array().ok_or(WANTED)?;
    items
        .iter()
        .map(|item| item.as_table().cloned().ok_or_else(|| WANTED.to_owned()))
        .collect()
}

fn toml_value(given: &Given, wanted: &str) -> Result<toml::Value, String> {
    match given {
        Given::Toml(value) => Ok(value.clone()),
        Given::Text(text) => {
            let table: toml::Table = format!("value = {text}")
                .parse()
                .map_err(|_| wanted.to_owned())?;
            table.get("value").cloned().ok_or_else(|| wanted.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Given {
        Given::Text(text.to_owned())
    }

    #[test]
    fn spans_have_units() {
        assert_eq!(duration(&given("20s")).unwrap(), Duration::from_secs(20));
        assert_eq!(duration(&given("30d")).unwrap(), Duration::from_hours(720));
        assert_eq!(duration(&given("0")).unwrap(), Duration::ZERO);
        for bad in ["", "20", "abc", "-1s", "99999d"] {
            assert!(duration(&given(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn lists_are_toml_in_the_environment() {
        assert_eq!(
            texts(&given(r#"["aliyun","tencent"]"#)).unwrap(),
            ["aliyun", "tencent"]
        );
        assert_eq!(text_or_texts(&given("https://a")).unwrap(), ["https://a"]);
        assert!(texts(&given("aliyun,tencent")).is_err());
    }
}
