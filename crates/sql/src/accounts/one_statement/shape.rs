//! Which changes one statement can carry out.

use menshen_domain::model::account::{Account, Identity};
use menshen_domain::model::changes::{Changes, Expected, Step};
use menshen_domain::model::evidence::PhoneProof;
use menshen_domain::model::identifiers::IdentityId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::Session;
use menshen_domain::model::verification::CodeId;
use menshen_domain::model::wechat::{AppId, OpenId, Platform, Provider, SessionKey, UnionId};

/// Changes that are one statement.
#[derive(Debug)]
pub(super) enum Shape<'a> {
    First(First<'a>),
    Returning(Returning<'a>),
}

/// The session that a login opens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened<'a> {
    pub(super) session: &'a Session,
    pub(super) max_live: u32,
    pub(super) code: Option<CodeId>,
}

/// The account is made, with all that it holds.
#[derive(Debug)]
pub(super) struct First<'a> {
    pub(super) account: &'a Account,
    pub(super) consent_version: Option<&'a str>,
    pub(super) phone: Option<(&'a PhoneNumber, PhoneProof)>,
    pub(super) identities: Vec<(&'a Identity, Option<&'a SessionKey>)>,
    pub(super) union_ids: Vec<(IdentityId, &'a Platform, &'a UnionId)>,
    pub(super) opened: Opened<'a>,
}

/// The account stays as it is, but for the time of its last login.
#[derive(Debug)]
pub(super) struct Returning<'a> {
    pub(super) expected: &'a Expected,
    pub(super) key: Option<NewKey<'a>>,
    pub(super) opened: Opened<'a>,
}

/// The newest key of the person's open data.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewKey<'a> {
    pub(super) provider: Provider,
    pub(super) app_id: &'a AppId,
    pub(super) openid: &'a OpenId,
    pub(super) key: &'a SessionKey,
}

impl<'a> Shape<'a> {
    pub(super) fn of(changes: &'a Changes) -> Option<Self> {
        if changes.caller.is_some() {
            return None;
        }
        match changes.expected.as_slice() {
            [] => First::of(&changes.steps).map(Self::First),
            [expected] => Returning::of(expected, &changes.steps).map(Self::Returning),
            _ => None,
        }
    }
}

impl<'a> Opened<'a> {
    fn of(step: &'a Step) -> Option<Self> {
        let Step::OpenSession {
            session,
            max_live,
            code,
        } = step
        else {
            return None;
        };
        let begins = RefreshState::begin(session.refresh.current_issued_at);
        let new = session.ended.is_none()
            && session.replay_noted.is_none()
            && session.refresh == begins
            && begins.current == 0;
        new.then_some(Self {
            session,
            max_live: *max_live,
            code: *code,
        })
    }
}

impl<'a> Returning<'a> {
    fn of(expected: &'a Expected, steps: &'a [Step]) -> Option<Self> {
        let (key, open) = match steps {
            [open] => (None, open),
            [
                Step::StoreSessionKey {
                    provider,
                    app_id,
                    openid,
                    key,
                },
                open,
            ] => {
                let key = NewKey {
                    provider: *provider,
                    app_id,
                    openid,
                    key,
                };
                (Some(key), open)
            }
            _ => return None,
        };
        let opened = Opened::of(open)?;
        let only_a_login = !expected.changed
            && expected.signed_in_at.is_some()
            && opened.session.user == expected.user;
        only_a_login.then_some(Self {
            expected,
            key,
            opened,
        })
    }
}

impl<'a> First<'a> {
    fn of(steps: &'a [Step]) -> Option<Self> {
        let [
            Step::CreateUser {
                account,
                consent_version,
            },
            held @ ..,
            open,
        ] = steps
        else {
            return None;
        };
        let opened = Opened::of(open)?;
        if opened.session.user != account.id {
            return None;
        }
        let mut first = Self {
            account,
            consent_version: consent_version.as_deref(),
            phone: None,
            identities: Vec::new(),
            union_ids: Vec::new(),
            opened,
        };
        for step in held {
            first.take(step)?;
        }
        Some(first)
    }

    /// Takes in what the account is to hold.
    fn take(&mut self, step: &'a Step) -> Option<()> {
        let us = self.account.id;
        match step {
            Step::SetPhone { user, phone, proof } if *user == us && self.phone.is_none() => {
                self.phone = Some((phone, *proof));
            }
            Step::LinkIdentity {
                user,
                identity,
                session_key,
            } if *user == us => self.identities.push((identity, session_key.as_ref())),
            Step::LinkUnionId {
                user,
                id,
                platform,
                union_id,
            } if *user == us => self.union_ids.push((*id, platform, union_id)),
            _ => return None,
        }
        Some(())
    }
}
