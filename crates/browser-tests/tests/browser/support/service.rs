//! A real server for every test: real port, real database file, the offline
//! WeChat and SMS vendor of the development profile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use menshen_app::clock::SystemClock;
use menshen_app::server;
use menshen_app::settings::given::Given;
use menshen_app::settings::{self, Settings};
use menshen_domain::ports::clock::Clock as _;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A service that runs until it is dropped.
pub(crate) struct Service {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    given: &'static [(&'static str, &'static str)],
    folder: TempDir,
    running: Option<Running>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Service {
    /// Starts one on a free port, over an empty folder, with these settings.
    pub(crate) async fn start(given: &'static [(&'static str, &'static str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let (address, running) = run(folder.path(), anywhere, given).await;
        Self {
            address,
            given,
            folder,
            running: Some(running),
        }
    }

    /// Stops it, and starts it again at the same address over the same folder.
    pub(crate) async fn restart(&mut self) {
        self.stop();
        let (_, running) = run(self.folder.path(), self.address, self.given).await;
        self.running = Some(running);
    }

    /// The same with other settings.
    pub(crate) async fn restart_with(&mut self, given: &'static [(&'static str, &'static str)]) {
        self.given = given;
        self.restart().await;
    }

    /// Stops it.
    pub(crate) fn stop(&mut self) {
        if let Some(Running { stop, thread }) = self.running.take() {
            drop(stop);
            // A server that panicked has told so already.
            drop(thread.join());
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

fn settings(folder: &Path, listen: SocketAddr, more: &[(&str, &str)]) -> Settings {
    let database = format!("sqlite://{}", folder.join("menshen.db").display());
    let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
    let given: BTreeMap<String, Given> = [
        ("server.listen", listen.to_string()),
        ("server.workers", "1".to_owned()),
        ("server.shutdown_grace", "0s".to_owned()),
        ("database.url", database),
    ]
    .into_iter()
    .chain(more)
    .map(|(key, value)| (key.to_owned(), Given::Text(value)))
    .collect();
    let (settings, report) = settings::read(given, SystemClock.now());
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    settings
}

/// Runs a server in a thread and a runtime of its own, as the command does.
async fn run(folder: &Path, listen: SocketAddr, given: &[(&str, &str)]) -> (SocketAddr, Running) {
    let settings = settings(folder, listen, given);
    let start = move || {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || serve(&settings, &tell, stopped));
        let address = told.recv().expect("a server that starts");
        (address, Running { stop, thread })
    };
    tokio::task::spawn_blocking(start)
        .await
        .expect("a started server")
}

fn serve(settings: &Settings, tell: &mpsc::Sender<SocketAddr>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async move {
        let running = server::start(settings).await.expect("a server");
        tell.send(running.address).expect("a test that waits");
        let stop = async {
            // Dropped or sent: both mean the end.
            drop(stopped.await);
        };
        running.until(stop).await.expect("a clean end");
    });
}
