//! The playground, the console and the documentation in Chromium, against the real service.
//!
//! They need `chromium` and `chromedriver` (Debian's packages `chromium` and
//! `chromium-driver`); where these are missing, the tests fail and say so.

mod accounts;
mod avatar;
mod captcha;
mod console;
mod devices;
mod docs;
mod failover;
mod looks;
mod refusals;
mod staying;
mod support;
mod ways_in;
