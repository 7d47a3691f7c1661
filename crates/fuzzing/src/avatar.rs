//! A file that is to become an avatar; or, behind the line `form`, the body of an upload
//! whose parts stand between `X`.

use menshen_app::fuzzing::file_of_form;
use menshen_domain::model::avatar::Avatar;
use menshen_domain::ports::image_reader::ImageReaderError;
use menshen_images::draw;

use crate::input;

/// Longer bodies are not read by the service either.
const LONGEST: usize = 1024 * 1024;

/// What is drawn is a picture of ours, of which the same picture is drawn; what is not
/// is the file's fault. A form gives a file that stands in it.
pub(crate) fn run(data: &[u8]) {
    let (file, body) = match input::line(data) {
        Some(("form", body)) => (file_of_form(body, "X"), Some(body)),
        _ => (Some(data.to_vec()), None),
    };
    let Some(file) = file else {
        return;
    };
    assert!(!file.is_empty() || body.is_none(), "an empty file is none");
    if let Some(body) = body {
        assert!(
            body.windows(file.len()).any(|part| part == file),
            "a file that is not in its form"
        );
    }
    if file.len() > LONGEST {
        return;
    }
    match draw(&file) {
        Ok(avatar) => {
            let kept = Avatar::of(avatar.bytes().to_vec());
            assert!(
                kept.as_ref() == Some(&avatar),
                "a picture that no store takes"
            );
            let again = draw(avatar.bytes());
            assert!(
                again.is_ok(),
                "a picture of ours that is not read: {again:?}"
            );
        }
        Err(
            ImageReaderError::UnknownFormat | ImageReaderError::Broken | ImageReaderError::TooLarge,
        ) => {}
        Err(error @ (ImageReaderError::Busy { .. } | ImageReaderError::Failed(_))) => {
            panic!("not the file's fault: {error:?}");
        }
    }
}
