//! One set-up with so many people: everything started, measured, and taken away.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::ceiling::Parts;
use crate::fill::fill;
use crate::folder::Folder;
use crate::load::{Arrivals, Load, Measured};
use crate::meter::Meter;
use crate::options::Options;
use crate::phone_book::PhoneBook;
use crate::prelude::Prepared;
use crate::report;
use crate::scenario::Scenario;
use crate::server::{Plan, Server};
use crate::start::Start;
use crate::stores::{Setup, Stores};
use crate::world::World;
use crate::{upstream, usage};

/// Numbers that sign in by SMS, in turn.
const NUMBERS: usize = 512;
/// As many of either in a quick run.
const FEW: usize = 64;
/// Sessions that are refreshed and shown, in turn.
const SESSIONS: usize = 1024;

/// What was measured of one scenario.
#[derive(Debug)]
pub struct Row {
    /// What people did.
    pub scenario: Scenario,
    /// As fast as they could.
    pub closed: Measured,
    /// So many a second, if that was asked for.
    pub open: Option<Measured>,
    /// The server's memory under it at most, in KiB.
    pub peak: u64,
}

/// Measures one set-up; false if a request failed.
///
/// # Errors
///
/// If something could not be started.
pub fn run(options: &Options, setup: Setup, users: u64) -> Result<bool, Box<dyn Error>> {
    let few = |number: usize| number.min(if options.quick { FEW } else { usize::MAX });
    let folder = Folder::new()?;
    let stores = Stores::start(setup, folder.path())?;
    let book = Arc::new(PhoneBook::new(few(NUMBERS)));
    let upstream = upstream::start(Arc::clone(&book))?;
    let program = program(options)?;
    let mut plan = Plan::new(&program, folder.path(), &stores.settings(), upstream);
    plan.set(
        "sessions.max_per_client_type",
        &options.max_sessions.to_string(),
    );
    for (key, value) in &options.settings {
        plan.set(key, value);
    }
    // The first start makes the schema.
    drop(Server::start(&plan)?);
    fill(stores.database(), users)?;
    let rounds = if options.quick { 1 } else { 5 };
    let start = Start::measure(&plan, rounds)?;
    let server = Server::start(&plan)?;
    let meter = Arc::new(Meter::of(&server, &stores));
    let world = Arc::new(World::new(server.address, book, users));
    let prepared = Prepared::sign_in(&world, few(SESSIONS))
        .map_err(|failure| format!("nobody could be signed in: {failure}"))?;
    let prepared = Arc::new(prepared);
    if options.forever {
        return go_on(options, &server, &meter, &world, &prepared);
    }
    let mut rows = Vec::new();
    for scenario in options.scenarios() {
        rows.push(measure(
            options, scenario, &server, &meter, &world, &prepared,
        )?);
    }
    let parts = match &stores {
        Stores::Shared(postgres, _, redis) if !options.no_ceilings => {
            let (time, connections) = (options.time(), options.connections);
            Some(Parts::measure(postgres, redis, users, connections, time)?)
        }
        _ => None,
    };
    report::stage(setup, users, &start, &rows, parts.as_ref());
    Ok(rows.iter().all(Row::went_well))
}

impl Row {
    fn went_well(&self) -> bool {
        let loads = std::iter::once(&self.closed).chain(&self.open);
        loads
            .into_iter()
            .all(|load| load.failed() == 0 && load.count() > 0)
    }
}

fn measure(
    options: &Options,
    scenario: Scenario,
    server: &Server,
    meter: &Arc<Meter>,
    world: &Arc<World>,
    prepared: &Arc<Prepared>,
) -> std::io::Result<Row> {
    usage::forget_peak(server.pid())?;
    let closed = Load {
        arrivals: Arrivals::Closed,
        connections: options.connections,
        warm_up: options.time() / 4,
        time: options.time(),
    };
    let open = Load {
        arrivals: Arrivals::Open(options.rate),
        ..closed
    };
    Ok(Row {
        scenario,
        closed: scenario.run(closed, meter, world, prepared),
        open: (options.rate > 0.0).then(|| scenario.run(open, meter, world, prepared)),
        peak: usage::peak(server.pid())?,
    })
}

/// Puts the first scenario on until the process is interrupted.
fn go_on(
    options: &Options,
    server: &Server,
    meter: &Arc<Meter>,
    world: &Arc<World>,
    prepared: &Arc<Prepared>,
) -> Result<bool, Box<dyn Error>> {
    let load = Load {
        arrivals: Arrivals::Closed,
        connections: options.connections,
        warm_up: Duration::ZERO,
        time: options.time(),
    };
    let scenarios = options.scenarios();
    let scenario = scenarios.first().ok_or("no scenario")?;
    println!("server {} at {}", server.pid(), server.address);
    loop {
        let measured = scenario.run(load, meter, world, prepared);
        println!("{}: {:.0}/s", scenario.title(), measured.per_second());
    }
}

/// The server's program: what was named, or the one that was built beside us.
pub(crate) fn program(options: &Options) -> Result<PathBuf, Box<dyn Error>> {
    if let Some(program) = &options.server {
        return Ok(program.canonicalize()?);
    }
    let mut beside = std::env::current_exe()?;
    beside.set_file_name("menshen");
    if beside.is_file() {
        return Ok(beside);
    }
    Err(format!(
        "there is no {}: build it with `cargo build --release -p menshen`, or name it with --server",
        beside.display()
    )
    .into())
}

impl Meter {
    fn of(server: &Server, stores: &Stores) -> Self {
        let (postgres, redis) = match stores {
            Stores::Embedded(_) => (None, None),
            Stores::Shared(postgres, _, redis) => (Some(postgres.pid()), redis.pid()),
        };
        Self {
            server: Some(server.pid()),
            postgres,
            redis,
        }
    }
}
