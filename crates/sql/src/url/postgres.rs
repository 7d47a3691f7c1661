//! URLs of PostgreSQL, of one host or several.

use std::net::IpAddr;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use secrecy::{ExposeSecret as _, SecretString};

use super::DatabaseUrlError;

/// The port where none is written.
const PORT: u16 = 5432;
/// What the server lists connections under where nothing else is written.
const APPLICATION: &str = "menshen";

/// A URL of PostgreSQL.
#[derive(Debug, Clone)]
pub(crate) struct PostgresUrl {
    /// At least one.
    pub(crate) places: Vec<Place>,
    user: Option<String>,
    pub(super) password: Option<SecretString>,
    database: String,
    pub(crate) tls: Tls,
    pub(crate) target: Target,
    application: String,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Host {
        name: String,
        port: u16,
    },
    /// A folder of sockets on this machine.
    Folder {
        path: PathBuf,
        port: u16,
    },
}

/// Whether and how the link is encrypted.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) mode: PgSslMode,
    authorities: Option<PathBuf>,
    client: Option<(PathBuf, PathBuf)>,
}

/// Which of several servers is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Whichever answers.
    Any,
    /// The one that takes changes.
    ReadWrite,
}

impl PostgresUrl {
    /// Reads what follows `postgres://`.
    pub(super) fn parse(rest: &str) -> Result<Self, DatabaseUrlError> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password with such a character that is not encoded ends up here.
        if rest.contains('#') || query.contains(['#', '@']) {
            return Err(DatabaseUrlError::Parameter);
        }
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        if database.contains('@') {
            return Err(DatabaseUrlError::Encoding);
        }
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let parameters = Parameters::parse(query)?;
        let places = match &parameters.host {
            Some(hosts) => named(hosts, parameters.port.as_deref())?,
            None if parameters.port.is_some() => return Err(DatabaseUrlError::Host),
            None => hosts
                .split(',')
                .map(Place::parse)
                .collect::<Result<_, _>>()?,
        };
        if database.is_empty() || database.contains('/') {
            return Err(DatabaseUrlError::Database);
        }
        let several = places.len() > 1;
        Ok(Self {
            places,
            user: some(user)?,
            password: some(password)?.map(SecretString::from),
            database: decoded(database)?,
            tls: parameters.tls()?,
            target: match parameters.target.as_deref() {
                None if several => Target::ReadWrite,
                None | Some("any") => Target::Any,
                Some("read-write" | "primary") => Target::ReadWrite,
                Some(_) => return Err(DatabaseUrlError::Target),
            },
            application: parameters.application.unwrap_or(APPLICATION.to_owned()),
        })
    }

    pub(super) fn is_protected(&self) -> bool {
        // The driver checks `verify-ca` against the public authorities too, any
        // of which may certify anybody: without the name that says nothing.
        matches!(self.tls.mode, PgSslMode::VerifyFull) || self.places.iter().all(Place::is_local)
    }

    /// How the driver connects to one of the places.
    pub(crate) fn options(&self, place: &Place) -> PgConnectOptions {
        let mut options = PgConnectOptions::new_without_pgpass()
            .database(&self.database)
            .application_name(&self.application)
            .ssl_mode(self.tls.mode);
        options = match place {
            Place::Host { name, port } => options.host(name).port(*port),
            Place::Folder { path, port } => options.socket(path).port(*port),
        };
        if let Some(user) = &self.user {
            options = options.username(user);
        }
        if let Some(password) = &self.password {
            options = options.password(password.expose_secret());
        }
        if let Some(file) = &self.tls.authorities {
            options = options.ssl_root_cert(file);
        }
        if let Some((certificate, key)) = &self.tls.client {
            options = options.ssl_client_cert(certificate).ssl_client_key(key);
        }
        options
    }
}

