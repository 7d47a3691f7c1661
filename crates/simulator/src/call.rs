//! A request as the vendors' rules see it, and the answer to it.

use std::net::IpAddr;

use actix_web::web::Query;
use actix_web::{HttpRequest, http::header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Name and value pairs of a query string or form.
pub(crate) type Pairs = Vec<(String, String)>;

/// A request, decoded once.
#[derive(Debug, Default)]
pub(crate) struct Call {
    /// The method, in capitals.
    pub(crate) method: String,
    /// The path, as sent.
    pub(crate) path: String,
    /// The decoded query, `+` read as a space.
    pub(crate) query: Pairs,
    /// The headers, names in lower case.
    pub(crate) headers: Pairs,
    /// Who called.
    pub(crate) peer: Option<IpAddr>,
    /// The body's exact bytes.
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// Reads the head of `request`, and takes its `body`.
    pub(crate) fn read(request: &HttpRequest, body: &[u8]) -> Self {
        let text =
            |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            method: request.method().as_str().to_owned(),
            path: request.path().to_owned(),
            query: parse_pairs(request.query_string()),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            peer: request.peer_addr().map(|address| address.ip()),
            body: body.to_vec(),
        }
    }

    /// The first query parameter called `name` that is not empty.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The first header called `name`, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the body came in chunks, without its length.
    pub(crate) fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"))
    }

    /// The body's parameters, where it is a form.
    pub(crate) fn form(&self) -> Pairs {
        let is_form = self.header("content-type").is_some_and(|kind| {
            kind.to_ascii_lowercase()
                .starts_with("application/x-www-form-urlencoded")
        });
        if is_form {
            std::str::from_utf8(&self.body)
                .map(parse_pairs)
                .unwrap_or_default()
        } else {
            Pairs::new()
        }
    }
}

/// Decodes `name=value&…`, `+` read as a space.
pub(crate) fn parse_pairs(encoded: &str) -> Pairs {
    Query::<Pairs>::from_query(encoded)
        .map(Query::into_inner)
        .unwrap_or_default()
}

/// Encodes all but letters, digits and `-_.~`.
pub(crate) fn percent_encode(text: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}

/// What goes back, and what the request log says of it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The `Content-Type`; none without a body.
    pub(crate) content_type: Option<&'static str>,
    /// The exact bytes.
    pub(crate) body: Vec<u8>,
    /// The vendor's word on the call: `ok`, or its error code.
    pub(crate) verdict: String,
}

impl Answer {
    /// A JSON answer.
    pub(crate) fn json(
        status: u16,
        content_type: &'static str,
        value: &serde_json::Value,
        verdict: &str,
    ) -> Self {
        Self {
            status,
            content_type: Some(content_type),
            body: value.to_string().into_bytes(),
            verdict: verdict.to_owned(),
        }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            content_type: None,
            body: Vec::new(),
            verdict: format!("http_{status}"),
        }
    }

    /// The page of a front proxy that has no upstream.
    pub(crate) fn html(status: u16) -> Self {
        let body = format!(
            "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n</body>\r\n</html>\r\n"
        );
        Self {
            status,
            content_type: Some("text/html"),
            body: body.into_bytes(),
            verdict: format!("http_{status}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_is_a_space_and_nothing_is_decoded_twice() {
        let pairs = parse_pairs("a=1+2%2B3&b=%252F&c=&c=d");
        let expected = [("a", "1 2+3"), ("b", "%2F"), ("c", ""), ("c", "d")];
        assert_eq!(
            pairs,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }
}
