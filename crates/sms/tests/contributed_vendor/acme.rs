//! Acme SMS, API of 2026-01.

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::vendor_kit::{
    Account, Acknowledgement, Answer, Attempt, BadReceipt, Built, Client, DeliveryReceipt, Deps,
    Instant, Key, Method, Outcome, ReceiptEntry, ReceiptPush, ReceiptRead, ReceiptReader, Request,
    Scope, Serves, SmsMessage, SmsVendor, Template, Templates, Url, VendorConfigError, VendorEntry,
    Wording, base_url, client, entries, plausible, read_each, retry_after, send, taken, unreadable,
    word,
};

const NAME: &str = "acme";

/// Acme SMS.
pub static VENDOR: VendorEntry = VendorEntry {
    keys: &[
        Key::endpoint("https://api.acme.example"),
        Key::secret("api_key", "key of a project that may send messages").required(),
        Key::text("sign", "approved sign, without brackets").required(),
        Key::text(
            "template_id",
            "approved template with the variable `code`, such as T100",
        )
        .checked(check_template),
        Key::one_of(
            "route",
            &["fast", "cheap"],
            "`fast`, or `cheap`, which may take a minute",
        ),
    ],
    wording: Wording::Approved {
        usual: "template_id",
    },
    blames_recipient: |reason| matches!(reason, "HANDSET_OFF" | "BLOCKED"),
    ..VendorEntry::new(NAME, build)
};

fn check_template(id: &str) -> Result<(), String> {
    let digits = id.strip_prefix('T').unwrap_or_default();
    let fits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(())
        .ok_or_else(|| "write T and digits, such as T100".to_owned())
}

fn build(account: &Account, _: &Deps) -> Result<Built, VendorConfigError> {
    let mut url = base_url(&account.text("endpoint")?)?;
    url.set_path("/v1/messages");
    let acme = Acme {
        url,
        client: client()?,
        api_key: account.secret("api_key")?,
        sign: account.text("sign")?,
        route: account.text("route")?,
        templates: account.templates(),
    };
    Ok(Built::sender(acme).with_receipts(AcmeReceipts))
}

struct Acme {
    url: Url,
    client: Client,
    api_key: SecretString,
    sign: String,
    route: String,
    templates: Templates,
}

impl Acme {
    fn request(&self, message: &SmsMessage, template: &Template) -> Request {
        let body = json!({
            "to": message.phone.as_e164(),
            "sign": template.sign.as_ref().unwrap_or(&self.sign),
            "template": template.id,
            "values": template.values(message),
            "route": self.route,
            // Comes back in the receipt.
            "reference": message.id.to_string(),
        });
        let bearer = format!("Bearer {}", self.api_key.expose_secret());
        Request {
            method: Method::POST,
            url: self.url.clone(),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("authorization", bearer),
            ],
            body: Some(body.to_string().into_bytes()),
        }
    }
}

#[async_trait]
impl SmsVendor for Acme {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, message: &SmsMessage) -> Serves {
        Serves::with(self.templates.of(message))
    }

    async fn attempt(&self, message: &SmsMessage, deadline: Instant) -> Attempt {
        let Some(template) = self.templates.of(message) else {
            return Outcome::Config(Scope::Message).into();
        };
        match send(&self.client, self.request(message, template), deadline).await {
            Ok(answer) => read(&answer),
            Err(outcome) => outcome.into(),
        }
    }
}

#[derive(Deserialize)]
struct Reply {
    result: String,
    id: Option<String>,
    parts: Option<u32>,
}

fn read(answer: &Answer) -> Attempt {
    let Ok(reply) = serde_json::from_slice::<Reply>(answer.body()) else {
        return unreadable(answer.status()).into();
    };
    Attempt {
        outcome: outcome(&reply.result, answer),
        vendor_code: word(&reply.result),
        request_id: answer.header("x-request-id").and_then(word),
        message_id: reply.id.as_deref().and_then(word),
        cost_units: reply.parts,
    }
}

/// What a `result` means.
///
/// Source: Acme SMS API of 2026-01, "Results".
fn outcome(result: &str, answer: &Answer) -> Outcome {
    match result {
        "OK" => Outcome::Accepted,
        "BAD_NUMBER" => Outcome::BadNumber,
        "OPTED_OUT" => Outcome::RecipientBlocked,
        "NO_CREDIT" => Outcome::Billing,
        "WORDS_REFUSED" => Outcome::Content,
        "BAD_KEY" | "NO_SUCH_SIGN" => Outcome::Config(Scope::Account),
        "NO_SUCH_TEMPLATE" => Outcome::Config(Scope::Message),
        "SLOW_DOWN" => Outcome::VendorBusy {
            wait: retry_after(answer),
        },
        _ => unreadable(answer.status()),
    }
}

/// Reads what Acme pushes about messages that it took.
///
/// Source: Acme SMS API of 2026-01, "Delivery reports".
struct AcmeReceipts;

impl ReceiptReader for AcmeReceipts {
    fn vendor(&self) -> &'static str {
        NAME
    }

    fn read(&self, push: &ReceiptPush<'_>) -> Result<Vec<DeliveryReceipt>, BadReceipt> {
        read_each(&entries(push.body)?, |entry| report(entry, push))
    }

    fn acknowledge(&self) -> Acknowledgement {
        taken("text/plain", "OK")
    }
}

fn report(entry: &ReceiptEntry, push: &ReceiptPush<'_>) -> ReceiptRead {
    let (Some(message_id), Some(state)) = (entry.word("id"), entry.text("state")) else {
        return ReceiptRead::Unreadable;
    };
    if state == "queued" {
        return ReceiptRead::OnTheWay;
    }
    ReceiptRead::receipt(DeliveryReceipt {
        vendor: NAME,
        message_id,
        send: entry.send("reference"),
        phone: None,
        delivered: state == "delivered",
        code: entry.word("reason"),
        segments: entry.count("parts"),
        reported_at: plausible(None, push.received_at),
    })
}
