//! Message push: what `WeChat` tells a server by itself.
//!
//! Source: `WeChat` mini-program guide, "message push"; events of withdrawn
//! authorisations: `authorized_user_information_changes`.

mod cipher;
mod delivery;
mod event;

pub(crate) use cipher::EncodingKey;
pub(crate) use delivery::{Forgery, Mode, Subscription, Variation, url_check};
pub(crate) use event::{Event, EventKind, Format};
