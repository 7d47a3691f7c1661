//! Files that people send, and files that nobody should.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod support;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use menshen_domain::model::avatar::{Avatar, AvatarFormat, SIDE};
use menshen_domain::ports::image_reader::ImageReaderError;
use menshen_images::draw;
use support::{
    Chunk, exif, gradient, jpeg_with, png, png_of_header, png_with, saved, webp_of_header,
    with_dimensions,
};

fn points(avatar: &Avatar) -> RgbaImage {
    image::load_from_memory(avatar.bytes())
        .unwrap()
        .into_rgba8()
}

fn outcome(file: &[u8]) -> &'static str {
    match draw(file) {
        Ok(_) => "drawn",
        Err(ImageReaderError::UnknownFormat) => "unknown",
        Err(ImageReaderError::Broken) => "broken",
        Err(ImageReaderError::TooLarge) => "too large",
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn each_format_becomes_a_square_of_the_same_looks() {
    let picture = DynamicImage::from(gradient(640, 480));
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let avatar = draw(&saved(&picture, format)).unwrap();
        assert_eq!(avatar.format(), AvatarFormat::Jpeg, "{format:?}");
        let points = points(&avatar);
        assert_eq!(points.dimensions(), (SIDE, SIDE));
        // The middle square begins 80 points from the left.
        for (x, y) in [(0, 0), (128, 128), (255, 255)] {
            let there = gradient(640, 480);
            let from = there.get_pixel(80 + x * 479 / 255, y * 479 / 255).0;
            let drawn = points.get_pixel(x, y).0;
            let apart = (0..3).map(|c| from[c].abs_diff(drawn[c])).max().unwrap();
            assert!(
                apart <= 8,
                "{format:?} at {x},{y}: {from:?} became {drawn:?}"
            );
        }
    }
}

#[test]
fn what_can_be_seen_through_stays_so_and_hides_nothing() {
    let mut picture = RgbaImage::from_pixel(300, 300, Rgba([9, 99, 199, 0]));
    for (x, _, point) in picture.enumerate_pixels_mut() {
        if x >= 150 {
            *point = Rgba([200, 100, 50, 255]);
        }
    }
    let avatar = draw(&saved(&picture.into(), ImageFormat::Png)).unwrap();
    assert_eq!(avatar.format(), AvatarFormat::Png);
    let points = points(&avatar);
    assert_eq!(points.get_pixel(0, 0).0, [0; 4]);
    assert_eq!(points.get_pixel(255, 255).0, [200, 100, 50, 255]);
    assert!(avatar.bytes().len() < 4096);
}

#[test]
fn noise_is_the_longest_and_not_too_long() {
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let picture = RgbaImage::from_fn(SIDE, SIDE, |_, _| {
        Rgba([noise(), noise(), noise(), noise() | 1])
    });
    let avatar = draw(&saved(&picture.into(), ImageFormat::Png)).unwrap();
    assert_eq!(avatar.format(), AvatarFormat::Png);
    assert!(avatar.bytes().len() > 200_000, "{}", avatar.bytes().len());
}

#[test]
fn every_kind_of_points_is_read() {
    let picture = DynamicImage::from(gradient(90, 90));
    for picture in [
        picture.to_luma8().into(),
        picture.to_luma_alpha8().into(),
        picture.to_luma16().into(),
        picture.to_rgb16().into(),
        DynamicImage::from(picture.to_rgba16()),
    ] {
        assert_eq!(
            outcome(&saved(&picture, ImageFormat::Png)),
            "drawn",
            "{:?}",
            picture.color()
        );
    }
    let smallest = RgbImage::from_pixel(1, 1, Rgb([1, 2, 3]));
    assert_eq!(outcome(&saved(&smallest.into(), ImageFormat::Png)), "drawn");
    let narrow = RgbImage::from_pixel(1, 4096, Rgb([1, 2, 3]));
    assert_eq!(outcome(&saved(&narrow.into(), ImageFormat::Jpeg)), "drawn");
}

/// A picture that is red above and blue below, taken by a camera that lay on its side.
#[test]
fn a_camera_that_was_turned_is_believed() {
    let mut picture = RgbImage::from_pixel(200, 200, Rgb([0, 0, 255]));
    for (_, y, point) in picture.enumerate_pixels_mut() {
        if y < 100 {
            *point = Rgb([255, 0, 0]);
        }
    }
    let file = saved(&picture.into(), ImageFormat::Jpeg);
    for (orientation, red) in [
        (1, (128, 10)),
        (3, (128, 245)),
        (6, (245, 128)),
        (8, (10, 128)),
    ] {
        let turned = jpeg_with(&file, &exif(orientation));
        let points = points(&draw(&turned).unwrap());
        let [r, _, b, _] = points.get_pixel(red.0, red.1).0;
        assert!(r > 200 && b < 60, "orientation {orientation}: {r} {b}");
    }
    // A camera that talks nonsense is not.
    for orientation in [0, 9, 0xffff] {
        assert_eq!(outcome(&jpeg_with(&file, &exif(orientation))), "drawn");
    }
}

