//! Pictures: uploaded, drawn anew, shown to whoever knows their address, and gone.

use std::io::Cursor;
use std::time::Duration;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::{Answer, Call, Login, Service};

pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A picture of one colour.
fn picture(format: ImageFormat, colour: [u8; 3]) -> Vec<u8> {
    let picture = DynamicImage::from(RgbImage::from_pixel(320, 200, Rgb(colour)));
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).expect("a picture");
    file.into_inner()
}

pub(crate) fn red() -> Vec<u8> {
    picture(ImageFormat::Png, [255, 0, 0])
}

pub(crate) const KIND: &str = "multipart/form-data; boundary=WxBoundary";

/// A form with one file, as `wx.uploadFile` sends it, with its `formData`.
pub(crate) fn form(file: &[u8]) -> Vec<u8> {
    let head = "--WxBoundary\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nalice\r\n\
                --WxBoundary\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"tmp.jpg\"\r\n\
                Content-Type: application/octet-stream\r\n\r\n";
    [head.as_bytes(), file, b"\r\n--WxBoundary--\r\n"].concat()
}

fn post(service: &Service, login: &Login, body: Vec<u8>) -> Call {
    let call = service.post("/v1/me/avatar").bearer(login.access());
    call.header("content-type", KIND).body(body)
}

pub(crate) async fn upload(service: &Service, login: &Login, file: &[u8]) -> Answer {
    post(service, login, form(file)).send().await
}

/// The path of the picture that an account shows.
fn path(user: &Value, service: &Service) -> String {
    let url = user["avatar_url"].as_str().expect("a picture");
    let path = url.strip_prefix(&service.url());
    path.unwrap_or_else(|| panic!("{url} leads elsewhere"))
        .to_owned()
}

/// Uploads one, and answers its path.
pub(crate) async fn uploaded(service: &Service, login: &Login, file: &[u8]) -> String {
    path(&upload(service, login, file).await.ok(), service)
}

pub(crate) async fn is_there(service: &Service, path: &str) -> bool {
    match service.get(path).raw().await.status().as_u16() {
        200 => true,
        404 => false,
        other => panic!("{path} answers {other}"),
    }
}

/// Rows of both tables.
pub(crate) async fn kept(service: &Service) -> (i64, i64) {
    (
        service.count("avatars").await,
        service.count("avatar_files").await,
    )
}

#[tokio::test]
async fn a_picture_of_each_format_is_drawn_anew_and_shown_to_everybody() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    for (format, colour) in [
        (ImageFormat::Png, [255, 0, 0]),
        (ImageFormat::Jpeg, [0, 255, 0]),
        (ImageFormat::WebP, [0, 0, 255]),
    ] {
        let user = upload(&service, &login, &picture(format, colour))
            .await
            .ok();
        assert_eq!(service.me(login.access()).await.ok(), user);
        let answer = service.get(&path(&user, &service)).raw().await;
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("content-type"), "image/jpeg");
        assert_eq!(
            header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(
            header("content-security-policy"),
            "default-src 'none'; sandbox"
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-disposition"), "inline");
        assert_eq!(header("cross-origin-resource-policy"), "cross-origin");
        let file = answer.bytes().await.expect("a file");
        let shown = image::load_from_memory(&file)
            .expect("a picture")
            .into_rgb8();
        assert_eq!(shown.dimensions(), (256, 256));
        let apart = shown.get_pixel(128, 128).0.iter().zip(colour);
        assert!(apart.into_iter().all(|(a, b)| a.abs_diff(b) < 8));
    }
}

#[tokio::test]
async fn who_has_a_picture_is_not_sent_it_again() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let path = uploaded(&service, &login, &red()).await;
    let whole = service.get(&path).raw().await;
    let tag = whole.headers()["etag"].to_str().expect("text").to_owned();
    let length = whole.headers()["content-length"].clone();
    let known = |path: &str| service.get(path).header("if-none-match", &tag);
    let answer = known(&path).raw().await;
    assert_eq!(answer.status(), 304);
    assert_eq!(answer.headers()["etag"].to_str().ok(), Some(&*tag));
    assert!(answer.bytes().await.expect("no body").is_empty());
    let head = service.call(Method::HEAD, &path).raw().await;
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-length"]),
        (200, &length)
    );
    uploaded(&service, &login, &red()).await;
    assert_eq!(
        known(&path).raw().await.status(),
        404,
        "it is shown no more"
    );
}

