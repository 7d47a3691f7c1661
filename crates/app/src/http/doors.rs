//! Which listener serves what: metrics and administration may have one of their own,
//! that a network lets only the right ones reach.

use std::net::SocketAddr;

use actix_web::dev::ServiceRequest;

use crate::connections::CameTo;
use crate::http::error::ApiError;
use crate::http::kinds;
use crate::http::route_names::RouteName;

/// The listeners that something has for itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Doors {
    /// Where `/metrics` is; without one, where everything is.
    pub metrics: Option<SocketAddr>,
    /// Where operators and other services come in; without one, where everything is.
    pub operators: Option<SocketAddr>,
}

/// For whom a route is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// People, and whoever checks their tokens.
    Everybody,
    /// Operators, and services that hold an admin key.
    Operators,
    /// Who counts.
    Metrics,
    /// Who asks whether the process is well, at any door.
    Watchers,
}

impl Audience {
    /// Whom a route is for, by its pattern: however its path was written, it is what
    /// the route table made of it.
    fn of(route: RouteName) -> Self {
        match route.as_str() {
            "/metrics" => Self::Metrics,
            "/healthz" | "/readyz" => Self::Watchers,
            "/console" | "/console/{file}" | "/v1/token/introspect" | "/v1/token/revoke" => {
                Self::Operators
            }
            pattern if pattern.starts_with("/admin/") => Self::Operators,
            _ => Self::Everybody,
        }
    }
}

impl Doors {
    /// True if what is asked for is served at the listener that it came to.
    fn serve(&self, at: SocketAddr, audience: Audience) -> bool {
        let (metrics, operators) = (self.metrics == Some(at), self.operators == Some(at));
        match audience {
            Audience::Watchers => true,
            Audience::Metrics => metrics || (self.metrics.is_none() && !operators),
            Audience::Operators => operators || (self.operators.is_none() && !metrics),
            Audience::Everybody => !metrics && !operators,
        }
    }

    /// Refuses what is served at another listener, as if it were not there at all.
    ///
    /// # Errors
    ///
    /// `not_found`.
    pub(super) fn check(&self, request: &ServiceRequest) -> Result<(), ApiError> {
        let route = RouteName::of(request.match_info().as_str());
        let came_to = request.request().conn_data::<CameTo>();
        match came_to {
            Some(CameTo(at)) if self.serve(*at, Audience::of(route)) => Ok(()),
            // Each connection knows where it came in.
            _ => Err(ApiError::new(&kinds::NOT_FOUND)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn served(doors: Doors, port: u16) -> Vec<&'static str> {
        let paths = [
            "/v1/me",
            "/nothing",
            "/docs",
            "/metrics",
            "/admin/v1/key",
            "/console",
            "/console/app.js",
            "/v1/token/introspect",
            "/v1/token/revoke",
            "/healthz",
        ];
        let is_served = |path: &&str| doors.serve(address(port), Audience::of(RouteName::of(path)));
        paths.into_iter().filter(is_served).collect()
    }

    const PEOPLE: [&str; 3] = ["/v1/me", "/nothing", "/docs"];
    const OPERATORS: [&str; 5] = [
        "/admin/v1/key",
        "/console",
        "/console/app.js",
        "/v1/token/introspect",
        "/v1/token/revoke",
    ];

    #[test]
    fn what_has_a_listener_of_its_own_is_there_and_nowhere_else() {
        let doors = Doors {
            metrics: Some(address(1)),
            operators: Some(address(2)),
        };
        assert_eq!(served(doors, 0), [&PEOPLE[..], &["/healthz"]].concat());
        assert_eq!(served(doors, 1), ["/metrics", "/healthz"]);
        assert_eq!(served(doors, 2), [&OPERATORS[..], &["/healthz"]].concat());
    }

    #[test]
    fn what_has_none_is_where_people_are() {
        let watch = ["/metrics", "/healthz"];
        let metrics = Doors {
            metrics: Some(address(1)),
            operators: None,
        };
        assert_eq!(
            served(metrics, 0),
            [&PEOPLE[..], &OPERATORS[..], &["/healthz"]].concat()
        );
        assert_eq!(served(metrics, 1), watch);
        let operators = Doors {
            metrics: None,
            operators: Some(address(2)),
        };
        assert_eq!(served(operators, 0), [&PEOPLE[..], &watch].concat());
        assert_eq!(
            served(operators, 2),
            [&OPERATORS[..], &["/healthz"]].concat()
        );
        assert_eq!(served(Doors::default(), 0).len(), 10);
    }
}