/// The place where it was taken, words, a page of HTML, a colour profile.
#[test]
fn nothing_but_the_points_is_left() {
    const SECRET: &[u8] = b"51 deg 30' 26.46\" N <script>alert(1)</script>";
    let holds = |file: &[u8]| file.windows(SECRET.len()).any(|part| part == SECRET);
    let text = [b"Comment\0".as_slice(), SECRET].concat();
    let picture = DynamicImage::from(gradient(300, 300));
    let jpeg = saved(&picture, ImageFormat::Jpeg);
    let pages = [
        png_with(
            &png(&picture),
            &[Chunk(*b"tEXt", &text), Chunk(*b"eXIf", SECRET)],
        ),
        jpeg_with(&jpeg, &[&exif(1)[..], SECRET].concat()),
        // Behind the end, as whoever hides an archive does it.
        [&jpeg[..], SECRET].concat(),
        [&png(&picture)[..], SECRET].concat(),
    ];
    for (n, page) in pages.iter().enumerate() {
        assert!(holds(page), "{n}");
        let avatar = draw(page).unwrap();
        assert!(!holds(avatar.bytes()), "{n}");
        let plain = draw(if page.starts_with(&[0xff]) {
            &jpeg
        } else {
            page
        })
        .unwrap();
        assert!(avatar == plain, "{n}: the same points, and nothing else");
        assert!(
            !avatar.bytes().windows(4).any(|part| part == b"Exif"),
            "{n}"
        );
    }
}

#[test]
fn of_several_pictures_the_first_is_drawn() {
    let first = DynamicImage::from(RgbImage::from_pixel(64, 64, Rgb([255, 0, 0])));
    let avatar = draw(&support::animated(&png(&first))).unwrap();
    let [r, g, _, _] = points(&avatar).get_pixel(9, 9).0;
    assert!(r > 250 && g < 5);
}

#[test]
fn other_formats_are_refused_whatever_they_call_themselves() {
    for file in [
        &b""[..],
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"BM\x46\0\0\0",
        b"II*\0\x08\0\0\0",
        b"%PDF-1.7",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0\0\0 ftypavif",
        b"\x89PNG",
    ] {
        assert_eq!(outcome(file), "unknown", "{file:?}");
    }
}

#[test]
fn a_file_that_was_cut_anywhere_is_broken() {
    let picture = DynamicImage::from(gradient(200, 120));
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let file = saved(&picture, format);
        for tenth in 1..10 {
            let cut = &file[..file.len() * tenth / 10];
            assert_eq!(outcome(cut), "broken", "{format:?} cut at {tenth} tenths");
        }
    }
}

#[test]
fn a_bomb_is_refused_before_it_is_opened() {
    // Fifty thousand points squared, in fifty kilobytes of data.
    let bomb = png_of_header(50_000, 50_000, &vec![0; 50_000]);
    assert_eq!(outcome(&bomb), "too large");
    // One point more than a side may have, and a picture of long sides.
    for (width, height) in [(4097, 1), (1, 4097), (4096, 4097), (u32::MAX, u32::MAX)] {
        let told = outcome(&png_of_header(width, height, &[0; 100]));
        assert!(
            told == "too large" || told == "broken",
            "{width}x{height}: {told}"
        );
    }
    assert_eq!(outcome(&webp_of_header(16_383, 16_383)), "too large");
    let file = saved(&gradient(64, 64).into(), ImageFormat::Jpeg);
    assert_eq!(
        outcome(&with_dimensions(&file, 65_535, 65_535)),
        "too large"
    );
    // Sixteen bits a channel take twice the memory.
    let deep = DynamicImage::ImageRgba16(image::ImageBuffer::new(4096, 2100));
    assert_eq!(outcome(&saved(&deep, ImageFormat::Png)), "too large");
}

/// It says little and holds much: what is beyond the points is not unpacked.
#[test]
fn data_beyond_the_points_is_not_read() {
    let much = png(&DynamicImage::from(RgbImage::new(4000, 4000)));
    assert!(much.len() < 400_000, "{}", much.len());
    let liar = support::with_png_header(&much, 10, 10);
    assert!(matches!(outcome(&liar), "drawn" | "broken"));
    assert_eq!(outcome(&much), "drawn");
}
