//! `GET /avatars/{name}`: a picture, for whoever knows its name.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    CROSS_ORIGIN_RESOURCE_POLICY, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use menshen_domain::model::avatar::AvatarName;

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::kinds;

/// A name stands for one picture for good. Any page may show it, and it is nothing but
/// a picture, whatever a browser makes of it.
const HEADERS: [(HeaderName, &str); 4] = [
    (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    (CONTENT_DISPOSITION, "inline"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    (CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"),
];

/// `GET /avatars/{name}`
pub(super) async fn serve(
    app: Data<App>,
    http: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let not_found = || ApiError::new(&kinds::NOT_FOUND);
    let name = AvatarName::parse(&name).ok_or_else(not_found)?;
    let unavailable = |source| ApiError::ours(&kinds::UNAVAILABLE, source);
    let tag = format!("\"{name}\"");
    if is_known(http.headers(), &tag) {
        let shown = app.avatars.show.is_shown(name).await;
        shown
            .map_err(unavailable)?
            .then_some(())
            .ok_or_else(not_found)?;
        return Ok(answer(&mut HttpResponse::NotModified(), &tag).finish());
    }
    let avatar = app.avatars.show.execute(name).await.map_err(unavailable)?;
    let avatar = avatar.ok_or_else(not_found)?;
    Ok(answer(&mut HttpResponse::Ok(), &tag)
        .insert_header((CONTENT_TYPE, avatar.format().media_type()))
        .body(avatar.into_bytes()))
}

fn answer<'a>(response: &'a mut HttpResponseBuilder, tag: &str) -> &'a mut HttpResponseBuilder {
    for (name, value) in HEADERS {
        response.insert_header((name, value));
    }
    response.insert_header((ETAG, tag))
}

/// Whether whoever asks has the picture (RFC 9110 section 13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers.get_all(IF_NONE_MATCH);
    let mut given = given.filter_map(|value| value.to_str().ok());
    given.any(|list| {
        let mut tags = list.split(',').map(str::trim);
        tags.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_tag_is_known_in_every_spelling() {
        for (given, known) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(given));
            assert_eq!(is_known(&headers, "\"a\""), known, "{given}");
        }
    }
}
