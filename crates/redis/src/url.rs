//! Where Redis is: `ephemeral.url`.

use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

/// The port of a server where none is written.
const PORT: u16 = 6379;
/// The port of a sentinel where none is written.
const SENTINEL_PORT: u16 = 26_379;

/// Where Redis is, and who connects. `Debug` shows no password.
///
/// ```text
/// redis://[user:password@]host[:port][/database]
/// redis+cluster://[user:password@]host[:port],host[:port]…
/// redis+sentinel://[user:password@]host[:port],host[:port]…/master[/database]
/// ```
///
/// `rediss` in place of `redis` is TLS. User and password are percent-encoded;
/// those of the sentinels themselves are `?sentinel_user=…&sentinel_password=…`.
#[derive(Debug, Clone)]
pub struct RedisUrl {
    pub(crate) tls: bool,
    pub(crate) login: Login,
    pub(crate) place: Place,
    /// PEM, of the authorities that are believed instead of the system's.
    pub(crate) authorities: Option<Arc<[u8]>>,
}

/// What the servers are and how they are found.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    One {
        host: Host,
        database: i64,
    },
    Cluster(Vec<Host>),
    Sentinels {
        sentinels: Vec<Host>,
        login: Login,
        master: String,
        database: i64,
    },
}

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: u16,
}

/// Who connects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Login {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<SecretString>,
}

/// What is wrong with a URL; the text does not repeat any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedisUrlError {
    /// Another scheme.
    #[error(
        "write redis://host:6379, rediss://…, redis+cluster://h1,h2 or redis+sentinel://h1,h2/master"
    )]
    Scheme,
    /// A host or port is missing or misspelt.
    #[error("each host is written name:port, with a port from 1 to 65535")]
    Host,
    /// User or password is not percent-encoded UTF-8.
    #[error("user and password are percent-encoded UTF-8")]
    Login,
    /// The database is not a number.
    #[error("the database after the host is a number from 0 on: redis://host:6379/0")]
    Database,
    /// A cluster has no numbered databases.
    #[error("nothing follows the hosts of a cluster: it has no numbered databases")]
    ClusterPath,
    /// The master's name is missing.
    #[error("the master's name follows the sentinels: redis+sentinel://h1,h2/master")]
    Master,
    /// A part that has no meaning.
    #[error(
        "after `?` only sentinel_user and sentinel_password are known, percent-encoded, and nothing follows `#`"
    )]
    Parameter,
}

impl RedisUrl {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// [`RedisUrlError`], a sentence on what to write.
    pub fn parse(text: &str) -> Result<Self, RedisUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(RedisUrlError::Scheme)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if rest.contains('#') || query.contains(['#', '@']) {
            return Err(RedisUrlError::Parameter);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let login = Login::parse(login)?;
        let (tls, kind) = match scheme.split_once('+').unwrap_or((scheme, "")) {
            ("redis", kind) => (false, kind),
            ("rediss", kind) => (true, kind),
            _ => return Err(RedisUrlError::Scheme),
        };
        let place = match kind {
            "" if scheme.contains('+') => return Err(RedisUrlError::Scheme),
            "" => Place::One {
                host: Host::parse(hosts, PORT)?,
                database: database(path)?,
            },
            "cluster" if path.is_empty() => Place::Cluster(Host::parse_all(hosts, PORT)?),
            "cluster" => return Err(RedisUrlError::ClusterPath),
            "sentinel" => {
                let (master, path) = path.split_once('/').unwrap_or((path, ""));
                if master.is_empty() {
                    return Err(RedisUrlError::Master);
                }
                Place::Sentinels {
                    sentinels: Host::parse_all(hosts, SENTINEL_PORT)?,
                    login: Login::of_sentinels(query)?,
                    master: decoded(master)?,
                    database: database(path)?,
                }
            }
            _ => return Err(RedisUrlError::Scheme),
        };
        if !query.is_empty() && !matches!(place, Place::Sentinels { .. }) {
            return Err(RedisUrlError::Parameter);
        }
        Ok(Self {
            tls,
            login,
            place,
            authorities: None,
        })
    }

    /// The URL with this password; `None` if it has one already.
    #[must_use]
    pub fn with_password(mut self, password: SecretString) -> Option<Self> {
        if self.login.password.is_some() {
            return None;
        }
        self.login.password = Some(password);
        Some(self)
    }

    /// The URL, believing the authorities of this PEM text and no others; `None`
    /// if it has no TLS to check.
    #[must_use]
    pub fn with_authorities(mut self, pem: &[u8]) -> Option<Self> {
        self.authorities = Some(pem.into());
        self.tls.then_some(self)
    }

    /// True if the link is encrypted, or every host is this machine.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        let local = |host: &Host| {
            let address = host.name.parse::<std::net::IpAddr>();
            host.name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        };
        self.tls
            || match &self.place {
                Place::One { host, .. } => local(host),
                Place::Cluster(hosts) => hosts.iter().all(local),
                Place::Sentinels { sentinels, .. } => sentinels.iter().all(local),
            }
    }
}

impl Login {
    fn parse(text: &str) -> Result<Self, RedisUrlError> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let some = |text: &str| {
            let text = (!text.is_empty()).then(|| decoded(text));
            text.transpose().map_err(|_| RedisUrlError::Login)
        };
        Ok(Self {
            user: some(user)?,
            password: some(password)?.map(SecretString::from),
        })
    }

    fn of_sentinels(query: &str) -> Result<Self, RedisUrlError> {
        let mut login = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').ok_or(RedisUrlError::Parameter)? {
                ("sentinel_user", user) => login.user = Some(decoded(user)?),
                ("sentinel_password", word) => login.password = Some(decoded(word)?.into()),
                _ => return Err(RedisUrlError::Parameter),
            }
        }
        Ok(login)
    }
}

