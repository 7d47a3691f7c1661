//! The pages of Menshen in a real browser, against the real service: see
//! `tests/browser`.
