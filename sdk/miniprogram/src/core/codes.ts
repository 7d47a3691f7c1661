/** Every `code` that the service answers a failure with. */
export type ServerCode =
  | "malformed_json"
  | "invalid_request"
  | "invalid_phone"
  | "sms_code_incorrect"
  | "sms_code_expired"
  | "wechat_code_invalid"
  | "decrypt_failed"
  | "signature_mismatch"
  | "token_missing"
  | "token_invalid"
  | "token_expired"
  | "session_revoked"
  | "refresh_token_invalid"
  | "refresh_token_expired"
  | "refresh_token_reused"
  | "admin_key_invalid"
  | "consent_required"
  | "identity_confirmation_required"
  | "account_disabled"
  | "account_cancelling"
  | "phone_required"
  | "step_up_required"
  | "phone_confirmation_required"
  | "captcha_required"
  | "captcha_invalid"
  | "wechat_risk_blocked"
  | "region_not_allowed"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "payload_too_large"
  | "unsupported_media_type"
  | "account_conflict"
  | "phone_taken"
  | "identity_taken"
  | "last_identity"
  | "phone_unreachable"
  | "sms_too_frequent"
  | "sms_limit_reached"
  | "sms_code_locked"
  | "rate_limited"
  | "wechat_busy"
  | "internal"
  | "wechat_misconfigured"
  | "sms_misconfigured"
  | "wechat_unavailable"
  | "sms_unavailable"
  | "unavailable";

/** What goes wrong before or beside an answer of the service. */
export type LocalCode =
  /** Nothing was reached, or the connection broke: the service may have acted all the same. */
  | "network_error"
  /** No answer in time: the service may have acted all the same. */
  | "timeout"
  /** The app went into the background: the service may have acted all the same. */
  | "interrupted"
  /** The answer is not one of the service: a gateway's page, or a captive portal. */
  | "bad_answer"
  /** `wx.login` failed. */
  | "wechat_login_failed"
  /** The person refused, or WeChat has none: `errno` 1400001 is an empty package. Offer the SMS code. */
  | "phone_denied"
  /** The privacy agreement was not agreed to (`errno` 104), or does not name this data (112). */
  | "privacy_refused";

/** What only the code of an app can cause. */
export type ProgramCode = "foreign_address";

export type ErrorCode = ServerCode | LocalCode | ProgramCode;

/** Why somebody is signed out. */
export type SignedOutReason =
  /** `logout()` was called, here or in another tab. */
  | "logout"
  /** Signed out from another device. */
  | "signed_out"
  /** A newer login took this session's place. */
  | "replaced"
  /** An old refresh token was used elsewhere: somebody holds a copy. */
  | "reuse_detected"
  /** An old refresh token was used here: somebody may hold a copy. */
  | "reused"
  | "disabled"
  | "merged"
  | "cancelled"
  | "phone_changed"
  /** Not used for too long. */
  | "expired"
  /** What is stored here is not a session of the service. */
  | "invalid"
  /** Nobody has signed in yet. */
  | "never";
