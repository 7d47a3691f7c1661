//! Whether a vendor's address answers at all, without a message.

use std::time::Duration;

use menshen_outbound::{CallError, Method, Request, base_url};
use tokio::time::Instant;

use crate::transport;

/// The longest time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why an address is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// It is not an address.
    #[error("it is no address")]
    Address,
    /// No answer came, or the machine has no usable TLS.
    #[error("there was no answer")]
    NoAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Asks `address` for anything; whatever it answers shows that the name, the
/// network, and with `https` the certificate are right. Nothing of an account is
/// sent.
///
/// # Errors
///
/// See [`Unreachable`].
pub async fn answers(address: &str) -> Result<(), Unreachable> {
    let url = base_url(address).map_err(|_| Unreachable::Address)?;
    let client = transport::client().map_err(|error| Unreachable::NoAnswer(Box::new(error)))?;
    let request = Request {
        method: Method::GET,
        url,
        headers: Vec::new(),
        body: None,
    };
    match client.send(request, Instant::now() + PATIENCE).await {
        Ok(_) | Err(CallError::TooLong) => Ok(()),
        Err(error) => Err(Unreachable::NoAnswer(Box::new(error))),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_port_where_nobody_listens_does_not_answer() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", taken.local_addr().unwrap());
        drop(taken);
        assert!(matches!(
            answers(&address).await,
            Err(Unreachable::NoAnswer(_))
        ));
        assert!(matches!(
            answers("sms.example.com").await,
            Err(Unreachable::Address)
        ));
    }
}
