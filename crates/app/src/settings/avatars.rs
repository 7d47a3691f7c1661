//! `avatars.*`: the pictures that people upload.

use std::time::Duration;

use menshen_domain::model::avatar::AvatarBase;
use menshen_s3::S3Config;
use secrecy::SecretString;

use crate::settings::Profile;
use crate::settings::form;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::wechat::is_safe_url;

const BASE: &str = "avatars.public_url";
const URL: &str = "avatars.url";
const ENDPOINT: &str = "avatars.s3.endpoint";
const KEY_ID: &str = "avatars.s3.access_key_id";
const KEY: &str = "avatars.s3.secret_access_key";

/// `avatars.*`.
#[derive(Debug)]
pub struct AvatarSettings {
    /// From where people load pictures. Without one, none are taken in production; in
    /// development it is where the server listens.
    pub base: Option<AvatarBase>,
    /// The bucket that they are kept in; without one, the database.
    pub bucket: Option<S3Config>,
    /// How long a picture may take to arrive. There is no key for it: clients on their
    /// way are not an operator's to judge, and tests need not wait.
    pub patience: Duration,
}

/// A telephone at the edge of its network sends 40 kB a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// What `avatars.url` names.
struct Bucket {
    name: String,
    prefix: String,
}

/// Reads `avatars.*`.
pub fn read(reader: &mut Reader) -> AvatarSettings {
    let base = reader.read_optional(
        BASE,
        "from where people load uploaded pictures: the address of this service, or of a CDN before it, such as https://login.example.com. Without it production takes no pictures; development uses the address that it listens on",
        form::text(base),
    );
    if base
        .as_ref()
        .is_some_and(|base| !is_safe_url(base.as_str()))
    {
        reader.unsafe_for_production(BASE, "must be https://…, or http:// on loopback");
    }
    let bucket = bucket(reader);
    if bucket.is_some() && base.is_none() {
        reader.unsafe_for_production(
            BASE,
            "must be set where avatars.url is: from where do people load pictures?",
        );
    }
    AvatarSettings {
        base,
        bucket,
        patience: PATIENCE,
    }
}

fn bucket(reader: &mut Reader) -> Option<S3Config> {
    let bucket = reader.read_optional(
        URL,
        "the bucket that pictures are kept in: `s3://bucket` or `s3://bucket/prefix`; without it, the database",
        form::pattern("^s3://", bucket_url),
    );
    let endpoint = reader.read_optional(
        ENDPOINT,
        "the address of the bucket's service, without the bucket; without it, AWS in the region",
        endpoint,
    );
    let region = reader.read(
        "avatars.s3.region",
        "us-east-1",
        "the region that requests are signed for",
        parse::text,
    );
    let access_key_id = reader.read_optional(KEY_ID, "the id of the access key", parse::text);
    let secret = reader.read_secret(KEY, "the access key: it puts, gets and deletes objects below the prefix, and needs no other right");
    let path_style = reader.read(
        "avatars.s3.path_style",
        "false",
        "whether the bucket stands in the path, as MinIO wants it, and not before the host",
        parse::boolean,
    );
    let bucket = bucket?;
    let (access_key_id, secret_access_key) = keys(reader, access_key_id, secret);
    if endpoint
        .as_ref()
        .is_some_and(|endpoint| !is_safe_url(endpoint))
    {
        reader.unsafe_for_production(ENDPOINT, "must be https://…, or http:// on loopback");
    }
    Some(S3Config {
        bucket: bucket.name,
        prefix: bucket.prefix,
        endpoint: endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com")),
        region,
        access_key_id,
        secret_access_key,
        path_style,
    })
}

/// A bucket that anybody writes to is none to keep pictures in.
fn keys(
    reader: &mut Reader,
    id: Option<String>,
    secret: Option<SecretString>,
) -> (String, SecretString) {
    if id.is_none() {
        reader.problem(KEY_ID, "must be set where avatars.url is");
    }
    if secret.is_none() {
        reader.problem(KEY, "must be set where avatars.url is");
    }
    (id.unwrap_or_default(), secret.unwrap_or_default())
}

impl AvatarSettings {
    /// Whether pictures are taken.
    #[must_use]
    pub fn are_taken(&self, profile: Profile) -> bool {
        self.base.is_some() || profile == Profile::Development
    }
}

fn base(given: &Given) -> Result<AvatarBase, String> {
    let text = parse::text(given)?;
    let advice = "write https://host, perhaps with a path, without ? and #, at most 256 characters";
    AvatarBase::parse(&text).ok_or_else(|| advice.to_owned())
}

fn endpoint(given: &Given) -> Result<String, String> {
    let text = parse::text(given)?;
    let web = text.starts_with("https://") || text.starts_with("http://");
    let bare = !text.contains(['?', '#', '@', ' ']);
    if web && bare {
        Ok(text)
    } else {
        Err("write https://host, without the bucket, ? and #".to_owned())
    }
}

/// Names as S3 allows them; the prefix without a slash at its ends.
fn bucket_url(given: &Given) -> Result<Bucket, String> {
    let text = parse::text(given)?;
    let advice = || "write s3://bucket or s3://bucket/prefix".to_owned();
    let rest = text.strip_prefix("s3://").ok_or_else(advice)?;
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_matches('/');
    let of_a_name =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let of_a_prefix = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    let named = (3..=63).contains(&name.len()) && name.chars().all(of_a_name);
    if named && prefix.len() <= 256 && prefix.chars().all(of_a_prefix) {
        Ok(Bucket {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
        })
    } else {
        Err(advice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_a_name_and_perhaps_a_prefix() {
        let read = |text: &str| bucket_url(&Given::Text(text.to_owned()));
        for (text, name, prefix) in [
            ("s3://pictures", "pictures", ""),
            ("s3://pictures/", "pictures", ""),
            ("s3://a.b-c1/menshen/two/", "a.b-c1", "menshen/two"),
        ] {
            let bucket = read(text).unwrap();
            assert_eq!((&*bucket.name, &*bucket.prefix), (name, prefix), "{text}");
        }
        for bad in [
            "",
            "s3://",
            "s3://ab",
            "https://pictures",
            "s3://Pictures",
            "s3://pic?x",
            "s3://pictures/a b",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
