//! What a URL names, as the driver wants to be told.

use deadpool_redis::redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use deadpool_redis::redis::{
    Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo as _, ProtocolVersion,
    RedisConnectionInfo, RedisError, RedisResult, TlsCertificates, TlsMode,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::url::{Host, Login, Place, RedisUrl};

impl RedisUrl {
    /// One of its servers, and who connects to it.
    pub(crate) fn server(&self, host: &Host, database: i64) -> RedisResult<ConnectionInfo> {
        let mut session = RedisConnectionInfo::default()
            .set_db(database)
            .set_protocol(ProtocolVersion::RESP2);
        if let Some(user) = &self.login.user {
            session = session.set_username(user);
        }
        if let Some(password) = &self.login.password {
            session = session.set_password(password.expose_secret());
        }
        let info = self.address(host).into_connection_info()?;
        let info = info.set_redis_settings(session);
        match self.certificates() {
            // The driver reads certificates nowhere else than here.
            Some(certificates) => {
                let client = Client::build_with_tls(info, certificates)?;
                Ok(client.get_connection_info().clone())
            }
            None => Ok(info),
        }
    }

    /// The authorities to believe instead of the system's.
    pub(crate) fn certificates(&self) -> Option<TlsCertificates> {
        let authorities = self.authorities.as_ref().filter(|_| self.tls)?;
        Some(TlsCertificates {
            client_tls: None,
            root_cert: Some(authorities.to_vec()),
        })
    }

    /// Who asks the sentinels for the master.
    pub(crate) fn sentinels(&self) -> RedisResult<SentinelClient> {
        let Place::Sentinels {
            sentinels,
            login,
            master,
            database,
        } = &self.place
        else {
            let wrong = (ErrorKind::InvalidClientConfig, "no sentinels");
            return Err(RedisError::from(wrong));
        };
        let addresses = sentinels.iter().map(|host| self.address(host));
        let mut client = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
            .set_client_to_sentinel_protocol(ProtocolVersion::RESP2)
            .set_client_to_redis_protocol(ProtocolVersion::RESP2)
            .set_client_to_redis_db(*database);
        let (user, password) = spelt(login);
        if let Some(user) = user {
            client = client.set_client_to_sentinel_username(user);
        }
        if let Some(password) = password {
            client = client.set_client_to_sentinel_password(password);
        }
        let (user, password) = spelt(&self.login);
        if let Some(user) = user {
            client = client.set_client_to_redis_username(user);
        }
        if let Some(password) = password {
            client = client.set_client_to_redis_password(password);
        }
        if self.tls {
            client = client.set_client_to_redis_tls_mode(TlsMode::Secure);
        }
        if let Some(certificates) = self.certificates() {
            client = client
                .set_client_to_sentinel_certificates(certificates.clone())
                .set_client_to_redis_certificates(certificates);
        }
        client.build()
    }

    fn address(&self, host: &Host) -> ConnectionAddr {
        if self.tls {
            ConnectionAddr::TcpTls {
                host: host.name.clone(),
                port: host.port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host.name.clone(), host.port)
        }
    }
}

fn spelt(login: &Login) -> (Option<&str>, Option<&str>) {
    let password = login.password.as_ref();
    (
        login.user.as_deref(),
        password.map(SecretString::expose_secret),
    )
}
