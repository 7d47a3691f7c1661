//! What reading the worst of pictures takes. By itself in its process, which the system
//! is asked about.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::fs;
use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, ImageFormat};
use menshen_images::draw;

/// A figure of `/proc/self/status`, in bytes.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.unwrap().split_whitespace().next().unwrap();
    kilobytes.parse::<u64>().unwrap() * 1024
}

/// `docs/avatars.md` tells it.
const BOUND: u64 = 192 * 1024 * 1024;

#[test]
fn no_picture_takes_more_memory_than_the_bound() {
    let largest = [
        (
            DynamicImage::ImageRgb8(ImageBuffer::new(4096, 4096)),
            ImageFormat::Jpeg,
        ),
        (
            DynamicImage::ImageRgba8(ImageBuffer::new(4096, 4096)),
            ImageFormat::Png,
        ),
        (
            DynamicImage::ImageRgba16(ImageBuffer::new(4096, 2048)),
            ImageFormat::Png,
        ),
        (
            DynamicImage::ImageRgba8(ImageBuffer::new(4096, 4096)),
            ImageFormat::WebP,
        ),
    ];
    for (picture, format) in largest {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).unwrap();
        let (name, file) = (picture.color(), file.into_inner());
        drop(picture);
        // The most that it ever took begins anew from here.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = status("VmRSS:");
        assert!(draw(&file).is_ok(), "{format:?} {name:?}");
        let took = status("VmHWM:").saturating_sub(before);
        println!("{format:?} {name:?}: {} MiB", took / 1024 / 1024);
        assert!(took < BOUND, "{format:?} {name:?}: {took}");
    }
}
