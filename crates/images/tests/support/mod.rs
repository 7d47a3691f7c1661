//! Files made by hand: what no encoder writes.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]
#![allow(dead_code, reason = "each test uses its part")]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

pub(crate) fn gradient(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let part = |at: u32, of: u32| u8::try_from(at * 255 / of).unwrap();
        Rgb([part(x, width), part(y, height), 128])
    })
}

pub(crate) fn saved(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

pub(crate) fn png(picture: &DynamicImage) -> Vec<u8> {
    saved(picture, ImageFormat::Png)
}

/// A chunk of a PNG: its kind and its data.
pub(crate) struct Chunk<'a>(pub(crate) [u8; 4], pub(crate) &'a [u8]);

impl Chunk<'_> {
    fn written(&self) -> Vec<u8> {
        let length = u32::try_from(self.1.len()).unwrap();
        let named = [&self.0[..], self.1].concat();
        let sum = crc32(&named);
        [&length.to_be_bytes()[..], &named, &sum.to_be_bytes()].concat()
    }
}

/// ISO 3309, as PNG has it.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

/// Where the chunks behind the header begin.
const BEHIND_HEADER: usize = 8 + 25;

/// More chunks right behind the header.
pub(crate) fn png_with(file: &[u8], chunks: &[Chunk<'_>]) -> Vec<u8> {
    let more: Vec<u8> = chunks.iter().flat_map(Chunk::written).collect();
    [&file[..BEHIND_HEADER], &more, &file[BEHIND_HEADER..]].concat()
}

fn header(width: u32, height: u32, rest: &[u8]) -> Vec<u8> {
    let data = [&width.to_be_bytes()[..], &height.to_be_bytes(), rest].concat();
    Chunk(*b"IHDR", &data).written()
}

/// A PNG of eight bits a channel that says to be so large, with any data.
pub(crate) fn png_of_header(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let chunks = [Chunk(*b"IDAT", data), Chunk(*b"IEND", &[])];
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(header(width, height, &[8, 6, 0, 0, 0]));
    file.extend(chunks.iter().flat_map(Chunk::written));
    file
}

/// The same PNG with another size in its header.
pub(crate) fn with_png_header(file: &[u8], width: u32, height: u32) -> Vec<u8> {
    let kept = &file[8 + 16..8 + 21];
    [
        &file[..8],
        &header(width, height, kept),
        &file[BEHIND_HEADER..],
    ]
    .concat()
}

/// An animation of two pictures: the file's own, and a damaged one.
pub(crate) fn animated(file: &[u8]) -> Vec<u8> {
    let control = |number: u32| {
        let sizes = [number, 64, 64, 0, 0].map(u32::to_be_bytes).concat();
        [&sizes[..], &[0, 1, 0, 10, 0, 0]].concat()
    };
    let first = [
        Chunk(*b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]).written(),
        Chunk(*b"fcTL", &control(0)).written(),
    ];
    let second = [
        Chunk(*b"fcTL", &control(1)).written(),
        Chunk(*b"fdAT", &[0, 0, 0, 2, 1, 2, 3, 4]).written(),
    ];
    let end = file.len() - 12;
    [
        &file[..BEHIND_HEADER],
        &first.concat(),
        &file[BEHIND_HEADER..end],
        &second.concat(),
        &file[end..],
    ]
    .concat()
}

/// A WebP that says to be so large, with hardly any data.
pub(crate) fn webp_of_header(width: u32, height: u32) -> Vec<u8> {
    let three = |n: u32| (n - 1).to_le_bytes()[..3].to_vec();
    let extended = [vec![0; 4], three(width), three(height)].concat();
    let lossless = [
        &[0x2f][..],
        &((width - 1) | ((height - 1) << 14)).to_le_bytes(),
        &[0; 11],
    ];
    let chunk = |name: &[u8], data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap();
        [name, &length.to_le_bytes(), data].concat()
    };
    let body = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &extended),
        chunk(b"VP8L", &lossless.concat()),
    ];
    chunk(b"RIFF", &body.concat())
}

/// The same JPEG with another size in the head of its frame.
pub(crate) fn with_dimensions(file: &[u8], width: u16, height: u16) -> Vec<u8> {
    let frame = file
        .windows(2)
        .position(|at| matches!(at, [0xff, 0xc0 | 0xc2]));
    let at = frame.unwrap() + 5;
    let size = [height.to_be_bytes(), width.to_be_bytes()].concat();
    [&file[..at], &size, &file[at + 4..]].concat()
}

/// A JPEG with this in its first segment of an application.
pub(crate) fn jpeg_with(file: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap();
    [
        &file[..2],
        &[0xff, 0xe1],
        &length.to_be_bytes(),
        data,
        &file[2..],
    ]
    .concat()
}

/// Exif that says how the camera was held (JEITA CP-3451, tag 0x112).
pub(crate) fn exif(orientation: u16) -> Vec<u8> {
    let entry = [
        &0x0112u16.to_be_bytes()[..],
        &3u16.to_be_bytes(),
        &1u32.to_be_bytes(),
        &orientation.to_be_bytes(),
        &[0; 2],
    ];
    let head = b"Exif\0\0MM\0*\0\0\0\x08\0\x01";
    [&head[..], &entry.concat(), &[0; 4]].concat()
}
