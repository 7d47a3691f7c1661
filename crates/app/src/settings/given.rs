//! A setting before it is read.

/// A value as it was given.
#[derive(Debug, Clone)]
pub enum Given {
    /// In the file.
    Toml(toml::Value),
    /// In the environment: scalars as they are, lists and tables as TOML.
    Text(String),
}
