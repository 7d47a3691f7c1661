//! What `menshen import` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use menshen_domain::model::region::Region;
use menshen_domain::model::wechat::{AppId, Platform};

/// What to import, and how.
#[derive(Debug, Args)]
pub struct Options {
    /// The file; `-` is standard input.
    pub file: PathBuf,
    /// How it is written; by default as its name ends.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// The product that exported it, as JSON; by default it has the columns of the guide
    /// (docs/guides/moving.md).
    #[arg(long, value_enum)]
    pub from: Option<Product>,
    /// Read, check and decide; write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Write a line for each person to this file, which must not exist: what became of
    /// them, with the id of their account beside their old one.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Where numbers without a country code are from.
    #[arg(long, value_name = "REGION", default_value = "CN", value_parser = region)]
    pub default_region: Region,
    /// The application of openids that name none.
    #[arg(long, value_name = "APP_ID", value_parser = app_id)]
    pub app_id: Option<AppId>,
    /// The application of the openids that uni-id keeps as `mp`, `app`, `h5` or `web`;
    /// `h5=` leaves such openids out. May be repeated.
    #[arg(long = "app", value_name = "NAME=APP_ID", value_parser = named_app)]
    pub apps: Vec<NamedApp>,
    /// The platform of unionids that come without an application.
    #[arg(long, value_name = "NAME", value_parser = platform)]
    pub platform: Option<Platform>,
    /// What Casdoor keeps as `wechat`: the unionid where WeChat gave one, else the openid.
    #[arg(long, value_enum, value_name = "KIND")]
    pub wechat_id: Option<WeChatIdKind>,
    /// Pass over columns that are not known.
    #[arg(long)]
    pub ignore_unknown: bool,
    /// Stop after so many people who could not be imported; 0 goes on to the end.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub max_errors: u64,
    /// Tell webhooks nothing of it.
    #[arg(long)]
    pub quiet_events: bool,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values with a head.
    Csv,
    /// An array of objects, or an object with one as `data` or `users`.
    Json,
    /// An object a line.
    Jsonl,
}

/// A product whose export is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Product {
    /// Casdoor: the answer of `GET /api/get-users`.
    Casdoor,
    /// uni-id: the collection `uni-id-users`.
    UniId,
    /// Supabase: the answer of `GET /auth/v1/admin/users`.
    Supabase,
}

/// What an id of WeChat's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WeChatIdKind {
    /// The person as all applications of a platform know them.
    Unionid,
    /// The person as one application knows them.
    Openid,
}

/// The application that a product means by a name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedApp {
    /// The product's name.
    pub name: String,
    /// The application; none leaves its openids out.
    pub app: Option<AppId>,
}

fn region(text: &str) -> Result<Region, String> {
    Region::parse(text).ok_or_else(|| "write two capital letters, such as CN".to_owned())
}

fn app_id(text: &str) -> Result<AppId, String> {
    AppId::parse(text).map_err(|error| error.to_string())
}

fn platform(text: &str) -> Result<Platform, String> {
    Platform::parse(text).map_err(|error| error.to_string())
}

fn named_app(text: &str) -> Result<NamedApp, String> {
    let (name, app) = text.split_once('=').ok_or("write mp=wx0123456789abcdef")?;
    let app = if app.is_empty() {
        None
    } else {
        Some(app_id(app)?)
    };
    Ok(NamedApp {
        name: name.to_owned(),
        app,
    })
}
