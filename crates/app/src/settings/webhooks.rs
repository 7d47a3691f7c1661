//! `webhooks`: who is told about events.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use menshen_domain::model::event::EventName;
use menshen_domain::model::webhook::{ReceiverName, Subscription};
use menshen_webhooks::{Receiver, ReceiverError};

use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::members::{Member, MemberKind, Members};
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::wechat::is_safe_url;

/// More receivers than anybody has: each is a delivery for every event.
const MOST: usize = 16;

/// What is left of an address in a name that is made of it.
const KEPT_OF_ADDRESS: usize = 48;

const MEMBERS: &[Member] = &[
    Member::required("url", MemberKind::Text),
    Member::required("secret", MemberKind::Secret),
    Member::optional("events", MemberKind::Texts),
    Member::optional("name", MemberKind::Text),
];

/// One receiver of events.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// Where events are posted to, and how they are signed.
    pub receiver: Receiver,
    /// Which events.
    pub subscription: Subscription,
    /// Whether production takes the address.
    safe: bool,
}

/// Reads `webhooks`.
pub fn read(reader: &mut Reader) -> Vec<WebhookSettings> {
    let webhooks = reader.read(
        "webhooks",
        "[]",
        "receivers of events, 16 at most: `{url, secret, events, name}`; the secret is `whsec_` and the base64 of 24 to 64 random bytes (or `secret_file` names a file with it), no `events` means all, and deliveries are kept under the `name`, which is made of the url if it is left out",
        form::tables(MEMBERS, webhooks),
    );
    if webhooks.iter().any(|webhook| !webhook.safe) {
        reader.unsafe_for_production(
            "webhooks",
            "each url must be https://…, or http:// on loopback",
        );
    }
    webhooks
}

fn webhooks(given: &Given) -> Result<Vec<WebhookSettings>, String> {
    let tables = parse::tables(given)?;
    if tables.len() > MOST {
        return Err(format!("there may be {MOST} receivers"));
    }
    let (mut names, mut urls) = (BTreeSet::new(), BTreeSet::new());
    let mut all = Vec::with_capacity(tables.len());
    for table in tables {
        let (url, webhook) = webhook(table)?;
        if !urls.insert(url) {
            return Err(
                "two receivers have the same url: one with all their events is enough".to_owned(),
            );
        }
        if !names.insert(webhook.receiver.name.clone()) {
            let name = &webhook.receiver.name;
            return Err(format!("two receivers are called {name}: give each a name"));
        }
        all.push(webhook);
    }
    Ok(all)
}

/// A receiver, with its address as it is compared.
fn webhook(table: toml::Table) -> Result<(String, WebhookSettings), String> {
    let mut members = Members::declared(table, MEMBERS);
    let url = members.text("url")?;
    let secret = members.secret("secret")?;
    let events = members.optional_texts("events")?;
    let name = members.optional_text("name")?;
    members.finish()?;
    let name = match name {
        Some(name) => ReceiverName::parse(&name).map_err(|error| format!("name: {error}"))?,
        None => name_of(&url),
    };
    let receiver = Receiver::parse(name.clone(), &url, &secret.into());
    let receiver = receiver.map_err(|error: ReceiverError| error.to_string())?;
    let events = events.iter().map(|name| event(name));
    let subscription = Subscription {
        receiver: name,
        events: events.collect::<Result<_, _>>()?,
    };
    let webhook = WebhookSettings {
        receiver,
        subscription,
        safe: is_safe_url(&url),
    };
    Ok((url.trim_end_matches('/').to_ascii_lowercase(), webhook))
}

fn event(text: &str) -> Result<EventName, String> {
    EventName::parse(text).ok_or_else(|| {
        let alike = |name: &EventName| strsim::normalized_damerau_levenshtein(text, name.as_str());
        let nearest = EventName::ALL
            .into_iter()
            .max_by(|a, b| alike(a).total_cmp(&alike(b)));
        // There are names.
        let nearest = nearest.map_or("", EventName::as_str);
        format!("events: no event is called so; did you mean {nearest}?")
    })
}

