//! Who signs in at the desk, and the sessions that come of it.

use menshen_domain::model::account::Account;
use menshen_domain::model::client::{Client, ClientType, Label};
use menshen_domain::model::identifiers::EventId;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::Session;
use menshen_domain::model::token::{AccessClaims, Scope};
use menshen_domain::services::authenticate::Authenticated;
use menshen_domain::services::login::LoginRequest;
use uuid::Uuid;

use crate::support::people::{app, origin};
use crate::support::{at, epoch, session_id};

pub(crate) fn client() -> Client {
    Client {
        kind: ClientType::MiniProgram,
        device_id: Label::parse("phone-1").ok(),
        device_name: None,
        version: None,
    }
}

pub(crate) fn login_request() -> LoginRequest {
    LoginRequest {
        client: client(),
        origin: origin(),
        restore: false,
        consent: None,
    }
}

/// A live session of the account, opened at the epoch.
pub(crate) fn session_of(account: &Account) -> Session {
    Session {
        id: session_id(0x5e55),
        user: account.id,
        client: client(),
        app_id: Some(app(0).id),
        address: origin().address,
        user_agent: None,
        created_at: epoch(),
        last_seen_at: epoch(),
        proven_at: epoch(),
        expires_at: at(180 * 86_400),
        ended: None,
        refresh: RefreshState::begin(epoch()),
        replay_noted: None,
    }
}

pub(crate) fn claims_of(session: &Session) -> AccessClaims {
    AccessClaims {
        user: session.user,
        session: session.id,
        id: EventId::from_uuid(Uuid::from_u128(9)),
        client_type: session.client_type(),
        scope: Scope::User,
        issued_at: epoch(),
        expires_at: at(3_600),
    }
}

/// The person of that account, signed in.
pub(crate) fn signed_in(account: &Account) -> Authenticated {
    let session = session_of(account);
    Authenticated {
        claims: claims_of(&session),
        session,
        account: account.clone(),
    }
}