impl Place {
    /// Reads `name`, `name:port`, `[v6]:port` or a percent-encoded path.
    fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (name, rest) = rest.split_once(']').ok_or(DatabaseUrlError::Host)?;
                let port = rest.strip_prefix(':');
                if port.is_none() && !rest.is_empty() {
                    return Err(DatabaseUrlError::Host);
                }
                (name, port)
            }
            None => match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            },
        };
        Self::of(&decoded(name)?, port)
    }

    fn of(name: &str, port: Option<&str>) -> Result<Self, DatabaseUrlError> {
        let port = match port {
            None | Some("") => PORT,
            Some(text) => {
                let port = text.parse().ok().filter(|port| *port > 0);
                port.ok_or(DatabaseUrlError::Host)?
            }
        };
        if name.starts_with('/') {
            let path = PathBuf::from(name);
            return Ok(Self::Folder { path, port });
        }
        let spelt = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if name.is_empty() || !name.chars().all(spelt) {
            return Err(DatabaseUrlError::Host);
        }
        let name = name.to_owned();
        Ok(Self::Host { name, port })
    }

    fn is_local(&self) -> bool {
        match self {
            Self::Folder { .. } => true,
            Self::Host { name, .. } => {
                let address = name.parse::<IpAddr>();
                name == "localhost" || address.is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

/// The hosts of the parameters; with one port for all of them, or one for each.
fn named(hosts: &str, ports: Option<&str>) -> Result<Vec<Place>, DatabaseUrlError> {
    let hosts: Vec<_> = hosts.split(',').collect();
    let ports: Vec<_> = ports.unwrap_or_default().split(',').collect();
    if ports.len() != 1 && ports.len() != hosts.len() {
        return Err(DatabaseUrlError::Host);
    }
    let port = |at: usize| ports.get(at).or(ports.first()).copied();
    let places = hosts.iter().enumerate();
    places.map(|(at, host)| Place::of(host, port(at))).collect()
}

/// What stands after the `?`.
#[derive(Default)]
struct Parameters {
    host: Option<String>,
    port: Option<String>,
    mode: Option<String>,
    authorities: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    target: Option<String>,
    application: Option<String>,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, DatabaseUrlError> {
        let mut all = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(DatabaseUrlError::Parameter)?;
            let place = match name {
                "host" => &mut all.host,
                "port" => &mut all.port,
                "sslmode" => &mut all.mode,
                "sslrootcert" => &mut all.authorities,
                "sslcert" => &mut all.certificate,
                "sslkey" => &mut all.key,
                "target_session_attrs" => &mut all.target,
                "application_name" => &mut all.application,
                _ => return Err(DatabaseUrlError::Parameter),
            };
            if place.is_some() || value.is_empty() {
                return Err(DatabaseUrlError::Parameter);
            }
            *place = Some(decoded(value)?);
        }
        Ok(all)
    }

    /// Whoever names an authority wants it asked.
    fn tls(&self) -> Result<Tls, DatabaseUrlError> {
        let mode = match self.mode.as_deref() {
            None if self.authorities.is_some() => PgSslMode::VerifyFull,
            None | Some("prefer") => PgSslMode::Prefer,
            Some("disable") => PgSslMode::Disable,
            Some("require") => PgSslMode::Require,
            Some("verify-ca") => PgSslMode::VerifyCa,
            Some("verify-full") => PgSslMode::VerifyFull,
            Some(_) => return Err(DatabaseUrlError::SslMode),
        };
        let client = match (&self.certificate, &self.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            _ => return Err(DatabaseUrlError::ClientCertificate),
        };
        let authorities = self.authorities.as_ref().map(PathBuf::from);
        Ok(Tls {
            mode,
            authorities,
            client,
        })
    }
}

fn some(text: &str) -> Result<Option<String>, DatabaseUrlError> {
    (!text.is_empty()).then(|| decoded(text)).transpose()
}

fn decoded(text: &str) -> Result<String, DatabaseUrlError> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(String::from)
        .map_err(|_| DatabaseUrlError::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::{DatabaseUrl, Engine};

    fn postgres(text: &str) -> PostgresUrl {
        match DatabaseUrl::parse(text).unwrap().0 {
            Engine::Postgres(url) => *url,
            Engine::Sqlite(..) => panic!("not PostgreSQL"),
        }
    }

    fn places(text: &str) -> Vec<String> {
        let name = |place: &Place| match place {
            Place::Host { name, port } => format!("{name} {port}"),
            Place::Folder { path, port } => format!("{} {port}", path.display()),
        };
        postgres(text).places.iter().map(name).collect()
    }

    #[test]
    fn hosts_are_one_or_several_by_name_address_or_socket() {
        assert_eq!(places("postgres://db/menshen"), ["db 5432"]);
        assert_eq!(
            places("postgresql://u:p@a:1,b,[::1]:7/menshen"),
            ["a 1", "b 5432", "::1 7"]
        );
        assert_eq!(places("postgres://u@%2Frun%2Fpg/m"), ["/run/pg 5432"]);
        assert_eq!(places("postgres://u@x/m?host=/run/pg"), ["/run/pg 5432"]);
        assert_eq!(places("postgres:///m?host=a,b&port=1,2"), ["a 1", "b 2"]);
        assert_eq!(places("postgres:///m?host=a,b&port=9"), ["a 9", "b 9"]);
    }

    #[test]
    fn one_of_several_hosts_must_take_changes_unless_told_otherwise() {
        let target = |text| postgres(text).target;
        assert_eq!(target("postgres://a/m"), Target::Any);
        assert_eq!(target("postgres://a,b/m"), Target::ReadWrite);
        for (word, wanted) in [
            ("any", Target::Any),
            ("read-write", Target::ReadWrite),
            ("primary", Target::ReadWrite),
        ] {
            let text = format!("postgres://a,b/m?target_session_attrs={word}");
            assert_eq!(postgres(&text).target, wanted);
        }
    }

    #[test]
    fn a_password_is_decoded_and_never_shown() {
        let url = postgres("postgres://me:p%40ss%2Fword@db/m");
        let password = url.password.as_ref().unwrap();
        assert_eq!(password.expose_secret(), "p@ss/word");
        assert!(!format!("{url:?}").contains("p@ss"));
        let url = DatabaseUrl::parse("postgres://me@db/m").unwrap();
        let url = url.with_password("hunter2".into()).unwrap();
        assert!(!format!("{url:?}").contains("hunter2"));
        assert!(url.with_password("again".into()).is_none());
    }

    #[test]
    fn a_link_over_the_network_is_protected_by_an_authority_and_a_name_only() {
        let protected = |text: &str| DatabaseUrl::parse(text).unwrap().is_protected();
        for text in [
            "sqlite://data/x.db",
            "postgres://localhost/m",
            "postgres://127.0.0.1,[::1]/m",
            "postgres:///m?host=/run/pg",
            "postgres://db/m?sslmode=verify-full",
            "postgres://db/m?sslrootcert=/etc/ca.pem",
        ] {
            assert!(protected(text), "{text}");
        }
        for text in [
            "postgres://db/m",
            "postgres://localhost,db/m",
            "postgres://db/m?sslmode=require",
            "postgres://db/m?sslmode=verify-ca&sslrootcert=/etc/ca.pem",
        ] {
            assert!(!protected(text), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        use DatabaseUrlError as E;
        for (text, wrong) in [
            ("", E::Scheme),
            ("mysql://db/m", E::Scheme),
            ("postgres:db", E::Scheme),
            ("sqlite://a?b=c", E::Sqlite),
            ("postgres:///m", E::Host),
            ("postgres://a,/m", E::Host),
            ("postgres://a:0/m", E::Host),
            ("postgres://a:70000/m", E::Host),
            ("postgres://[::1/m", E::Host),
            ("postgres://a b/m", E::Host),
            ("postgres://a/m?port=1", E::Host),
            ("postgres:///m?host=a,b,c&port=1,2", E::Host),
            ("postgres://a", E::Database),
            ("postgres://u:p/w@a/m", E::Encoding),
            ("postgres://a/m/n", E::Database),
            ("postgres://%ff@a/m", E::Encoding),
            ("postgres://a/m?statement_timeout=1", E::Parameter),
            ("postgres://a/m?sslmode", E::Parameter),
            ("postgres://a/m?sslmode=", E::Parameter),
            ("postgres://u:p?w@a/m", E::Parameter),
            ("postgres://a/m#x", E::Parameter),
            ("postgres://a/m?sslmode=allow", E::SslMode),
            ("postgres://a/m?sslkey=/k", E::ClientCertificate),
            ("postgres://a/m?target_session_attrs=standby", E::Target),
        ] {
            assert_eq!(DatabaseUrl::parse(text).unwrap_err(), wrong, "{text}");
        }
    }
}
