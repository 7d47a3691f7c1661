//! The linking rules: every shape of account that evidence can touch, against a
//! second reading of the rules, and what must hold whatever the shape.

#[path = "../support/mod.rs"]
mod support;

mod cases;
mod lives;
mod reference_binding;
mod reference_login;
mod table_of_bindings;
mod table_of_logins;
