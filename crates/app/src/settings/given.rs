//! A setting before it is read.

/// A value as it was given.
#[derive(Debug, Clone)]
pub enum Given {
    /// In the file.
    Toml(toml::Value),
    /// In the environment: scalars as they are, lists and tables as TOML.
    Text(String),
}

/// In place of a secret.
const MASK: &str = "***";

/// A value for people's eyes: passwords in addresses are masked, and in lists of
/// tables every member whose name tells of a secret.
#[must_use]
pub fn shown(given: &Given) -> String {
    match given {
        Given::Toml(toml::Value::String(text)) => masked_text(text),
        Given::Text(text) => match list(text) {
            Some(value) => masked(&value).to_string(),
            None => masked_text(text),
        },
        Given::Toml(value) => masked(value).to_string(),
    }
}

/// The list that a text of the environment is.
fn list(text: &str) -> Option<toml::Value> {
    let list = text.trim_start().starts_with('[');
    let mut table: toml::Table = list.then(|| format!("value = {text}").parse().ok())??;
    table.remove("value")
}

fn masked(value: &toml::Value) -> toml::Value {
    match value {
        toml::Value::String(text) => masked_text(text).into(),
        toml::Value::Array(items) => items.iter().map(masked).collect::<Vec<_>>().into(),
        toml::Value::Table(members) => {
            let members = members.iter().map(|(name, value)| {
                let shown = if is_secret(name) {
                    MASK.into()
                } else {
                    masked(value)
                };
                (name.clone(), shown)
            });
            members.collect::<toml::Table>().into()
        }
        other => other.clone(),
    }
}

/// True for a name such as `app_secret`, `push_token`, `push_aes_key`, `code`.
fn is_secret(name: &str) -> bool {
    ["secret", "token", "key", "password", "code"]
        .iter()
        .any(|word| name.ends_with(word))
}

/// Masks the password of an address, and the secrets among its parameters.
fn masked_text(text: &str) -> String {
    match text.split_once('?') {
        Some((address, parameters)) if address.contains("://") && !parameters.contains('@') => {
            let masked: Vec<_> = parameters.split('&').map(masked_parameter).collect();
            format!("{}?{}", masked_password(address), masked.join("&"))
        }
        _ => masked_password(text),
    }
}

fn masked_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
        _ => parameter.to_owned(),
    }
}

/// Masks what stands between the scheme and the `@` of an address, its user's
/// name apart.
fn masked_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    // An @ after the host belongs to the path.
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password may hold a slash that was not encoded: rather too much is masked.
    let end = rest[..authority].rfind('@').or_else(|| rest.rfind('@'));
    let Some(end) = end else {
        return text.to_owned();
    };
    match rest[..end].split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:{MASK}{}", &rest[end..]),
        None => format!("{scheme}://{MASK}{}", &rest[end..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_addresses_are_masked() {
        for (text, shown) in [
            ("postgres://me:pw@db:5432/x", "postgres://me:***@db:5432/x"),
            ("redis://:pw@cache", "redis://:***@cache"),
            ("rediss://pw@cache", "rediss://***@cache"),
            ("postgres://me:p/w@db/x", "postgres://me:***@db/x"),
            ("sqlite://data/menshen.db", "sqlite://data/menshen.db"),
            ("sqlite://x?mode=memory", "sqlite://x?mode=memory"),
            (
                "redis+sentinel://:pw@a,b/m?sentinel_user=u&sentinel_password=pw",
                "redis+sentinel://:***@a,b/m?sentinel_user=u&sentinel_password=***",
            ),
            ("redis://me:p?w@cache", "redis://me:***@cache"),
            ("https://a.example/b", "https://a.example/b"),
            ("1h", "1h"),
        ] {
            assert_eq!(super::shown(&Given::Text(text.to_owned())), shown);
        }
    }

    #[test]
    fn secrets_in_tables_are_masked_wherever_they_were_given() {
        let text = r#"[{ app_id = "wx1", app_secret = "s", push_aes_key = "k" }]"#;
        let table: toml::Table = format!("value = {text}").parse().unwrap();
        for given in [
            Given::Text(text.to_owned()),
            Given::Toml(table["value"].clone()),
        ] {
            let shown = shown(&given);
            assert!(shown.contains("wx1") && shown.contains(MASK), "{shown}");
            assert!(
                !shown.contains("\"s\"") && !shown.contains("\"k\""),
                "{shown}"
            );
        }
    }
}
