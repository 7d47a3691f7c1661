//! `menshen import`: people from another system.
//!
//! The database is talked to directly, through the use case; the server may run
//! meanwhile. Whoever is imported already is found again, so an import that was cut off
//! is simply run again.

pub mod arguments;
mod columns;
mod fields;
mod from;
mod given;
mod input;
mod report;

use std::path::Path;
use std::sync::Arc;

use menshen_domain::model::imported_person::ImportedPerson;
use menshen_domain::model::wechat::WeChatApp;
use menshen_domain::ports::clock::Clock as _;
use menshen_domain::services::import_accounts::{DryRun, ImportAccounts, Imported, MOST_AT_ONCE};
use menshen_token::system_randomness::SystemRandomness;
use serde_json::{Map, Value};

use self::arguments::{Format, Options};
use self::from::{Hints, Told};
use self::given::Surroundings;
use self::input::Row;
use self::report::{Fate, Report, RowName};
use crate::clock::ServerClock;
use crate::commands::good_settings;
use crate::commands::operator::who_runs_it;
use crate::logging;
use crate::wiring::{self, StartError};

/// How often a batch is tried again that the database had no time for.
const TRIES: usize = 3;

/// Carries it out.
///
/// # Errors
///
/// If the settings or the options are bad, the file cannot be read, the database does
/// not answer, or anybody could not be imported.
pub async fn run(options: Options, file: Option<&Path>) -> Result<(), StartError> {
    let (settings, _) = good_settings(file)?;
    logging::start(&settings.log);
    let format = format(&options)?;
    let database = wiring::database(&settings).await?;
    wiring::check_schema(&database).await?;
    let clock = Arc::new(ServerClock::of(&database).await?);
    let (store, _, _) = wiring::keys(&settings, &database).await?;
    let apps = wiring::apps(&settings)?;
    if let Some(platform) = &options.platform {
        let is_it = |app: &WeChatApp| app.platform.as_ref() == Some(platform);
        if !apps.all().iter().any(is_it) {
            return Err("--platform: none of wechat.apps is of it".into());
        }
    }
    let report = Report::begin(options.report.as_deref(), options.dry_run)?;
    let import = ImportAccounts {
        accounts: Arc::new(store),
        clock: clock.clone(),
        randomness: Arc::new(SystemRandomness),
        policy: Arc::new(settings.accounts.policy.clone()),
        operator: who_runs_it(),
        dry_run: options.dry_run.then(DryRun::default),
        quiet: options.quiet_events,
    };
    let work = Work {
        reading: Reading {
            surroundings: Surroundings {
                apps,
                usual_app: options.app_id.clone(),
                platform: options.platform.clone(),
                region: options.default_region,
            },
            hints: Hints {
                apps: options.apps.clone(),
                wechat_id: options.wechat_id,
                now: clock.now(),
            },
            options: &options,
        },
        import,
        report,
        waiting: Vec::new(),
    };
    let done = work.carry_out(format).await;
    database.close().await?;
    done
}

fn format(options: &Options) -> Result<Format, StartError> {
    let format = options.format.or_else(|| input::format_of(&options.file));
    match (format, options.from) {
        (None, _) => Err("say how the file is written: --format csv, json or jsonl".into()),
        (Some(Format::Csv), Some(_)) => Err(
            "--from reads JSON: export as JSON, or rename the columns (docs/guides/moving.md)"
                .into(),
        ),
        (Some(format), _) => Ok(format),
    }
}

/// How a row becomes somebody.
struct Reading<'a> {
    surroundings: Surroundings,
    hints: Hints,
    options: &'a Options,
}

/// A row that waits for its turn.
struct Waiting {
    row: RowName,
    /// Who it is, or what became of it without any.
    who: Result<ImportedPerson, Fate>,
}

