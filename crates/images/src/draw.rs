//! From a file to an avatar.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{
    DynamicImage, GenericImageView as _, ImageDecoder, ImageError, ImageFormat, ImageReader,
    ImageResult, Limits, RgbaImage,
};
use menshen_domain::model::avatar::{Avatar, SIDE};
use menshen_domain::ports::image_reader::ImageReaderError;

use crate::{format, jpeg};

/// The longest side of a picture that is read, in points.
pub const MAX_SIDE: u32 = 4096;
/// The most points of a picture that is read: those of a telephone's camera, twelve
/// millions, and some more.
pub const MAX_PIXELS: u64 = 16 * 1024 * 1024;
/// What the points of a picture may take in memory, in bytes: four for each point, so
/// pictures of 16 bits a channel are read up to half as many.
const MAX_BYTES: u64 = 4 * MAX_PIXELS;
/// What a decoder may hold, its answer included.
const MAX_ALLOC: u64 = 2 * MAX_BYTES;
/// Of 100: no difference is seen at this size.
const JPEG_QUALITY: u8 = 85;

/// Reads a file, and draws its middle square anew.
///
/// Runs on the processor for up to a second or so; see
/// [`BoundedImageReader`](crate::BoundedImageReader).
///
/// # Errors
///
/// Of [`ImageReaderError`] those that the file is to blame for, and
/// [`ImageReaderError::Failed`] if an avatar cannot be written.
pub fn draw(file: &[u8]) -> Result<Avatar, ImageReaderError> {
    let format = format::of(file).ok_or(ImageReaderError::UnknownFormat)?;
    if format == ImageFormat::Jpeg && !jpeg::has_its_end(file) {
        return Err(ImageReaderError::Broken);
    }
    let mut decoder = decoder(file, format).map_err(|error| broken(&error))?;
    check_size(&decoder)?;
    // A camera that was held upright says so beside the points. What it says wrongly is
    // no reason to refuse a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| broken(&error))?;
    let square = square(&picture);
    drop(picture);
    let mut square = DynamicImage::from(square);
    // Of a square this comes to the same as before, and costs less.
    square.apply_orientation(orientation);
    let file = write(&square.into_rgba8());
    let file = file.map_err(|error| ImageReaderError::Failed(error.into()))?;
    Avatar::of(file).ok_or_else(|| ImageReaderError::Failed("an avatar is too long".into()))
}

fn decoder(file: &[u8], format: ImageFormat) -> ImageResult<impl ImageDecoder + '_> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    reader.into_decoder()
}

/// Before any point is read.
fn check_size(decoder: &impl ImageDecoder) -> Result<(), ImageReaderError> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let longest = width.max(height);
    if longest > MAX_SIDE || pixels > MAX_PIXELS || decoder.total_bytes() > MAX_BYTES {
        return Err(ImageReaderError::TooLarge);
    }
    if pixels == 0 {
        return Err(ImageReaderError::Broken);
    }
    Ok(())
}

/// The decoder's words may quote the file: they are for nobody.
fn broken(error: &ImageError) -> ImageReaderError {
    match error {
        ImageError::Limits(_) => ImageReaderError::TooLarge,
        _ => ImageReaderError::Broken,
    }
}

/// The middle square in the size of an avatar. The picture is looked at where it is: a
/// copy of its square would take its memory again.
fn square(picture: &DynamicImage) -> RgbaImage {
    let (width, height) = picture.dimensions();
    let side = width.min(height);
    let view = picture.view((width - side) / 2, (height - side) / 2, side, side);
    let mut square = if side > SIDE {
        imageops::thumbnail(&*view, SIDE, SIDE)
    } else {
        imageops::resize(&*view, SIDE, SIDE, FilterType::Triangle)
    };
    // What nobody sees is nobody's.
    for point in square.pixels_mut().filter(|point| point.0[3] == 0) {
        point.0 = [0; 4];
    }
    square
}

/// JPEG, or PNG where something can be seen through: a tenth of the bytes for faces,
/// and no white box around a drawing.
fn write(square: &RgbaImage) -> ImageResult<Vec<u8>> {
    let mut file = Vec::new();
    if square.pixels().all(|point| point.0[3] == u8::MAX) {
        let opaque = DynamicImage::from(square.clone()).into_rgb8();
        JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY).encode_image(&opaque)?;
    } else {
        square.write_with_encoder(PngEncoder::new(&mut file))?;
    }
    Ok(file)
}
