//! The one file of a form.

use std::convert::Infallible;

use actix_web::web::Bytes;
use futures_util::stream;
use multer::{Field, Multipart};

use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};

/// The longest file, in bytes.
pub(super) const MAX_FILE: usize = 1024 * 1024;

/// Parts that a form may have: clients add some of their own.
const MAX_PARTS: usize = 32;

/// The member that faults are told of; what the part is called does not count.
const FILE: &str = "file";

/// Takes the only file out of a form; parts that are no files are passed over, as
/// clients send along whatever `formData` they are given.
///
/// # Errors
///
/// `invalid_request` if there is no file, or several, or the form is cut off or no
/// form; 413 if the file is too long.
pub(crate) async fn the_file(body: Bytes, boundary: String) -> Result<Vec<u8>, ApiError> {
    let body = stream::once(async move { Ok::<_, Infallible>(body) });
    let mut form = Multipart::new(body, boundary);
    let mut file: Option<Bytes> = None;
    let mut parts = 0;
    while let Some(part) = form.next_field().await.map_err(unreadable)? {
        parts += 1;
        if parts > MAX_PARTS {
            return Err(ApiError::new(&kinds::INVALID_REQUEST));
        }
        if !is_file(&part) {
            continue;
        }
        if file.is_some() {
            return Err(ApiError::field(FILE, Fault::Duplicate));
        }
        file = Some(part.bytes().await.map_err(unreadable)?);
    }
    let file = file.filter(|file| !file.is_empty());
    let file = file.ok_or_else(|| ApiError::field(FILE, Fault::Required))?;
    if file.len() > MAX_FILE {
        return Err(ApiError::new(&kinds::PAYLOAD_TOO_LARGE));
    }
    Ok(file.into())
}

/// A part with the name of a file, or of the media type of one.
fn is_file(part: &Field<'_>) -> bool {
    let declared = part.content_type();
    part.file_name().is_some() || declared.is_some_and(|kind| kind.type_() == "image")
}

/// The parser's words may quote the form: they are for nobody.
fn unreadable(_: multer::Error) -> ApiError {
    ApiError::field(FILE, Fault::Value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: &str = "Content-Disposition: form-data; name=\"avatar\"; filename=\"a.png\"\r\n\
                           Content-Type: image/png\r\n\r\n";

    async fn read(body: &str) -> Result<Vec<u8>, ApiError> {
        the_file(Bytes::from(body.to_owned()), "X".to_owned()).await
    }

    async fn refused(body: &str) -> (&'static str, Option<Fault>) {
        let error = read(body).await.unwrap_err();
        (
            error.kind.code,
            error.details.fields.first().map(|one| one.1),
        )
    }

    #[tokio::test]
    async fn the_file_is_taken_whatever_it_is_called_and_comes_with() {
        let text = "Content-Disposition: form-data; name=\"user\"\r\n\r\nalice";
        let body = format!("--X\r\n{text}\r\n--X\r\n{PICTURE}bytes\r\n--X\r\n{text}\r\n--X--\r\n");
        assert_eq!(read(&body).await.unwrap(), b"bytes");
        let nameless =
            "Content-Disposition: form-data; name=\"f\"\r\nContent-Type: image/webp\r\n\r\n";
        let body = format!("--X\r\n{nameless}bytes\r\n--X--");
        assert_eq!(read(&body).await.unwrap(), b"bytes");
    }

    #[tokio::test]
    async fn none_two_and_empty_files_are_told_apart() {
        let one = format!("--X\r\n{PICTURE}bytes\r\n");
        assert_eq!(
            refused("--X--").await,
            ("invalid_request", Some(Fault::Required))
        );
        let empty = format!("--X\r\n{PICTURE}\r\n--X--");
        assert_eq!(
            refused(&empty).await,
            ("invalid_request", Some(Fault::Required))
        );
        let two = format!("{one}{one}--X--");
        assert_eq!(
            refused(&two).await,
            ("invalid_request", Some(Fault::Duplicate))
        );
        let long = format!("--X\r\n{PICTURE}{}\r\n--X--", "a".repeat(MAX_FILE + 1));
        assert_eq!(refused(&long).await, ("payload_too_large", None));
        let longest = format!("--X\r\n{PICTURE}{}\r\n--X--", "a".repeat(MAX_FILE));
        assert_eq!(read(&longest).await.unwrap().len(), MAX_FILE);
        let many = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n".repeat(33);
        assert_eq!(
            refused(&format!("{many}{one}--X--")).await,
            ("invalid_request", None)
        );
    }

    #[tokio::test]
    async fn what_is_cut_or_has_another_boundary_is_no_form() {
        let whole = format!("--X\r\n{PICTURE}bytes\r\n--X--");
        for end in 0..whole.len() - 1 {
            assert!(read(&whole[..end]).await.is_err(), "cut at {end}");
        }
        let other = whole.replace("--X", "--Y");
        assert_eq!(refused(&other).await.0, "invalid_request");
    }
}