impl Reading<'_> {
    fn read(&self, row: Row) -> Waiting {
        let Row { at, members } = row;
        let (old_id, told) = match &members {
            Err(words) => (None, Err(vec![words.clone()])),
            Ok(members) => self.told(members),
        };
        let who = match told {
            Err(problems) => Err(Fate::Invalid(problems)),
            Ok(Told::Skipped(reason)) => Err(Fate::Skipped(reason)),
            Ok(Told::Person(given)) => self
                .surroundings
                .person(*given, self.hints.now)
                .map_err(Fate::Invalid),
        };
        Waiting {
            row: RowName { at, old_id },
            who,
        }
    }
}

impl Reading<'_> {
    fn told(&self, members: &Map<String, Value>) -> (Option<String>, Result<Told, Vec<String>>) {
        if let Some(product) = self.options.from {
            return from::read(product, members, &self.hints);
        }
        let (old_id, given) = columns::read(members, self.options.ignore_unknown);
        (old_id, given.map(|given| Told::Person(Box::new(given))))
    }
}

/// An import under way.
struct Work<'a> {
    reading: Reading<'a>,
    import: ImportAccounts,
    report: Report,
    waiting: Vec<Waiting>,
}

impl Work<'_> {
    async fn carry_out(mut self, format: Format) -> Result<(), StartError> {
        let options = self.reading.options;
        let lenient = options.ignore_unknown;
        let check_head = move |head: &[String]| {
            if lenient {
                Ok(())
            } else {
                columns::check_head(head)
            }
        };
        let mut rows = input::rows(&options.file, format, check_head)?;
        let mut end = Ok(());
        while let Some(row) = rows.recv().await {
            match row {
                Ok(row) => {
                    self.report.open()?;
                    let waiting = self.reading.read(row);
                    self.waiting.push(waiting);
                }
                Err(words) => end = Err(words),
            }
            if self.waiting.len() >= MOST_AT_ONCE {
                self.import_waiting().await?;
            }
            if self.has_enough() {
                break;
            }
        }
        self.import_waiting().await?;
        println!("{}", self.report.summary());
        if self.import.dry_run.as_ref().is_some_and(DryRun::is_full) {
            eprintln!(
                "so many people were not all remembered: later rows were compared with the database only"
            );
        }
        end?;
        if self.has_enough() {
            return Err(
                "stopped: as many people as --max-errors says could not be imported".into(),
            );
        }
        match self.report.failed {
            0 => Ok(()),
            1 => Err("one person could not be imported: see above, or the file of --report".into()),
            many => Err(format!(
                "{many} people could not be imported: see above, or the file of --report"
            )
            .into()),
        }
    }

    fn has_enough(&self) -> bool {
        let most = self.reading.options.max_errors;
        most > 0 && self.report.failed >= most
    }

    /// Imports those who wait, and writes down what became of each row, in the order of
    /// the file.
    async fn import_waiting(&mut self) -> Result<(), StartError> {
        let mut rows = Vec::with_capacity(self.waiting.len());
        let mut people = Vec::with_capacity(self.waiting.len());
        for waiting in self.waiting.drain(..) {
            let fate = waiting.who.map(|person| people.push(person)).err();
            rows.push((waiting.row, fate));
        }
        let mut outcomes = Vec::new().into_iter();
        let mut left = people.as_slice();
        for (row, fate) in rows {
            if fate.is_none() && outcomes.len() == 0 {
                let next = self.import_some(left).await?;
                left = left.get(next.len()..).unwrap_or_default();
                outcomes = next.into_iter();
            }
            let fate = fate.or_else(|| outcomes.next().map(Fate::Imported));
            if let Some(fate) = fate {
                self.report.note(&row, &fate)?;
            }
        }
        self.report.keep()
    }

    /// Imports some from the front on; a database that is busy is asked again.
    async fn import_some(&self, people: &[ImportedPerson]) -> Result<Vec<Imported>, StartError> {
        for _ in 1..TRIES {
            if let Ok(outcomes) = self.import.execute(people).await {
                return Ok(outcomes);
            }
        }
        Ok(self.import.execute(people).await?)
    }
}
