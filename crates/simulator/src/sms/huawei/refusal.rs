//! Codes of requests, and statuses of numbers.
//!
//! Source: Huawei Cloud Message & SMS, "API error codes".

/// All is well.
pub(super) const SUCCESS: &str = "000000";
/// The request is well, a number is not.
pub(super) const LOOK_AT_STATUS: &str = "E000510";

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) description: String,
}

impl Refusal {
    /// With the code's own words.
    pub(super) fn new(code: &str) -> Self {
        Self::saying(code, None)
    }

    pub(super) fn saying(code: &str, words: Option<&str>) -> Self {
        Self {
            code: code.to_owned(),
            description: words.unwrap_or_else(|| description(code)).to_owned(),
        }
    }

    /// Whether it stands as the status of a number.
    pub(super) fn is_of_a_number(&self) -> bool {
        self.code.starts_with("E2")
    }

    pub(super) fn http_status(&self) -> u16 {
        match self.code.as_str() {
            "E000500" => 500,
            "E000045" | "E000101" | "E000102" | "E000111" | "E000112" | "E000620" => 403,
            code if code.starts_with("E2") => 200,
            _ => 400,
        }
    }
}

fn description(code: &str) -> &str {
    match code {
        "E000000" => "System error.",
        "E000001" => "Authorization parameter is not contained in the HTTP header.",
        "E000002" => "The realm attribute is not found in Authorization.",
        "E000003" => "The profile attribute is not found in Authorization.",
        "E000004" => "The realm attribute in Authorization is not SDP.",
        "E000005" => "The profile attribute in Authorization is not UsernameToken.",
        "E000006" => "The type attribute in Authorization is not Appkey.",
        "E000007" => "The type attribute is not found in Authorization.",
        "E000008" => "Authorization does not contain WSSE.",
        "E000020" => "X-WSSE is not contained in the HTTP header.",
        "E000021" => "UsernameToken is not found in X-WSSE.",
        "E000022" => "Username is not found in X-WSSE.",
        "E000023" => "PasswordDigest is not found in X-WSSE.",
        "E000024" => "Nonce is not found in X-WSSE, or malformed.",
        "E000025" => "Created is not found in X-WSSE.",
        "E000040" => "Incorrect Content-Type.",
        "E000045" => "The AK/SK signature is incorrect.",
        "E000101" | "E000102" => "The app_key is invalid.",
        "E000110" => "The time is out of range.",
        "E000111" => "The user or the password is incorrect.",
        "E000112" => "The account is frozen.",
        "E000500" => "Internal error.",
        "E000503" => "The parameter format is incorrect.",
        "E000620" => "The client address is not allowed.",
        other => other,
    }
}
