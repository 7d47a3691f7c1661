//! `tracing.*`: whether and how requests are traced.

use secrecy::SecretString;
use serde_json::json;

use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::wechat::is_safe_url;

/// `tracing.*`.
#[derive(Debug)]
pub struct TracingSettings {
    /// The collector; without one nothing is traced.
    pub otlp_endpoint: Option<String>,
    /// The `Authorization` that the collector asks for.
    pub authorization: Option<SecretString>,
    /// Which share of the requests is traced.
    pub sample_ratio: f64,
    /// Whether the `sampled` flag of a caller decides instead.
    pub trust_parent: bool,
    /// What the service is called there.
    pub service_name: String,
}

/// Reads `tracing.*`.
pub fn read(reader: &mut Reader) -> TracingSettings {
    let settings = TracingSettings {
        otlp_endpoint: reader.read_optional(
            "tracing.otlp_endpoint",
            "base address of an OpenTelemetry collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`; without it nothing is traced",
            form::pattern("^https?://", endpoint),
        ),
        authorization: reader.read_secret(
            "tracing.authorization",
            "the whole value of the `Authorization` header, where the collector asks for one",
        ),
        sample_ratio: reader.read(
            "tracing.sample_ratio",
            "0.1",
            "which share of the requests is traced, from 0 to 1",
            form::shaped(
                json!({ "type": "number", "minimum": 0, "maximum": 1 }),
                ratio,
            ),
        ),
        trust_parent: reader.read(
            "tracing.trust_parent",
            "false",
            "whether the `sampled` flag of an incoming `traceparent` decides instead; only where nobody but a gateway of yours can send one",
            parse::boolean,
        ),
        service_name: reader.read(
            "tracing.service_name",
            "menshen",
            "the `service.name` of the traces",
            parse::text,
        ),
    };
    let safe = settings.otlp_endpoint.as_deref().is_none_or(is_safe_url);
    if !safe {
        reader.unsafe_for_production(
            "tracing.otlp_endpoint",
            "must be https://…, or http:// on loopback",
        );
    }
    settings
}

fn endpoint(given: &Given) -> Result<String, String> {
    let text = parse::text(given)?;
    let web = text.starts_with("http://") || text.starts_with("https://");
    if web && !text.contains(['?', '#', '@', ' ']) {
        Ok(text)
    } else {
        Err(
            "write an address without credentials and query, such as http://127.0.0.1:4318"
                .to_owned(),
        )
    }
}

fn ratio(given: &Given) -> Result<f64, String> {
    let number = match given {
        Given::Text(text) => text.parse().ok(),
        Given::Toml(toml::Value::Float(number)) => Some(*number),
        Given::Toml(toml::Value::Integer(number)) => match number {
            0 => Some(0.0),
            1 => Some(1.0),
            _ => None,
        },
        Given::Toml(_) => None,
    };
    number
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or_else(|| "write a number from 0 to 1, such as 0.1".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::settings::Profile;

    fn problems(profile: Profile, key: &str, value: &str) -> Vec<String> {
        let given = BTreeMap::from([(key.to_owned(), Given::Text(value.to_owned()))]);
        let mut reader = Reader::new(given, profile);
        read(&mut reader);
        let problems = reader.finish().problems;
        problems.into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn a_share_is_a_number_from_nothing_to_all() {
        for (good, expected) in [("0", 0.0), ("0.25", 0.25), ("1", 1.0)] {
            let read = ratio(&Given::Text(good.to_owned())).expect("a ratio");
            assert!((read - expected).abs() < f64::EPSILON, "{good}");
        }
        for bad in ["-0.1", "1.1", "NaN", "inf", "ten", ""] {
            assert!(ratio(&Given::Text(bad.to_owned())).is_err(), "{bad}");
        }
    }

    #[test]
    fn production_sends_traces_over_tls_or_to_its_own_machine() {
        let key = "tracing.otlp_endpoint";
        for good in ["https://otel.example.com", "http://127.0.0.1:4318"] {
            assert!(
                problems(Profile::Production, key, good).is_empty(),
                "{good}"
            );
        }
        let plain = "http://otel.example.com:4318";
        assert_eq!(problems(Profile::Production, key, plain), [key]);
        assert!(problems(Profile::Development, key, plain).is_empty());
        for bad in ["otel:4318", "https://u:p@x", "https://x/?key=1"] {
            assert_eq!(problems(Profile::Development, key, bad), [key], "{bad}");
        }
    }
}
