//! What became of each row: counted, told on standard error as far as somebody has to
//! act, and written to a file whole. No value of a row goes into it but the old id.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use menshen_domain::model::identifiers::UserId;
use menshen_domain::services::import_accounts::{Imported, UNMADE};

use crate::wiring::StartError;

/// How many rows that failed are told one by one; the file has them all.
const SHOWN: u64 = 20;
/// How often it is told how far the import is.
const PACE: Duration = Duration::from_secs(5);

/// What became of a row.
#[derive(Debug)]
pub(super) enum Fate {
    Imported(Imported),
    /// It can be nobody's.
    Invalid(Vec<String>),
    /// Nobody who could sign in here, and why.
    Skipped(&'static str),
}

/// A row, and the id that the other system had.
#[derive(Debug, Clone)]
pub(super) struct RowName {
    pub(super) at: u64,
    pub(super) old_id: Option<String>,
}

/// Counts, tells and writes down.
pub(super) struct Report {
    /// Where the file is to be made.
    path: Option<PathBuf>,
    file: Option<csv::Writer<BufWriter<File>>>,
    created: u64,
    completed: u64,
    unchanged: u64,
    skipped: u64,
    pub(super) failed: u64,
    begun: Instant,
    told: Instant,
    dry_run: bool,
}

impl Report {
    /// Begins to count; a file that is there is left alone.
    pub(super) fn begin(path: Option<&Path>, dry_run: bool) -> Result<Self, StartError> {
        if let Some(path) = path.filter(|path| path.exists()) {
            return Err(format!("--report {}: the file is there already", path.display()).into());
        }
        let now = Instant::now();
        Ok(Self {
            path: path.map(Path::to_owned),
            file: None,
            created: 0,
            completed: 0,
            unchanged: 0,
            skipped: 0,
            failed: 0,
            begun: now,
            told: now,
            dry_run,
        })
    }

    /// Makes the file, for the eyes of its owner only, once there is a row: what cannot
    /// be read at all leaves none behind.
    pub(super) fn open(&mut self) -> Result<(), StartError> {
        let Some(path) = self.path.take() else {
            return Ok(());
        };
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(&path);
        let made = made.map_err(|error| format!("--report {}: {error}", path.display()))?;
        let mut file = csv::Writer::from_writer(BufWriter::new(made));
        file.write_record(["row", "external_id", "outcome", "user_id", "reason"])?;
        self.file = Some(file);
        Ok(())
    }

    /// A row is done with.
    pub(super) fn note(&mut self, row: &RowName, fate: &Fate) -> Result<(), StartError> {
        let (count, outcome, user, reason) = match fate {
            Fate::Imported(Imported::Created(user)) => {
                (&mut self.created, "created", Some(*user), String::new())
            }
            Fate::Imported(Imported::Completed(user)) => {
                (&mut self.completed, "completed", Some(*user), String::new())
            }
            Fate::Imported(Imported::Unchanged(user)) => {
                (&mut self.unchanged, "unchanged", Some(*user), String::new())
            }
            Fate::Imported(Imported::Left(reason, users)) => {
                let words = [reason.as_str().to_owned()];
                let users = users.iter().filter(|user| **user != UNMADE);
                let words = words.into_iter().chain(users.map(UserId::to_string));
                let words: Vec<String> = words.collect();
                (&mut self.failed, "left", None, words.join(" "))
            }
            Fate::Invalid(problems) => (&mut self.failed, "invalid", None, problems.join("; ")),
            Fate::Skipped(reason) => (&mut self.skipped, "skipped", None, (*reason).to_owned()),
        };
        *count += 1;
        if matches!(outcome, "left" | "invalid") && self.failed <= SHOWN {
            eprintln!("row {}: {outcome}: {reason}", row.at);
            if self.failed == SHOWN {
                eprintln!("further rows like these are counted; --report has them all");
            }
        }
        if let Some(file) = &mut self.file {
            let user = user.filter(|user| *user != UNMADE);
            let user = user.map(|user| user.to_string()).unwrap_or_default();
            let old_id = row.old_id.as_deref().unwrap_or_default();
            file.write_record([&row.at.to_string(), old_id, outcome, &user, &reason])?;
        }
        Ok(())
    }

    /// Some rows are durable: so is what is written of them, and now and then it is
    /// told how far things are.
    pub(super) fn keep(&mut self) -> Result<(), StartError> {
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        if self.told.elapsed() >= PACE {
            self.told = Instant::now();
            let end = if std::io::stderr().is_terminal() {
                "\r"
            } else {
                "\n"
            };
            let mut err = std::io::stderr();
            write!(err, "{}{end}", self.progress())?;
        }
        Ok(())
    }

    fn rows(&self) -> u64 {
        self.created + self.completed + self.unchanged + self.skipped + self.failed
    }

    fn progress(&self) -> String {
        let seconds = self.begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
        let rate = self.rows() as f64 / seconds.max(0.001);
        format!("{} rows, {rate:.0} a second", self.rows())
    }

    /// The last words, on standard output.
    pub(super) fn summary(&self) -> String {
        let Self {
            created,
            completed,
            unchanged,
            skipped,
            failed,
            ..
        } = self;
        let head = if self.dry_run {
            "dry run, nothing was written: "
        } else {
            ""
        };
        format!(
            "{head}{created} created, {completed} completed, {unchanged} unchanged, \
             {skipped} skipped, {failed} failed; {}",
            self.progress()
        )
    }
}
