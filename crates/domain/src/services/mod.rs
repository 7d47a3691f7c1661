//! What a person or a service can do, one use case per file.

pub mod adopt_profile;
pub mod ask_phone_number;
pub mod authenticate;
pub mod bind;
pub mod bind_phone;
pub mod cancel_account;
pub mod check_code;
pub mod complete_once;
pub mod decrypt_open_data;
pub mod erase_due;
pub mod export_account;
pub mod heed_wechat;
pub mod issue_tokens;
pub mod keep_house;
pub mod link_wechat;
pub mod list_sessions;
pub mod login;
pub mod login_with_sms;
pub mod login_with_wechat;
pub mod note_receipts;
pub mod own_account;
pub mod profile;
pub mod recent_proof;
pub mod refresh;
pub mod rejoin;
pub mod renew_ring;
pub mod screen_sign_up;
mod send_budget;
pub mod send_code;
pub mod sign_in;
pub mod sign_out;
pub mod step_up;
pub mod tell_refused_identity;
pub mod unlink_identity;
pub mod vouch;

mod account_changes;
