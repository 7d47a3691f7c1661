//! What is counted of pictures.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use menshen_domain::model::avatar::Avatar;
use menshen_domain::ports::image_reader::ImageReaderError;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Drawn,
    UnknownFormat,
    Broken,
    TooLarge,
    Busy,
    Failed,
}

impl Outcome {
    const ALL: [Self; 6] = [
        Self::Drawn,
        Self::UnknownFormat,
        Self::Broken,
        Self::TooLarge,
        Self::Busy,
        Self::Failed,
    ];

    pub(crate) fn of(read: &Result<Avatar, ImageReaderError>) -> Self {
        match read {
            Ok(_) => Self::Drawn,
            Err(ImageReaderError::UnknownFormat) => Self::UnknownFormat,
            Err(ImageReaderError::Broken) => Self::Broken,
            Err(ImageReaderError::TooLarge) => Self::TooLarge,
            Err(ImageReaderError::Busy { .. }) => Self::Busy,
            Err(ImageReaderError::Failed(_)) => Self::Failed,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Drawn => "drawn",
            Self::UnknownFormat => "unknown_format",
            Self::Broken => "broken",
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    outcome: &'static str,
}

/// Counts the pictures that are read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ImageMetrics {
    read: Family<Labels, Counter<u64, AtomicU64>>,
    seconds: Histogram,
}

impl Default for ImageMetrics {
    fn default() -> Self {
        let read: Family<Labels, Counter<u64, AtomicU64>> = Family::default();
        for outcome in Outcome::ALL {
            let outcome = outcome.as_str();
            drop(read.get_or_create(&Labels { outcome }));
        }
        Self {
            read,
            seconds: Histogram::new([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]),
        }
    }
}

impl ImageMetrics {
    /// Names what is counted.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "avatar_images",
            "Files that were to become avatars, by what became of them",
            self.read.clone(),
        );
        registry.register(
            "avatar_image_seconds",
            "Time to read a file and to draw it anew, without the wait for a turn",
            self.seconds.clone(),
        );
    }

    pub(crate) fn ended(&self, outcome: Outcome) {
        let outcome = outcome.as_str();
        self.read.get_or_create(&Labels { outcome }).inc();
    }

    pub(crate) fn took(&self, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
    }
}
