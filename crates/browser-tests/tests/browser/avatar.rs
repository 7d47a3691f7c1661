//! A face for the account.

use serde_json::Value;

use crate::support::{Page, playground};

/// Picks a picture that is drawn on the spot, as somebody picks a file.
const PICK: &str = "
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [300, 200];
    const brush = canvas.getContext('2d');
    brush.fillStyle = arguments[0];
    brush.fillRect(0, 0, 300, 200);
    return new Promise((done) => canvas.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], 'me.png', { type: 'image/png' }));
      const input = document.querySelector('[data-testid=\"avatar-file\"]');
      input.files = files.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
      done(true);
    }));
";

/// Whether the picture is there, in its size, and is not the one of this address.
const SHOWN: &str = "
    const image = document.querySelector('[data-testid=\"profile-avatar\"]');
    return Boolean(image && image.complete && image.naturalWidth === 256 && image.src !== arguments[0]);
";

async fn upload(page: &Page, colour: &str, before: &str) -> String {
    page.ask(PICK, vec![Value::from(colour)]).await;
    page.exchanged("POST", "/v1/me/avatar", 200).await;
    page.until("the picture", SHOWN, &[Value::from(before)])
        .await;
    page.attribute("profile-avatar", "src").await
}

#[tokio::test]
async fn a_picture_is_picked_shown_and_replaced() {
    let (_service, page) = playground().await;
    page.sign_in("alice").await;
    let first = upload(&page, "crimson", "").await;
    let second = upload(&page, "teal", &first).await;
    assert_ne!(first, second);
    page.finish(&[]).await;
}
