//! What `menshen admin` takes.

use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand, ValueEnum};

/// What to do for an operator.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Make an admin key, and print it with the hash that `admin.keys` takes.
    #[command(after_help = "Example: menshen admin hash-key")]
    HashKey,
    /// What needs the database.
    #[command(flatten)]
    Work(Work),
}

/// In which form to print.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// The `data` that the same request over HTTP answers.
    Json,
}

/// What needs the database.
#[derive(Debug, Subcommand)]
pub enum Work {
    /// Find an account by id, phone number, openid or unionid.
    #[command(after_help = "Example: menshen admin find --phone 13800138000")]
    Find {
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        form: Form,
    },
    /// Show an account whole.
    #[command(after_help = "Example: menshen admin show 0198c0de-7c1a-7000-8000-4f2a9b1c3d5e")]
    Show {
        /// The account's id.
        user: String,
        #[command(flatten)]
        form: Form,
    },
    /// Disable an account: its sessions end, and nobody signs in to it.
    #[command(
        after_help = "Example: menshen admin disable 0198c0de-7c1a-7000-8000-4f2a9b1c3d5e --reason 'fraud, ticket 4711'"
    )]
    Disable(Change),
    /// Enable a disabled account.
    #[command(
        after_help = "Example: menshen admin enable 0198c0de-7c1a-7000-8000-4f2a9b1c3d5e --reason 'appeal, ticket 4711'"
    )]
    Enable(Change),
    /// End the live sessions of an account, or one of them.
    #[command(
        after_help = "Example: menshen admin end-sessions 0198c0de-7c1a-7000-8000-4f2a9b1c3d5e"
    )]
    EndSessions {
        /// The account's id.
        user: String,
        /// Only this session.
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// End the live sessions of everybody.
    #[command(
        after_help = "Example: menshen admin end-all-sessions --everybody --reason 'key in a log, ticket 4711'"
    )]
    EndAllSessions {
        /// That it is meant.
        #[arg(long, required = true)]
        everybody: bool,
        /// Why, for the audit log; it names nobody.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        form: Form,
    },
    /// Take the phone number away from an account; its sessions end.
    #[command(
        after_help = "Example: menshen admin detach-phone 0198c0de-7c1a-7000-8000-4f2a9b1c3d5e --reason 'reissued number'"
    )]
    DetachPhone {
        #[command(flatten)]
        change: Change,
        /// Even if it is the last way in: nobody can sign in to the account then.
        #[arg(long)]
        even_the_last: bool,
    },
    /// Move all of one account into another.
    #[command(
        after_help = "Example: menshen admin merge --from 0198c0de-7c1a-7000-8000-4f2a9b1c3d5e --into 0198c0de-7c1a-7000-8000-5a2a9b1c3d5f --reason 'one person'"
    )]
    Merge {
        /// The account that becomes an alias; it has no phone number.
        #[arg(long, value_name = "ID")]
        from: String,
        /// The account that survives.
        #[arg(long, value_name = "ID")]
        into: String,
        /// Why, for the audit log; it names nobody.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        form: Form,
    },
    /// Read the audit log, newest first.
    #[command(after_help = "Example: menshen admin audit --action login.refused --limit 20")]
    Audit {
        /// About this account.
        #[arg(long, value_name = "ID")]
        user: Option<String>,
        /// Of this action.
        #[arg(long)]
        action: Option<String>,
        /// By the operator of this name.
        #[arg(long)]
        actor: Option<String>,
        /// From this address (IPv6: from its /64); with `--user` or `--from`.
        #[arg(long)]
        address: Option<IpAddr>,
        /// Not before, RFC 3339.
        #[arg(long)]
        from: Option<DateTime<Utc>>,
        /// Before, RFC 3339.
        #[arg(long)]
        to: Option<DateTime<Utc>>,
        #[command(flatten)]
        part: Part,
        #[command(flatten)]
        form: Form,
    },
    /// Show the messages to a number, newest first.
    #[command(after_help = "Example: menshen admin sends 13800138000")]
    Sends {
        /// The number.
        phone: String,
        #[command(flatten)]
        part: Part,
        #[command(flatten)]
        form: Form,
    },
    /// Show the counters of a day.
    #[command(after_help = "Example: menshen admin counters --offset +08:00")]
    Counters {
        /// `YYYY-MM-DD`; today if left out.
        #[arg(long)]
        date: Option<NaiveDate>,
        /// How far clocks are ahead of UTC where the day is.
        #[arg(long, default_value = "+00:00", allow_hyphen_values = true)]
        offset: String,
        #[command(flatten)]
        form: Form,
    },
    /// Look after test numbers: a fixed code and no message, until their end.
    #[command(after_help = "Example: menshen admin test-numbers list")]
    TestNumbers {
        #[command(subcommand)]
        action: TestNumbers,
    },
}

/// What to do with test numbers.
#[derive(Debug, Subcommand)]
pub enum TestNumbers {
    /// List those that operators made and that work.
    #[command(after_help = "Example: menshen admin test-numbers list")]
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Make one.
    #[command(
        after_help = "Example: menshen admin test-numbers add 13800138000 --code 246810 --until 2026-01-31T00:00:00Z"
    )]
    Add {
        /// The number.
        phone: String,
        /// Its code: six digits.
        #[arg(long)]
        code: String,
        /// When it stops working, RFC 3339; at most 90 days ahead.
        #[arg(long)]
        until: DateTime<Utc>,
        /// What it is for.
        #[arg(long)]
        note: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// Take one back.
    #[command(
        after_help = "Example: menshen admin test-numbers remove 0198c0de-7c1a-7000-8000-4f2a9b1c3d5e"
    )]
    Remove {
        /// Its id.
        id: String,
        #[command(flatten)]
        form: Form,
    },
}

/// A change of one account.
#[derive(Debug, Args)]
pub struct Change {
    /// The account's id.
    pub user: String,
    /// Why, for the audit log: one line of at most 200 characters, which names nobody.
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub form: Form,
}

/// By what an account is found: one of them.
#[derive(Debug, Args)]
pub struct By {
    /// Its id.
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// The phone number that it holds.
    #[arg(long)]
    pub phone: Option<String>,
    /// An openid, with `--app-id`.
    #[arg(long)]
    pub openid: Option<String>,
    /// The application of the openid.
    #[arg(long)]
    pub app_id: Option<String>,
    /// A unionid, with `--platform` where there are several.
    #[arg(long)]
    pub union_id: Option<String>,
    /// The platform of the unionid.
    #[arg(long)]
    pub platform: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Args)]
pub struct Part {
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
    /// `next_cursor` of the part before.
    #[arg(long)]
    pub cursor: Option<String>,
}

/// How to print.
#[derive(Debug, Clone, Copy, Args)]
pub struct Form {
    /// In which form to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
