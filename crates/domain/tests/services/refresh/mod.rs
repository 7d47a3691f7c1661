//! Refreshing a session: the table of tokens, as the use case carries it out.

mod limits_and_faults;
mod racing;
mod refusing;
mod rotating;

use menshen_domain::model::account::Account;
use menshen_domain::model::audit::AuditAction;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::refresh_token::{RefreshClaims, RefreshToken, verify_refresh_token};
use menshen_domain::model::session::Session;
use menshen_domain::ports::session_store::{Rotation, SessionWithAccount};
use menshen_domain::services::refresh::{RefreshError, Refreshed};

use crate::desk::{Desk, session_of};
use crate::support::people::{Holding, account, origin};
use crate::support::{at, epoch, mac, phone};

const DAY: i64 = 86_400;

fn me() -> Account {
    account(1).with_phone(&phone(1))
}

/// Token 4 was exchanged for token 5 at the epoch.
fn session() -> Session {
    Session {
        refresh: RefreshState {
            current: 5,
            previous: Some(4),
            current_issued_at: epoch(),
            previous_exchanged_at: Some(epoch()),
        },
        ..session_of(&me())
    }
}

fn token(generation: u32) -> String {
    let claims = RefreshClaims {
        session: session().id,
        generation,
    };
    RefreshToken::compute(&*mac(), claims).expose().to_owned()
}

async fn run(desk: Desk, generation: u32) -> Result<Refreshed, RefreshError> {
    desk.open()
        .refresh()
        .execute(&token(generation), &origin())
        .await
}

fn desk_at(seconds: i64) -> Desk {
    Desk {
        now: at(seconds),
        ..Desk::default()
    }
}

fn finding(desk: &mut Desk, session: Session, account: Account) {
    desk.sessions.expect_find().once().returning(move |id| {
        assert_eq!(id, session.id);
        Ok(Some(SessionWithAccount {
            session: session.clone(),
            account: account.clone(),
        }))
    });
}

/// The session is moved from where it was to this generation.
fn rotating(desk: &mut Desk, to: u32, previous: u32, audited: Option<AuditAction>) {
    desk.sessions
        .expect_rotate()
        .withf(move |id, from, next, _, row| {
            *id == session().id
                && *from == session().refresh
                && (next.current, next.previous) == (to, Some(previous))
                && row.as_ref().map(|row| row.action) == audited
        })
        .once()
        .returning(|_, _, _, _, _| Ok(Rotation::Done));
}

fn generation(done: &Refreshed) -> u32 {
    verify_refresh_token(&*mac(), done.tokens.refresh_token.expose())
        .expect("it is ours")
        .generation
}