#[tokio::test]
async fn what_was_never_there_is_not_found() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let path = uploaded(&service, &login, &red()).await;
    let name = path.rsplit('/').next().expect("a name");
    assert!(
        name.len() == 32 && path == format!("/avatars/{name}"),
        "{path}"
    );
    for other in [
        "0".repeat(32),
        name.to_uppercase()
            .replace(|c: char| c.is_ascii_digit(), "A"),
        name[..31].to_owned(),
        format!("{name}.jpg"),
        "..%2fetc%2fpasswd".to_owned(),
        "%00".to_owned(),
    ] {
        let answer = service.get(&format!("/avatars/{other}")).send().await;
        answer.fails(404, "not_found");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let answer = service.post(&path).send().await;
    answer.fails(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn the_one_before_goes_in_every_way() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let first = uploaded(&service, &login, &red()).await;
    let second = uploaded(&service, &login, &red()).await;
    assert_ne!(first, second, "a name stands for one picture");
    assert!(!is_there(&service, &first).await && is_there(&service, &second).await);
    assert_eq!(kept(&service).await, (1, 1), "nothing is left of it");
    let edit = async |edit: Value| {
        let call = service.patch("/v1/me").bearer(login.access());
        call.json(edit).send().await.ok()
    };
    edit(json!({ "nickname": "小明" })).await;
    assert!(is_there(&service, &second).await, "another edit leaves it");
    edit(json!({ "avatar_url": "https://cdn.example/a.png" })).await;
    assert!(!is_there(&service, &second).await);
    let third = uploaded(&service, &login, &red()).await;
    edit(json!({ "avatar_url": null })).await;
    assert!(!is_there(&service, &third).await);
    assert_eq!(kept(&service).await.1, 0);
}

#[tokio::test]
async fn an_account_that_copies_an_address_neither_owns_nor_removes_the_picture() {
    let public = ("avatars.public_url", "https://cdn.example/x");
    let service = Service::with(&[public]).await;
    let [owner, thief] = [service.one_tap("alice").await, service.one_tap("bob").await];
    let user = upload(&service, &owner, &red()).await.ok();
    let url = user["avatar_url"].as_str().expect("an address");
    let path = url.strip_prefix(public.1).expect("below the base");
    for copied in [json!(url), json!(null)] {
        let call = service.patch("/v1/me").bearer(thief.access());
        call.json(json!({ "avatar_url": copied })).send().await.ok();
        assert!(is_there(&service, path).await);
    }
}

#[tokio::test]
async fn what_is_no_picture_is_told_apart() {
    let service = Service::with(&[("accounts.avatars_per_user_hour", "0")]).await;
    let login = service.one_tap("alice").await;
    let png = red();
    for wrong in [
        &b"GIF89a not read here"[..],
        b"<html><script>alert(1)</script>",
        b"x",
    ] {
        let answer = upload(&service, &login, wrong).await;
        answer.fails(415, "unsupported_media_type");
    }
    for tenth in 1..10 {
        let answer = upload(&service, &login, &png[..png.len() * tenth / 10]).await;
        if answer.status == 415 {
            assert!(png.len() * tenth / 10 < 8);
        } else {
            answer.fails(400, "invalid_request");
            answer.blames("file", "invalid_value");
        }
    }
    let answer = upload(&service, &login, b"").await;
    answer.fails(400, "invalid_request");
    answer.blames("file", "required");
    let bomb = [
        &png[..16],
        &50_000u32.to_be_bytes(),
        &50_000u32.to_be_bytes(),
        &png[24..],
    ];
    let answer = upload(&service, &login, &bomb.concat()).await;
    assert!(matches!(answer.status, 400 | 413), "{answer:?}");
    assert_eq!(kept(&service).await, (0, 0));
    assert_eq!(
        service.me(login.access()).await.ok()["avatar_url"],
        Value::Null
    );
}

#[tokio::test]
async fn a_form_has_one_file_of_at_most_a_megabyte() {
    let service = Service::with(&[("accounts.avatars_per_user_hour", "0")]).await;
    let login = service.one_tap("alice").await;
    let png = red();
    // Whatever follows the picture is passed over, and counts as its length.
    let padded = |length: usize| [&png[..], &vec![0; length - png.len()]].concat();
    upload(&service, &login, &padded(1024 * 1024)).await.ok();
    let answer = upload(&service, &login, &padded(1024 * 1024 + 1)).await;
    answer.fails(413, "payload_too_large");
    let answer = upload(&service, &login, &padded(2 * 1024 * 1024)).await;
    answer.fails(413, "payload_too_large");

    let one = form(&png);
    let two = [&one[..one.len() - b"--WxBoundary--\r\n".len()], &one].concat();
    let answer = post(&service, &login, two).send().await;
    answer.fails(400, "invalid_request");
    answer.blames("file", "duplicate_field");
    let answer = post(&service, &login, one[..one.len() - 20].to_vec())
        .send()
        .await;
    answer.fails(400, "invalid_request");
    let none = b"--WxBoundary--\r\n".to_vec();
    let answer = post(&service, &login, none).send().await;
    answer.fails(400, "invalid_request");
    answer.blames("file", "required");

    for kind in [
        "application/json",
        "multipart/form-data",
        "multipart/mixed; boundary=a",
        "image/png",
    ] {
        let call = service.post("/v1/me/avatar").bearer(login.access());
        let answer = call
            .header("content-type", kind)
            .body(one.clone())
            .send()
            .await;
        answer.fails(415, "unsupported_media_type");
    }
    let call = service.post("/v1/me/avatar").header("content-type", KIND);
    call.body(one).send().await.fails(401, "token_missing");
}

#[tokio::test]
async fn a_person_uploads_so_many_an_hour() {
    let service = Service::with(&[("accounts.avatars_per_user_hour", "2")]).await;
    let [alice, bob] = [service.one_tap("alice").await, service.one_tap("bob").await];
    upload(&service, &alice, &red()).await.ok();
    // What is no picture has cost as much.
    upload(&service, &alice, b"x")
        .await
        .fails(415, "unsupported_media_type");
    let answer = upload(&service, &alice, &red()).await;
    answer.fails(429, "rate_limited");
    upload(&service, &bob, &red()).await.ok();
}

#[tokio::test]
async fn whoever_owes_a_number_may_have_a_face() {
    let service = Service::with(&[("accounts.require_phone", "always")]).await;
    let login = service.one_tap("alice").await;
    assert_eq!(login.0["phone_required"], true);
    uploaded(&service, &login, &red()).await;
}

#[tokio::test]
async fn an_erased_account_leaves_no_picture() {
    let service = Service::with(&[("accounts.cancel_after", "0s")]).await;
    let login = service.one_tap("alice").await;
    let path = uploaded(&service, &login, &red()).await;
    service
        .delete("/v1/me")
        .bearer(login.access())
        .send()
        .await
        .ok();
    assert!(!is_there(&service, &path).await);
    assert_eq!(kept(&service).await.1, 0);
}

#[tokio::test]
async fn of_two_accounts_that_become_one_one_picture_survives() {
    let service = Service::start().await;
    for (phone, survivor_has_one) in [("+8613900000001", true), ("+8613900000002", false)] {
        let person = if survivor_has_one { "alice" } else { "bob" };
        let texted = service.sms_login(phone).await;
        let mut own = None;
        if survivor_has_one {
            own = Some(uploaded(&service, &texted, &red()).await);
        }
        let tapped = service.one_tap(person).await;
        let theirs = uploaded(&service, &tapped, &red()).await;
        let merged = service.link(&texted, person).await.ok();
        assert_eq!(merged["merged"], true);
        let shown = path(&merged["user"], &service);
        assert!(is_there(&service, &shown).await);
        match own {
            Some(own) => {
                assert_eq!(shown, own);
                assert!(!is_there(&service, &theirs).await);
            }
            None => assert_eq!(shown, theirs),
        }
    }
    assert_eq!(service.count("avatar_files").await, 2);
}

#[tokio::test]
async fn of_many_uploads_at_once_the_last_is_shown_and_nothing_else_is_kept() {
    let service = Service::with(&[("accounts.avatars_per_user_hour", "0")]).await;
    let login = service.one_tap("alice").await;
    for _ in 0..4 {
        let mut uploads = JoinSet::new();
        for _ in 0..6 {
            uploads.spawn(post(&service, &login, form(&red())).send());
        }
        let answers = uploads.join_all().await;
        let taken = answers.iter().filter(|answer| answer.status == 200).count();
        assert!(taken >= 1, "{answers:?}");
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.fails(429, "rate_limited");
        }
        let shown = path(&service.me(login.access()).await.ok(), &service);
        assert!(is_there(&service, &shown).await);
        assert_eq!(service.count("avatar_files").await, 1);
    }
}

