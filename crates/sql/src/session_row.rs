//! Sessions out of rows, and back.

use menshen_domain::model::client::{Client, ClientType, Label};
use menshen_domain::model::identifiers::{SessionId, UserId};
use menshen_domain::model::refresh::RefreshState;
use menshen_domain::model::session::{EndReason, Session};
use menshen_domain::model::verification::CodeId;
use menshen_domain::model::wechat::AppId;
use sea_orm::Set;

use crate::entity::session::{ActiveModel, Model};
use crate::failure::StorageFault;
use crate::moment::micros;

pub(crate) fn to_row(session: &Session, code: Option<CodeId>) -> ActiveModel {
    let Session {
        client, refresh, ..
    } = session;
    let (ended_at, end_reason) = session.ended.unzip();
    ActiveModel {
        id: Set(session.id.as_uuid()),
        user_id: Set(session.user.as_uuid()),
        client_type: Set(client.kind.as_str().to_owned()),
        device_id: Set(words(client.device_id.as_ref())),
        device_name: Set(words(client.device_name.as_ref())),
        client_version: Set(words(client.version.as_ref())),
        app_id: Set(session
            .app_id
            .as_ref()
            .map(|app_id| app_id.as_str().to_owned())),
        address: Set(session.address.to_string()),
        user_agent: Set(words(session.user_agent.as_ref())),
        created_at: Set(micros(session.created_at)),
        last_seen_at: Set(micros(session.last_seen_at)),
        proven_at: Set(micros(session.proven_at)),
        expires_at: Set(micros(session.expires_at)),
        ended_at: Set(ended_at.map(micros)),
        end_reason: Set(end_reason.map(|reason| reason.as_str().to_owned())),
        generation: Set(refresh.current.into()),
        previous_generation: Set(refresh.previous.map(Into::into)),
        current_issued_at: Set(micros(refresh.current_issued_at)),
        previous_exchanged_at: Set(refresh.previous_exchanged_at.map(micros)),
        replay_noted: Set(session.replay_noted.map(Into::into)),
        code_id: Set(code.map(|CodeId(id)| id.to_vec())),
    }
}

pub(crate) fn from_row(row: Model) -> Result<Session, StorageFault> {
    let reason = |text: String| {
        EndReason::parse(&text).ok_or_else(|| StorageFault::unreadable("reason of an end"))
    };
    let app_id = row.app_id.as_deref().map(AppId::parse).transpose();
    Ok(Session {
        id: SessionId::from_uuid(row.id),
        user: UserId::from_uuid(row.user_id),
        client: Client {
            kind: ClientType::parse(&row.client_type)
                .ok_or_else(|| StorageFault::unreadable("client type"))?,
            device_id: label(row.device_id.as_deref())?,
            device_name: label(row.device_name.as_deref())?,
            version: label(row.client_version.as_deref())?,
        },
        app_id: app_id.map_err(|_| StorageFault::unreadable("app id"))?,
        address: row
            .address
            .parse()
            .map_err(|_| StorageFault::unreadable("address"))?,
        user_agent: label(row.user_agent.as_deref())?,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        proven_at: row.proven_at,
        expires_at: row.expires_at,
        ended: row.ended_at.zip(row.end_reason.map(reason).transpose()?),
        refresh: RefreshState {
            current: generation(row.generation)?,
            previous: row.previous_generation.map(generation).transpose()?,
            current_issued_at: row.current_issued_at,
            previous_exchanged_at: row.previous_exchanged_at,
        },
        replay_noted: row.replay_noted.map(generation).transpose()?,
    })
}

fn words<const MAX: usize>(label: Option<&Label<MAX>>) -> Option<String> {
    label.map(|label| label.as_str().to_owned())
}

fn label<const MAX: usize>(text: Option<&str>) -> Result<Option<Label<MAX>>, StorageFault> {
    text.map(Label::parse)
        .transpose()
        .map_err(|_| StorageFault::unreadable("label"))
}

fn generation(number: i64) -> Result<u32, StorageFault> {
    u32::try_from(number).map_err(|_| StorageFault::unreadable("generation"))
}
