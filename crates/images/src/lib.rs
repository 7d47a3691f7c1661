//! Reads the pictures that people send, within bounds, and draws them anew.
//!
//! A file of a megabyte may stand for a picture of a terabyte, hold a page of HTML in
//! a comment and the place of somebody's home in its metadata. So: which format it is,
//! its first bytes say and nothing else ([`format`]); how large the picture is, is read
//! before any of its points ([`draw`]); so many are read at a time and no more
//! ([`BoundedImageReader`]); and what leaves here is written from points alone.

mod draw;
mod format;
mod jpeg;
mod metrics;
mod reader;

pub use draw::{MAX_PIXELS, MAX_SIDE, draw};
pub use metrics::ImageMetrics;
pub use reader::BoundedImageReader;
