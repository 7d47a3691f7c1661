//! Requests by route: how many, how they ended, how long they took.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

use super::latency::{Latency, LatencyBy};
use crate::http::route_names::RouteName;

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    /// The route's pattern; `other` for paths that are none of ours.
    route: &'static str,
    /// The HTTP status.
    status: u16,
    /// The envelope's code; `ok` for a success.
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

/// What is at hand for one route, so that a request looks nothing up.
#[derive(Debug)]
struct OfRoute {
    took: Arc<Latency>,
    ok: Counter<u64, AtomicU64>,
}

/// Counts requests.
#[derive(Debug)]
pub(crate) struct Requests {
    answers: Family<Outcome, Counter<u64, AtomicU64>>,
    /// In the order of [`RouteName::all`].
    routes: Vec<OfRoute>,
    connections_cut: Counter,
}

impl Requests {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let answers: Family<Outcome, Counter<u64, AtomicU64>> = Family::default();
        let of = |route: RouteName| OfRoute {
            took: Arc::default(),
            ok: answers.get_or_create_owned(&ok(route.as_str())),
        };
        let routes: Vec<_> = RouteName::all().map(of).collect();
        let times = RouteName::all().zip(&routes).map(|(route, of)| {
            let route = route.as_str();
            (Route { route }, of.took.clone())
        });
        let times = times.collect();
        registry.register(
            "http_requests",
            "Requests by route, status and outcome",
            answers.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time until the answer",
            Unit::Seconds,
            LatencyBy(times),
        );
        let connections_cut = Counter::default();
        registry.register(
            "connections_cut",
            "Connections closed because no whole request came in time",
            connections_cut.clone(),
        );
        Self {
            answers,
            routes,
            connections_cut,
        }
    }

    /// Counts connections on which no whole request came in time.
    pub(crate) fn connections_cut(&self) -> Counter {
        self.connections_cut.clone()
    }

    /// Counts one answered request.
    pub(crate) fn answered(
        &self,
        route: RouteName,
        status: u16,
        code: &'static str,
        took: Duration,
    ) {
        // There is one for each name.
        let of = &self.routes[route.index()];
        of.took.observe(took);
        if (status, code) == (200, "ok") {
            of.ok.inc();
        } else {
            let outcome = Outcome {
                route: route.as_str(),
                status,
                code,
            };
            self.answers.get_or_create(&outcome).inc();
        }
    }
}

fn ok(route: &'static str) -> Outcome {
    Outcome {
        route,
        status: 200,
        code: "ok",
    }
}
