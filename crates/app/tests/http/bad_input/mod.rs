//! What cannot be understood changes nothing, and is told in the envelope.

mod bodies;
mod framing;
mod heads;

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::support::{Login, Service};

/// One route that takes a body, with a body that is in order but proves nothing.
struct Route {
    method: Method,
    path: &'static str,
    body: Value,
    bearer: bool,
}

impl Route {
    fn call(&self, service: &Service, login: &Login) -> crate::support::Call {
        let call = service.call(self.method.clone(), self.path);
        if self.bearer {
            call.bearer(login.access())
        } else {
            call
        }
    }
}

/// The body with the member at `path` replaced.
fn with(body: &Value, path: &[String], value: &Value) -> Value {
    let mut changed = body.clone();
    let pointer = format!("/{}", path.join("/"));
    *changed.pointer_mut(&pointer).expect("a member") = value.clone();
    changed
}

/// What the server says first, or nothing where it only closes.
async fn first_bytes(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut buffer));
    let read = read.await.expect("an answer in time").unwrap_or(0);
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}
