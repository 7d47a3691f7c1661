//! What WeChat names: applications, people and the codes that prove them.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::model::client::ClientType;

/// The value does not have the shape that WeChat documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed {0}")]
pub struct MalformedWeChatValue(&'static str);

/// A WeChat application's id (`wx` and 16 hexadecimal digits), kept opaque.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId(String);

impl AppId {
    /// Takes 1 to 64 characters of `[A-Za-z0-9_-]`.
    ///
    /// # Errors
    ///
    /// [`MalformedWeChatValue`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MalformedWeChatValue> {
        if is_token(text, 1, 64) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MalformedWeChatValue("app id"))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of an Open Platform account; applications of one platform share
/// their unionids.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform(String);

impl Platform {
    /// Takes 1 to 64 characters of `[A-Za-z0-9_-]`.
    ///
    /// # Errors
    ///
    /// [`MalformedWeChatValue`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MalformedWeChatValue> {
        if is_token(text, 1, 64) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MalformedWeChatValue("platform name"))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! person_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $min:literal) => {
        $(#[$doc])*
        ///
        /// Compared as bytes: two values that differ only in letter case are two
        /// people. `Debug` shows the first six characters only.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Takes characters of `[A-Za-z0-9_-]`, at most 64 of them.
            ///
            /// # Errors
            ///
            /// [`MalformedWeChatValue`] for anything else, the empty text above all.
            pub fn parse(text: &str) -> Result<Self, MalformedWeChatValue> {
                if is_token(text, $min, 64) { Ok(Self(text.to_owned())) } else { Err(MalformedWeChatValue($what)) }
            }

            /// The value as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first six characters, fit for a log.
            #[must_use]
            pub fn masked(&self) -> String {
                format!("{}…", &self.0[..self.0.len().min(6)])
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.masked())
            }
        }
    };
}

person_id!(
    /// A person as one WeChat application knows them.
    OpenId, "openid", 20
);
person_id!(
    /// A person as all applications of one Open Platform account know them.
    UnionId, "unionid", 20
);

fn is_token(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The key that WeChat shares with us for one person's open data: base64 text of
/// 16 bytes. It never leaves the server.
#[derive(Clone)]
pub struct SessionKey(SecretString);

impl SessionKey {
    /// Takes the base64 text of 16 bytes, as `auth.code2Session` answers it.
    ///
    /// # Errors
    ///
    /// [`MalformedWeChatValue`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MalformedWeChatValue> {
        let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        match text.strip_suffix("==") {
            Some(body) if body.len() == 22 && body.bytes().all(base64) => Ok(Self(text.into())),
            _ => Err(MalformedWeChatValue("session key")),
        }
    }

    /// The base64 text, for sealing and for WeChat's own algorithms.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// 1 to 256 printable ASCII characters; a credential until it is spent.
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes 1 to 256 printable ASCII characters without spaces.
            ///
            /// # Errors
            ///
            /// [`MalformedWeChatValue`] for anything else.
            pub fn parse(text: &str) -> Result<Self, MalformedWeChatValue> {
                if (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
                    Ok(Self(text.into()))
                } else {
                    Err(MalformedWeChatValue($what))
                }
            }

            /// The code, for WeChat and for the keyed hash of the replay ledger.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

code!(
    /// What `wx.login` (or, for native apps and websites, the OAuth2 consent)
    /// gives; good for one exchange.
    LoginCode, "login code"
);
code!(
    /// What the getPhoneNumber button gives; not interchangeable with a
    /// [`LoginCode`].
    PhoneCode, "phone code"
);

/// The kind of a WeChat application; the codes of one kind are no good for
/// another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AppKind {
    /// A mini-program; its codes go to `auth.code2Session`.
    MiniProgram,
    /// A native app; its codes go to `sns/oauth2/access_token`.
    App,
    /// A website with QR login; its codes go to `sns/oauth2/access_token`.
    Website,
}

impl AppKind {
    /// The kind that a client of this type signs in with by default.
    #[must_use]
    pub fn of_client(client: ClientType) -> Self {
        match client {
            ClientType::MiniProgram => Self::MiniProgram,
            ClientType::App => Self::App,
            ClientType::Web => Self::Website,
        }
    }

    /// The identity provider that applications of this kind stand for.
    #[must_use]
    pub fn provider(self) -> Provider {
        match self {
            Self::MiniProgram => Provider::WeChatMiniProgram,
            Self::App => Provider::WeChatApp,
            Self::Website => Provider::WeChatWebsite,
        }
    }
}

/// An identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    /// A WeChat mini-program.
    WeChatMiniProgram,
    /// A native app on the WeChat Open Platform.
    WeChatApp,
    /// A website on the WeChat Open Platform.
    WeChatWebsite,
}