impl Host {
    fn parse_all(text: &str, port: u16) -> Result<Vec<Self>, RedisUrlError> {
        text.split(',')
            .map(|host| Self::parse(host, port))
            .collect()
    }

    /// Reads `name`, `name:port`, `[v6]` or `[v6]:port`.
    fn parse(text: &str, port: u16) -> Result<Self, RedisUrlError> {
        let (name, port_text) = match text.strip_prefix('[') {
            Some(rest) => {
                let (name, rest) = rest.split_once(']').ok_or(RedisUrlError::Host)?;
                let port = rest.strip_prefix(':');
                if port.is_none() && !rest.is_empty() {
                    return Err(RedisUrlError::Host);
                }
                (name, port)
            }
            None => match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            },
        };
        let spelt = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        if name.is_empty() || !name.chars().all(spelt) {
            return Err(RedisUrlError::Host);
        }
        let port = port_text.map_or(Ok(port), |text| {
            let port = text.parse().ok().filter(|port| *port > 0);
            port.ok_or(RedisUrlError::Host)
        })?;
        Ok(Self {
            name: name.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.port)
    }
}

fn database(path: &str) -> Result<i64, RedisUrlError> {
    if path.is_empty() {
        return Ok(0);
    }
    let number: Result<u16, _> = path.parse();
    number.map(i64::from).map_err(|_| RedisUrlError::Database)
}

fn decoded(text: &str) -> Result<String, RedisUrlError> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(String::from).map_err(|_| RedisUrlError::Login)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn hosts(url: &str) -> Vec<String> {
        match RedisUrl::parse(url).unwrap().place {
            Place::One { host, .. } => vec![host.to_string()],
            Place::Cluster(hosts) => hosts.iter().map(Host::to_string).collect(),
            Place::Sentinels { sentinels, .. } => sentinels.iter().map(Host::to_string).collect(),
        }
    }

    #[test]
    fn one_server_has_a_port_and_a_database() {
        assert_eq!(hosts("redis://cache"), ["cache:6379"]);
        assert_eq!(hosts("rediss://10.0.0.1:6380/3"), ["10.0.0.1:6380"]);
        assert_eq!(hosts("redis://[::1]:7000"), ["::1:7000"]);
        let url = RedisUrl::parse("rediss://cache/3").unwrap();
        assert!(url.tls && matches!(url.place, Place::One { database: 3, .. }));
    }

    #[test]
    fn several_hosts_are_a_cluster_or_sentinels() {
        assert_eq!(hosts("redis+cluster://a,b:7001"), ["a:6379", "b:7001"]);
        assert_eq!(hosts("redis+sentinel://a,b:1/main"), ["a:26379", "b:1"]);
        let url = RedisUrl::parse("rediss+sentinel://a/main/2?sentinel_password=p%40").unwrap();
        let Place::Sentinels {
            login,
            master,
            database,
            ..
        } = url.place
        else {
            panic!("no sentinels");
        };
        assert_eq!((master.as_str(), database, url.tls), ("main", 2, true));
        assert_eq!(login.password.unwrap().expose_secret(), "p@");
    }

    #[test]
    fn a_password_beside_the_url_is_taken_where_it_has_none() {
        let url = RedisUrl::parse("rediss://menshen@a").unwrap();
        let url = url.with_password("p@ss/word".into()).unwrap();
        let password = url.login.password.as_ref().unwrap();
        assert_eq!(password.expose_secret(), "p@ss/word");
        assert!(url.with_password("another".into()).is_none());
    }

    #[test]
    fn user_and_password_are_decoded_and_never_shown() {
        let url = RedisUrl::parse("redis://me:p%40ss%2Fword@cache:1").unwrap();
        assert_eq!(url.login.user.as_deref(), Some("me"));
        let password = url.login.password.as_ref().unwrap();
        assert_eq!(password.expose_secret(), "p@ss/word");
        assert!(!format!("{url:?}").contains("p@ss"));
        let url = RedisUrl::parse("redis://:word@cache").unwrap();
        assert_eq!(url.login.user, None);
    }

    #[test]
    fn what_is_wrong_is_told() {
        use RedisUrlError as E;
        for (text, wrong) in [
            ("cache:6379", E::Scheme),
            ("http://cache", E::Scheme),
            ("redis+://cache", E::Scheme),
            ("redis+x://cache", E::Scheme),
            ("redis://", E::Host),
            ("redis://a,b", E::Host),
            ("redis://a:0", E::Host),
            ("redis://a:70000", E::Host),
            ("redis://[::1", E::Host),
            ("redis://[::1]7", E::Host),
            ("redis+cluster://a,", E::Host),
            ("redis://a/x", E::Database),
            ("redis://a/-1", E::Database),
            ("redis+cluster://a/1", E::ClusterPath),
            ("redis+sentinel://a,b", E::Master),
            ("redis://a?x=1", E::Parameter),
            ("rediss://a#insecure", E::Parameter),
            ("redis+sentinel://a/m?x=1", E::Parameter),
            ("redis+sentinel://a/m?sentinel_password=p@w", E::Parameter),
            ("redis://me:p?w@a", E::Parameter),
            ("redis://%ff:x@a", E::Login),
        ] {
            assert_eq!(RedisUrl::parse(text).unwrap_err(), wrong, "{text}");
        }
    }

    #[test]
    fn a_link_over_the_network_is_protected_by_tls_only() {
        let protected = |text| RedisUrl::parse(text).unwrap().is_protected();
        assert!(protected("redis://localhost") && protected("redis://[::1]"));
        assert!(protected("rediss://cache"));
        assert!(!protected("redis://cache"));
        assert!(!protected("redis+cluster://127.0.0.1,cache"));
    }
}
