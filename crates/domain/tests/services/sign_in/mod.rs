mod coming_back;
mod committing;
mod first_login;
mod refusing;

use menshen_domain::model::account::Account;
use menshen_domain::model::evidence::{Evidence, WeChatIdentity};
use menshen_domain::model::linking::Snapshot;
use menshen_domain::model::verification::CodeId;
use menshen_domain::model::wechat::SessionKey;
use menshen_domain::services::login::{LoginError, LoginRequest, SignedIn};
use menshen_domain::services::sign_in::Via;

use crate::desk::{Desk, login_request};
use crate::support::people::{Holding, account, app, by_sms, identity, openid, platform, union_id};
use crate::support::phone;

fn via() -> Via {
    Via {
        method: "sms",
        app_id: Some(app(0).id),
        code: Some(CodeId([3; 16])),
    }
}

fn alice() -> WeChatIdentity {
    WeChatIdentity {
        session_key: SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").ok(),
        ..identity(&app(0), openid(0), Some(union_id(0)))
    }
}

fn both() -> Evidence {
    Evidence::Both(by_sms(&phone(1)), alice())
}

async fn run(desk: Desk, evidence: Evidence) -> Result<SignedIn, LoginError> {
    run_with(desk, evidence, login_request()).await
}

async fn run_with(
    desk: Desk,
    evidence: Evidence,
    request: LoginRequest,
) -> Result<SignedIn, LoginError> {
    desk.open()
        .sign_in()
        .execute(&evidence, &request, &via())
        .await
}

/// An account that holds all of the evidence.
fn complete() -> Account {
    account(1)
        .with_phone(&phone(1))
        .with_openid(&app(0), openid(0))
        .with_union_id(platform(0), union_id(0))
}

fn found(by_phone: Option<&Account>, by_openid: Option<&Account>) -> Snapshot {
    Snapshot {
        by_phone: by_phone.cloned(),
        by_openid: by_openid.cloned(),
        ..Snapshot::default()
    }
}

fn everywhere(one: &Account) -> Snapshot {
    Snapshot {
        by_union_id: Some(one.clone()),
        ..found(Some(one), Some(one))
    }
}
