//! `POST /v1/me/avatar`: one picture, as the file of a form.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::avatar::AvatarBase;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::services::authenticate::AuthenticateError;
use menshen_domain::services::avatars::{SetAvatar, ShowAvatar};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::account_json::UserJson;
use crate::http::avatar_part::{MAX_FILE, the_file};
use crate::http::bearer::bearer;
use crate::http::body::collect;
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::kinds;

const SAVED: (&str, &str) = ("已保存", "Saved");

/// The longest body: the file, and what frames it.
const MAX_UPLOAD: usize = MAX_FILE + 16 * 1024;
/// Bodies that are received or read at a time; each takes its length in memory.
const AT_A_TIME: usize = 64;
/// Of one person: the second is of a telephone that has given the first up.
const OF_A_PERSON: usize = 2;
/// When those who find no place may come again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// What the handlers of pictures work with.
pub struct Avatars {
    /// Takes them.
    pub set: Arc<SetAvatar>,
    /// Shows them.
    pub show: Arc<ShowAvatar>,
    /// From where people load them; nothing if none are taken.
    pub base: Option<AvatarBase>,
    /// Whose uploads are under way.
    pub uploads: Uploads,
    /// How long a body may take to arrive.
    pub patience: Duration,
}

/// The form of an upload.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what is read part by part")]
pub struct AvatarForm {
    /// A PNG, JPEG or WebP of at most 1 MiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The uploads under way, by whose they are.
#[derive(Debug, Default, Clone)]
pub struct Uploads(Arc<Mutex<Vec<UserId>>>);

impl Uploads {
    /// A place for one more, until it is dropped.
    fn begin(&self, user: UserId) -> Result<Upload, ApiError> {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.iter().filter(|one| **one == user).count() >= OF_A_PERSON {
            return Err(ApiError::after(&kinds::RATE_LIMITED, RETRY_AFTER));
        }
        if under_way.len() >= AT_A_TIME {
            return Err(ApiError {
                source: Some("too many uploads are under way".into()),
                ..ApiError::after(&kinds::UNAVAILABLE, RETRY_AFTER)
            });
        }
        under_way.push(user);
        Ok(Upload(self.clone(), user))
    }
}

/// One upload under way.
struct Upload(Uploads, UserId);

impl Drop for Upload {
    fn drop(&mut self) {
        let mut under_way = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = under_way.iter().position(|one| *one == self.1) {
            under_way.swap_remove(place);
        }
    }
}

/// `POST /v1/me/avatar`
pub(super) async fn upload(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let caller = app.authenticate.in_person(bearer(&http)?).await?;
    let base = app.avatars.base.clone();
    let base = base.ok_or_else(|| ApiError::new(&kinds::NOT_FOUND))?;
    let boundary = boundary(http.headers())?;
    let user = caller.account.id;
    let place = app.avatars.uploads.begin(user)?;
    // Only now: nobody else fills our memory with bodies of this size.
    let patience = app.avatars.patience;
    let body = collect(&http, payload.into_inner(), MAX_UPLOAD, patience);
    let file = the_file(cut_off(body.await)?, boundary).await?;
    let (set, origin) = (app.avatars.set.clone(), context.origin.clone());
    let account = detached(async move {
        let _place = place;
        set.execute(&caller, file, &base, &origin).await
    });
    match account.await {
        Ok(account) => context.ok(SAVED, &UserJson::from(&account)),
        Err(error) if error.kind.code == kinds::SESSION_REVOKED.code => {
            Err(why_it_ended(&app, &http, error).await)
        }
        Err(error) => Err(error),
    }
}

/// Whose session ended while they sent a picture is told why, as at any other request.
async fn why_it_ended(app: &App, http: &HttpRequest, ended: ApiError) -> ApiError {
    let Ok(token) = bearer(http) else {
        return ended;
    };
    match app.authenticate.in_person(token).await {
        Err(error @ AuthenticateError::SessionRevoked(_)) => error.into(),
        _ => ended,
    }
}

/// A body that breaks off is no JSON either.
fn cut_off(body: Result<Bytes, ApiError>) -> Result<Bytes, ApiError> {
    body.map_err(|error| match error.kind.code {
        "malformed_json" => ApiError::new(&kinds::INVALID_REQUEST),
        _ => error,
    })
}

/// What stands between the parts.
fn boundary(headers: &HeaderMap) -> Result<String, ApiError> {
    let expected = || ApiError::new(&kinds::FILE_EXPECTED);
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(expected());
    }
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > MAX_UPLOAD) {
        return Err(ApiError::new(&kinds::PAYLOAD_TOO_LARGE));
    }
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(media_type.ok_or_else(expected)?);
    boundary.map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_person_has_two_uploads_under_way_and_everybody_together_so_many() {
        let uploads = Uploads::default();
        let first = uploads.begin(user(0)).unwrap();
        let _second = uploads.begin(user(0)).unwrap();
        let third = uploads.begin(user(0)).err().unwrap();
        assert_eq!(third.kind.code, "rate_limited");
        drop(first);
        let _again = uploads.begin(user(0)).unwrap();
        let others: Vec<_> = (1..=62).map(|n| uploads.begin(user(n)).unwrap()).collect();
        let one_more = uploads.begin(user(63)).err().unwrap();
        assert_eq!(one_more.kind.code, "unavailable");
        assert!(one_more.details.retry_after.is_some());
        drop(others);
        assert!(uploads.begin(user(63)).is_ok());
    }
}
