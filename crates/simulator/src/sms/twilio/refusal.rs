//! Error codes, which are numbers.
//!
//! Source: Twilio, "error and warning dictionary".

use serde_json::{Value, json};

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    message: String,
}

impl Refusal {
    /// With the code's own message.
    pub(super) fn new(code: &str) -> Self {
        Self::saying(code, None)
    }

    pub(super) fn saying(code: &str, words: Option<&str>) -> Self {
        Self {
            code: code.to_owned(),
            message: words.unwrap_or_else(|| message(code)).to_owned(),
        }
    }

    pub(super) fn status(&self) -> u16 {
        match self.code.as_str() {
            "20003" | "20005" => 401,
            "20404" => 404,
            "20429" | "63038" => 429,
            "20500" => 500,
            "20503" => 503,
            "21408" | "21610" | "30450" => 403,
            _ => 400,
        }
    }

    pub(super) fn body(&self) -> Value {
        let code = self.code.parse::<i64>();
        json!({
            "code": code.map_or_else(|_| json!(self.code), |number| json!(number)),
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status(),
        })
    }
}

fn message(code: &str) -> &str {
    match code {
        "20003" => "Authenticate",
        "20005" => "Account not active",
        "20404" => "The requested resource was not found",
        "20429" => "Too Many Requests",
        "20500" => "An internal server error has occurred",
        "21211" => "Invalid 'To' Phone Number",
        "21408" => {
            "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"
        }
        "21602" => "Message body is required.",
        "21603" => "A 'From' phone number is required.",
        "21604" => "A 'To' phone number is required.",
        "21606" => {
            "The 'From' phone number provided is not a valid message-capable Twilio phone number"
        }
        "21610" => "Attempt to send to unsubscribed recipient",
        "21614" => "'To' number is not a valid mobile number",
        "21617" => "The concatenated message body exceeds the 1600 character limit",
        "21659" => "'From' is not a Twilio phone number or Short Code country mismatch",
        "21701" => "The Messaging Service does not exist",
        "30450" => "Message delivery blocked by fraud protection",
        "63038" => "Account exceeded the daily messages limit",
        other => other,
    }
}