/// A client that goes away in the middle holds no place, and leaves nothing.
#[tokio::test]
async fn an_upload_that_is_cut_off_is_over() {
    let service = Service::start().await;
    let login = service.one_tap("alice").await;
    let body = form(&red());
    for _ in 0..4 {
        let mut line = TcpStream::connect(service.address)
            .await
            .expect("a connection");
        let head = format!(
            "POST /v1/me/avatar HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
             content-type: {KIND}\r\ncontent-length: {}\r\n\r\n",
            login.access(),
            body.len(),
        );
        line.write_all(head.as_bytes()).await.expect("a head");
        line.write_all(&body[..body.len() / 2])
            .await
            .expect("a part");
        line.shutdown().await.expect("an end");
    }
    let uploads = async {
        loop {
            let answer = upload(&service, &login, &red()).await;
            if answer.status == 200 {
                return;
            }
            answer.fails(429, "rate_limited");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, uploads)
        .await
        .expect("a place");
    assert_eq!(kept(&service).await, (1, 1));
}

/// As a process leaves it that is killed between the file and the account.
#[tokio::test]
async fn housekeeping_finds_what_was_given_up_half_way() {
    let eager = [("retention.interval", "100ms"), ("retention.pause", "0s")];
    let service = Service::with(&eager).await;
    let login = service.one_tap("alice").await;
    let shown = uploaded(&service, &login, &red()).await;
    let user = login.user().replace('-', "");
    for (name, announced) in [
        ("aa", "2026-01-01T00:00:00+00:00"),
        ("bb", "2999-01-01T00:00:00+00:00"),
    ] {
        let name = name.repeat(16);
        // The other way around a sweep could come in between, and leave the file.
        let file = format!("INSERT INTO avatar_files (name, bytes) VALUES (x'{name}', x'ffd8ff')");
        service.sql(&file).await;
        let row = format!(
            "INSERT INTO avatars (name, user_id, announced_at) VALUES (x'{name}', x'{user}', '{announced}')"
        );
        service.sql(&row).await;
    }
    let swept = async {
        while kept(&service).await != (2, 2) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, swept)
        .await
        .expect("a sweep");
    assert!(is_there(&service, &shown).await);
    assert_eq!(
        service
            .count("avatars WHERE name = x'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'")
            .await,
        1
    );
    let metrics = service
        .get("/metrics")
        .raw()
        .await
        .text()
        .await
        .expect("a text");
    assert!(
        metrics.contains(r#"menshen_housekeeping_rows_total{kind="avatars"} 1"#),
        "{metrics}"
    );
    assert!(
        metrics.contains(r#"menshen_avatar_images_total{outcome="drawn"} 1"#),
        "{metrics}"
    );
}
