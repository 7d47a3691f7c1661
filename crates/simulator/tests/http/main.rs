//! The simulator over real HTTP, by a clock that the tests move.

mod aliyun;
mod aliyun_vectors;
mod control;
mod faults;
mod offline;
mod wechat_login;
mod wechat_oauth;
mod wechat_phone;
mod wechat_tokens;