/// What a receiver is called that was given no name: host, port and path. An address
/// that does not fit is cut, and told apart by its hash.
fn name_of(url: &str) -> ReceiverName {
    let address = url.split_once("://").map_or(url, |(_, rest)| rest);
    let address = address.trim_end_matches('/').to_ascii_lowercase();
    let plain = |c: char| match c {
        'a'..='z' | '0'..='9' | '.' | '_' | '-' => c,
        _ => '-',
    };
    let name: String = address.chars().map(plain).take(KEPT_OF_ADDRESS).collect();
    let faithful = address.replace(['/', ':'], "-") == name;
    let whole = if faithful {
        name
    } else {
        let hash = hex::encode(digest(&SHA256, url.as_bytes()));
        format!("{name}-{}", &hash[..8])
    };
    ReceiverName::parse(&whole).unwrap_or_else(|_| {
        // Only nothing at all is no name; the address is refused next.
        ReceiverName::parse("unnamed").unwrap_or_else(|_| unreachable!("a plain word"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u";

    fn read(members: &[&str]) -> Result<Vec<WebhookSettings>, String> {
        let tables: Vec<_> = members.iter().map(|one| format!("{{ {one} }}")).collect();
        webhooks(&Given::Text(format!("[{}]", tables.join(", "))))
    }

    fn at(url: &str) -> String {
        format!(r#"url = "{url}", secret = "{SECRET}""#)
    }

    #[track_caller]
    fn refused(members: &[&str], words: &str) {
        let advice = read(members).unwrap_err();
        assert!(advice.contains(words), "{advice}");
    }

    #[test]
    fn a_receiver_hears_what_it_names() {
        let given = format!(
            r#"{}, events = ["user.erased", "session.ended"], name = "crm""#,
            at("https://a.example/hooks")
        );
        let read = read(&[&given]).unwrap();
        let subscription = &read[0].subscription;
        assert_eq!(subscription.receiver.as_str(), "crm");
        let events: Vec<_> = subscription
            .events
            .iter()
            .map(|name| name.as_str())
            .collect();
        assert_eq!(events, ["user.erased", "session.ended"]);
        assert!(!format!("{read:?}").contains("MDEy"));
    }

    #[test]
    fn an_event_that_is_none_is_refused_with_the_nearest() {
        for (typo, nearest) in [
            ("user.create", "user.created"),
            ("user.deleted", "user.erased"),
            ("sesion.ended", "session.ended"),
        ] {
            let given = format!(r#"{}, events = ["{typo}"]"#, at("https://a.example"));
            refused(&[&given], &format!("did you mean {nearest}?"));
        }
    }

    #[test]
    fn a_name_is_made_of_the_address() {
        for (url, name) in [
            ("https://a.example", "a.example"),
            ("https://A.example/", "a.example"),
            (
                "http://127.0.0.1:8080/hooks/menshen",
                "127.0.0.1-8080-hooks-menshen",
            ),
        ] {
            assert_eq!(name_of(url).as_str(), name);
        }
        let long = |end| name_of(&format!("https://a.example/{}{end}", "x".repeat(90)));
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a"), long("a"));
        assert!(long("a").as_str().len() <= 64);
        assert_ne!(
            name_of("https://a.example/a%20b"),
            name_of("https://a.example/a+20b")
        );
    }

    #[test]
    fn what_cannot_be_is_refused_without_the_secret() {
        let a = at("https://a.example");
        refused(&[&a, &at("https://A.example/")], "the same url");
        let named = |url| format!(r#"{}, name = "crm""#, at(url));
        refused(
            &[&named("https://a.example"), &named("https://b.example")],
            "two receivers are called crm",
        );
        refused(&[&at("https://a.example/?x=1")], "without credentials");
        refused(&[&format!(r#"{a}, name = "A b""#)], "name: a name is");
        refused(&[&format!("{a}, other = 1")], "other is not a member");
        let short = r#"url = "https://a.example", secret = "whsec_c2VjcmV0""#;
        refused(&[short], "24 to 64 random bytes");
        assert!(!read(&[short]).unwrap_err().contains("c2VjcmV0"));
        let many: Vec<_> = (0..17)
            .map(|n| at(&format!("https://{n}.example")))
            .collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        refused(&many, "16 receivers");
        assert_eq!(read(&many[..16]).unwrap().len(), 16);
    }
}
