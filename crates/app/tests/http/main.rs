//! The whole service over HTTP: a real port, a real database file, an offline
//! WeChat and an offline SMS vendor that speak the vendors' own protocols.

#[path = "../support/mod.rs"]
mod support;

// The vendor of the contributor's page; its file says `crate::vendor_kit`.
#[path = "../../../sms/tests/contributed_vendor/acme.rs"]
pub mod acme;
use menshen_sms::vendor_kit;

#[path = "../../../s3/tests/support/mod.rs"]
mod bucket;

mod admin_command;
mod administration;
mod administration_lists;
mod avatars;
mod avatars_in_bucket;
mod avatars_on_their_way;
mod backup;
mod bad_input;
mod canary;
mod cancelling;
mod captcha;
mod changed_numbers;
mod cloud_run;
mod command_line;
mod console;
mod contributed_vendor;
mod copies;
mod data_page;
mod dead_letters;
mod doors;
mod environment;
mod every_code;
mod export;
mod forgotten;
mod forgotten_counts;
mod guessing;
mod hosts;
mod housekeeping;
mod importing;
mod introspection;
mod limits_page;
mod linking;
mod live_check;
mod metrics;
mod number_notices;
mod open_data;
mod openapi;
mod panics;
mod phone_budget;
mod platforms;
mod profile;
mod push;
mod races;
mod receipts;
mod recycled;
mod redis_forgets;
mod reference;
mod replicas;
mod resealing;
mod risk;
mod schema;
mod secrecy;
mod send_records;
mod sessions;
mod shared_store;
mod simulate;
mod sms;
mod sms_limits;
mod spend_guard;
mod starts;
mod statements;
mod stolen_tokens;
mod tokens;
mod tracing;
mod unlinking;
mod upstreams;
mod vendors;
mod watching;
mod webhooks;
mod wechat;
