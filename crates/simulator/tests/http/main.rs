//! The simulator over real HTTP, by a clock that the tests move.

mod aliyun;
mod aliyun_vectors;
mod arbitrary;
mod control;
mod faults;
mod huawei;
mod offline;
mod open_data;
mod receipts;
mod receiver;
mod settings;
mod signing;
mod tencent;
mod twilio;
mod volcengine;
mod wechat_consoles;
mod wechat_grants;
mod wechat_login;
mod wechat_oauth;
mod wechat_operations;
mod wechat_phone;
mod wechat_provenance;
mod wechat_push;
mod wechat_risk;
mod wechat_session;
mod wechat_tokens;
