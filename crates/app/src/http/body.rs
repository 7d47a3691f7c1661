//! JSON bodies: bounded in size and time, strictly typed, with the member named
//! that is wrong.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING,
};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::http::answer_time::AnswerTime;
use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};

/// The largest body.
pub const MAX_BODY: usize = 16 * 1024;
/// How long a body may take to arrive.
pub(super) const PATIENCE: Duration = Duration::from_secs(9);

/// A JSON body of the type `T`, with its text.
#[derive(Debug)]
pub struct Body<T> {
    /// The value.
    pub value: T,
    /// The text that it was read from.
    pub text: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check_headers(request);
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            checked?;
            let text = read(&request, payload).await?;
            let value = parse(&text)?;
            Ok(Self { value, text })
        })
    }
}

/// A JSON body that may be left out altogether.
#[derive(Debug)]
pub struct MaybeBody<T>(pub Option<Body<T>>);

impl<T: DeserializeOwned + 'static> FromRequest for MaybeBody<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let length = headers
            .get(CONTENT_LENGTH)
            .map_or(&b"0"[..], HeaderValue::as_bytes);
        if length == b"0" && !headers.contains_key(TRANSFER_ENCODING) {
            return Box::pin(async { Ok(Self(None)) });
        }
        let body = Body::from_request(request, payload);
        Box::pin(async move { Ok(Self(Some(body.await?))) })
    }
}

fn check_headers(request: &HttpRequest) -> Result<(), ApiError> {
    let headers = request.headers();
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = media_type
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase());
    let json = parts.next().as_deref() == Some("application/json");
    let utf8 = parts.all(|part| {
        part.is_empty() || matches!(part.as_str(), "charset=utf-8" | "charset=\"utf-8\"")
    });
    if !json || !utf8 || headers.contains_key(CONTENT_ENCODING) {
        return Err(ApiError::new(&kinds::UNSUPPORTED_MEDIA_TYPE));
    }
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(ApiError::new(&kinds::PAYLOAD_TOO_LARGE));
    }
    Ok(())
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<String, ApiError> {
    let body = collect(request, payload, MAX_BODY, PATIENCE).await?;
    String::from_utf8(body.into()).map_err(|_| ApiError::new(&kinds::MALFORMED_JSON))
}

/// Waits for so long for a body of at most so many bytes.
///
/// # Errors
///
/// 413 if it is longer, 408 if it takes too long, 400 if it breaks off.
pub(super) async fn collect(
    request: &HttpRequest,
    mut payload: Payload,
    most: usize,
    patience: Duration,
) -> Result<Bytes, ApiError> {
    let collect = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| ApiError::new(&kinds::MALFORMED_JSON))?;
            if body.len() + chunk.len() > most {
                return Err(ApiError::new(&kinds::PAYLOAD_TOO_LARGE));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    let body = AnswerTime::after(request, tokio::time::timeout(patience, collect)).await;
    body.map_err(|_| ApiError::new(&kinds::REQUEST_TIMEOUT))?
}

/// Reads JSON into a type that refuses unknown members.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        if error.inner().is_data() {
            wrong_member(&error)
        } else {
            ApiError::new(&kinds::MALFORMED_JSON)
        }
    })?;
    json.end()
        .map_err(|_| ApiError::new(&kinds::MALFORMED_JSON))?;
    Ok(value)
}

/// An object, and nothing else: what is derived would take a list of the members'
/// values as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// For a member that is an object.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// For a member that is an object, and may be left out.
pub(super) fn optional_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let given: Option<Object<T>> = Option::deserialize(deserializer)?;
    Ok(given.map(|Object(value)| value))
}

/// Names the member; of the parser's text only the member's name is taken.
fn wrong_member(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let text = error.inner().to_string();
    let quoted = text.split('`').nth(1).unwrap_or_default();
    let path = error.path().to_string();
    let inside = match path.as_str() {
        "." => quoted.to_owned(),
        path => format!("{path}.{quoted}"),
    };
    let (field, fault) = if text.starts_with("missing field") {
        (inside, Fault::Required)
    } else if text.starts_with("unknown field") {
        // The path may already end in the member.
        let ends = path == quoted || path.ends_with(&format!(".{quoted}"));
        (if ends { path } else { inside }, Fault::Unknown)
    } else if text.starts_with("duplicate field") {
        let ends = path == quoted || path.ends_with(&format!(".{quoted}"));
        (if ends { path } else { inside }, Fault::Duplicate)
    } else if text.starts_with("unknown variant") {
        (path, Fault::Value)
    } else {
        (path, Fault::Type)
    };
    ApiError::field(readable(&field), fault)
}

/// A name that is safe to echo: short, and of plain characters.
fn readable(field: &str) -> String {
    let plain = field
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']'));
    let name: String = plain.take(64).collect();
    if name.is_empty() || name == "." {
        "body".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its presence counts")]
        phone: String,
        #[expect(dead_code, reason = "only its presence counts")]
        client: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its presence counts")]
        r#type: String,
    }

    fn fault(text: &str) -> (String, Fault) {
        parse::<Outer>(text).unwrap_err().details.fields.remove(0)
    }

    #[test]
    fn the_wrong_member_is_named() {
        for (text, field, wrong) in [
            (r"{}", "phone", Fault::Required),
            (r#"{"phone":1,"client":{"type":"a"}}"#, "phone", Fault::Type),
            (
                r#"{"phone":"1","client":{"type":["a"]}}"#,
                "client.type",
                Fault::Type,
            ),
            (
                r#"{"phone":"1","client":{}}"#,
                "client.type",
                Fault::Required,
            ),
            (
                r#"{"phone":"1","openid":"x","client":{"type":"a"}}"#,
                "openid",
                Fault::Unknown,
            ),
            (
                r#"{"phone":"1","client":{"type":"a","x":1}}"#,
                "client.x",
                Fault::Unknown,
            ),
            (
                r#"{"phone":"1","phone":"2","client":{"type":"a"}}"#,
                "phone",
                Fault::Duplicate,
            ),
            (r"[]", "body", Fault::Type),
            (r#"["1",{"type":"a"}]"#, "body", Fault::Type),
            (r"3", "body", Fault::Type),
        ] {
            assert_eq!(fault(text), (field.to_owned(), wrong), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let deep = "[".repeat(10_000);
        for text in [
            "",
            "{",
            r#"{"phone":"\ud800","client":{"type":"a"}}"#,
            r#"{"phone":"1","client":{"type":"a"}} x"#,
            "{'phone':1}",
        ] {
            let error = parse::<Outer>(text).unwrap_err();
            assert_eq!(error.kind.code, "malformed_json", "{text}");
        }
        assert!(parse::<Outer>(&deep).is_err());
    }
}
