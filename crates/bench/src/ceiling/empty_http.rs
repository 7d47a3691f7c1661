//! A handler that does nothing, on the server's HTTP library.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};

use super::Cost;
use crate::http::{Connection, get};
use crate::load::{Arrivals, Failure, Load, Visitor, run};
use crate::meter::Meter;
use crate::world::call;

/// The argument that makes this program serve nothing.
pub const ARGUMENT: &str = "--serve-nothing";

/// Serves nothing with as many workers as the real server has, until its input
/// ends; prints where.
///
/// # Errors
///
/// If there is no port.
pub fn serve() -> std::io::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let nothing = || App::new().default_service(web::to(HttpResponse::Ok));
        let server = HttpServer::new(nothing)
            .disable_signals()
            .bind((Ipv4Addr::LOCALHOST, 0))?;
        println!("{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        std::thread::spawn(move || {
            // Nothing is ever written there: this waits for the end.
            let _ = std::io::stdin().lines().count();
            drop(handle.stop(false));
            std::process::exit(0);
        });
        server.await
    })
}

/// How many empty answers there are a second, and what one costs.
///
/// # Errors
///
/// If the process cannot be started, or an answer is not empty.
pub(super) fn measure(connections: usize, time: Duration) -> Result<Cost, Box<dyn Error>> {
    let nothing = Nothing::start()?;
    let meter = Arc::new(Meter {
        server: Some(nothing.child.id()),
        ..Meter::default()
    });
    let load = Load {
        arrivals: Arrivals::Closed,
        connections,
        warm_up: time / 4,
        time,
    };
    let address = nothing.address;
    let measured = run(load, &meter, move |_| Asker {
        connection: Connection::to(address),
        request: get("/", None),
    });
    if let Some(error) = measured.errors.keys().next() {
        return Err(format!("the empty handler: {error}").into());
    }
    let used = measured.used.total();
    Ok(super::cost(measured.count(), measured.time, used))
}

/// The process that serves nothing.
struct Nothing {
    child: Child,
    address: SocketAddr,
}

impl Nothing {
    fn start() -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let Ok(address) = line.trim().parse() else {
            child.kill()?;
            return Err("the empty handler does not start".into());
        };
        Ok(Self { child, address })
    }
}

impl Drop for Nothing {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It ends by itself when its input does.
        let _ = self.child.wait();
    }
}

/// One who asks for nothing.
struct Asker {
    connection: Connection,
    request: Vec<u8>,
}

impl Visitor for Asker {
    async fn visit(&mut self) -> Result<(), Failure> {
        call(&mut self.connection, &self.request).await.map(drop)
    }
}