impl Provider {
    /// The stable word of the contract and of the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WeChatMiniProgram => "wechat_mini_program",
            Self::WeChatApp => "wechat_app",
            Self::WeChatWebsite => "wechat_website",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::WeChatMiniProgram,
            Self::WeChatApp,
            Self::WeChatWebsite,
        ]
        .into_iter()
        .find(|provider| provider.as_str() == text)
    }
}

/// One WeChat application of the deployment, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeChatApp {
    /// The application's id.
    pub id: AppId,
    /// What kind of application it is.
    pub kind: AppKind,
    /// The Open Platform account that it is bound to, if any.
    pub platform: Option<Platform>,
}

/// All WeChat applications of the deployment.
#[derive(Debug, Clone, Default)]
pub struct WeChatApps(Vec<WeChatApp>);

/// Why no application could be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppChoiceError {
    /// The id is not configured, or is of another kind than the request needs.
    #[error("no such application of this kind is configured")]
    Unknown,
    /// No id was given, and the deployment has none or several of the kind.
    #[error("which application is meant must be said")]
    Ambiguous,
}

impl WeChatApps {
    /// The applications of a deployment.
    #[must_use]
    pub fn new(apps: Vec<WeChatApp>) -> Self {
        Self(apps)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[WeChatApp] {
        &self.0
    }

    /// The application with this id, of any of these kinds.
    ///
    /// # Errors
    ///
    /// [`AppChoiceError::Unknown`] if there is none.
    pub fn named(&self, id: &AppId, kinds: &[AppKind]) -> Result<&WeChatApp, AppChoiceError> {
        self.0
            .iter()
            .find(|app| app.id == *id && kinds.contains(&app.kind))
            .ok_or(AppChoiceError::Unknown)
    }

    /// The application of any kind that `id` names, or the only one of `kind`.
    ///
    /// # Errors
    ///
    /// See [`AppChoiceError`].
    pub fn any_kind(
        &self,
        id: Option<&AppId>,
        kind: AppKind,
    ) -> Result<&WeChatApp, AppChoiceError> {
        const ANY: [AppKind; 3] = [AppKind::MiniProgram, AppKind::App, AppKind::Website];
        match id {
            Some(id) => self.named(id, &ANY),
            None => self.choose(None, kind),
        }
    }

    /// The application that `id` names, or the only one of `kind`.
    ///
    /// # Errors
    ///
    /// See [`AppChoiceError`].
    pub fn choose(&self, id: Option<&AppId>, kind: AppKind) -> Result<&WeChatApp, AppChoiceError> {
        if let Some(id) = id {
            return self.named(id, &[kind]);
        }
        let mut of_kind = self.0.iter().filter(|app| app.kind == kind);
        match (of_kind.next(), of_kind.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(AppChoiceError::Ambiguous),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openids_that_differ_in_case_are_two_people() {
        let lower = OpenId::parse("oabcdefghijklmnopqrstuvwxyz0").unwrap();
        let upper = OpenId::parse("oABCDEFGHIJKLMNOPQRSTUVWXYZ0").unwrap();
        assert_ne!(lower, upper);
    }

    #[test]
    fn an_empty_or_odd_openid_is_refused() {
        for text in [
            "",
            "o",
            "undefined",
            "o b c d e f g h i j k l m n",
            "null",
            &"o".repeat(65),
        ] {
            assert!(OpenId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let key = SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").unwrap();
        let code = LoginCode::parse("0a1b2c3d").unwrap();
        let openid = OpenId::parse("oGZUI0egBJY1zhBYw2KhdUfwVJJE").unwrap();
        assert_eq!(
            format!("{key:?} {code:?} {openid:?}"),
            "SessionKey(…) LoginCode(…) OpenId(oGZUI0…)"
        );
    }

    #[test]
    fn an_application_is_chosen_by_id_or_by_being_the_only_one() {
        let app = |id: &str, kind| WeChatApp {
            id: AppId::parse(id).unwrap(),
            kind,
            platform: None,
        };
        let apps = WeChatApps::new(vec![
            app("wx1", AppKind::MiniProgram),
            app("wx2", AppKind::App),
            app("wx3", AppKind::App),
        ]);
        assert_eq!(
            apps.choose(None, AppKind::MiniProgram).unwrap().id.as_str(),
            "wx1"
        );
        assert_eq!(
            apps.choose(None, AppKind::App),
            Err(AppChoiceError::Ambiguous)
        );
        assert_eq!(
            apps.choose(None, AppKind::Website),
            Err(AppChoiceError::Ambiguous)
        );
        let id = AppId::parse("wx2").unwrap();
        assert_eq!(apps.choose(Some(&id), AppKind::App).unwrap().id, id);
        assert_eq!(
            apps.choose(Some(&id), AppKind::MiniProgram),
            Err(AppChoiceError::Unknown)
        );
    }
}
