//! The use cases with mocked ports: each path, each port that fails, and what
//! must not be called. A mock without expectations fails at the first call.

#[path = "../support/mod.rs"]
mod support;

mod desk;
mod ledger;

mod administration;
mod authenticate;
mod avatars;
mod bind;
mod bind_phone;
mod cancel_account;
mod captcha;
mod check_code;
mod complete_once;
mod decrypt_open_data;
mod deliver_webhooks;
mod erase_due;
mod export_account;
mod guessing;
mod heed_wechat;
mod import_accounts;
mod introspect;
mod keep_house;
mod link_wechat;
mod login_with_sms;
mod login_with_wechat;
mod newcomers;
mod note_receipts;
mod phone_budget;
mod profile;
mod refresh;
mod rehearsing;
mod renew_ring;
mod send_budget;
mod send_code;
mod sign_in;
mod sign_out;
mod spend_guard;
mod step_up;
mod tell_old_number;
mod test_numbers;
mod turns;
mod unlink_identity;
mod vouch;
mod webhook_desk;
