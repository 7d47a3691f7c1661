//! Replicas as processes, behind a real nginx, over a real PostgreSQL and Redis: what
//! holds while they are killed, replaced, migrated and in each other's way.

mod clocks;
mod first_logins;
mod front;
mod killed;
mod life;
mod migrations;
mod rolling;
mod signing_out;
mod stage;
