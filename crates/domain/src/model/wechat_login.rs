//! What stands between a WeChat login and what it may ask of WeChat afterwards.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::model::wechat::{AppId, LoginCode, MalformedWeChatValue, OpenId, UnionId};

/// Who is there, as WeChat cloud hosting wrote it into the headers of a request.
///
/// The headers are worth something only where nobody else can write them: on
/// cloud hosting, from a trusted peer. From anywhere else they are a claim of
/// the sender's and must not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedIdentity {
    /// The application that the person is in.
    pub app_id: AppId,
    /// The person as that application knows them.
    pub openid: OpenId,
    /// The person as its Open Platform account knows them, if it is bound to one.
    pub union_id: Option<UnionId>,
}

impl HostedIdentity {
    /// Reads the headers; `header` answers the value of a lower-case name.
    ///
    /// Where an environment is shared with another application (resource
    /// sharing), the `x-wx-from-…` set names that application and its person,
    /// and the plain set the owner's: then the former replaces the latter as a
    /// whole. `None` if neither names an openid.
    ///
    /// # Errors
    ///
    /// [`MalformedWeChatValue`] if a set is broken: a value of the wrong shape,
    /// or an openid without its application.
    ///
    /// Source: WeChat cloud hosting, "access to user information".
    pub fn read<'a>(
        header: impl Fn(&'static str) -> Option<&'a str>,
    ) -> Result<Option<Self>, MalformedWeChatValue> {
        const FROM: [&str; 3] = ["x-wx-from-openid", "x-wx-from-appid", "x-wx-from-unionid"];
        const PLAIN: [&str; 3] = ["x-wx-openid", "x-wx-appid", "x-wx-unionid"];
        let said = |name| header(name).filter(|value| !value.is_empty());
        let [openid, app_id, union_id] = if FROM.into_iter().any(|name| said(name).is_some()) {
            FROM
        } else if said(PLAIN[0]).is_some() {
            PLAIN
        } else {
            return Ok(None);
        };
        Ok(Some(Self {
            openid: OpenId::parse(said(openid).unwrap_or_default())?,
            app_id: AppId::parse(said(app_id).unwrap_or_default())?,
            union_id: said(union_id).map(UnionId::parse).transpose()?,
        }))
    }
}

/// What a login shows to WeChat's gateway.
#[derive(Debug, Clone, Copy)]
pub enum LoginProof<'a> {
    /// A code, good for one exchange.
    Code(&'a LoginCode),
    /// What cloud hosting vouches for already.
    Hosted(&'a HostedIdentity),
}

/// Leave to read one person's profile once: the token that came with an OAuth2
/// login. It is a credential, so it is dropped after use, never stored and never
/// printed.
#[derive(Clone)]
pub struct ProfileTicket {
    openid: OpenId,
    token: SecretString,
}

impl ProfileTicket {
    /// The token of this person.
    #[must_use]
    pub fn new(openid: OpenId, token: SecretString) -> Self {
        Self { openid, token }
    }

    /// Whose profile it opens.
    #[must_use]
    pub fn openid(&self) -> &OpenId {
        &self.openid
    }

    /// The token, for WeChat alone.
    #[must_use]
    pub fn expose_token(&self) -> &str {
        self.token.expose_secret()
    }
}

impl fmt::Debug for ProfileTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProfileTicket(…)")
    }
}

/// How suspicious a person is to WeChat: 0 (not at all) to 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RiskRank(u8);

impl RiskRank {
    /// Takes 0 to 4; `None` for anything else.
    #[must_use]
    pub fn new(rank: u8) -> Option<Self> {
        (rank <= 4).then_some(Self(rank))
    }

    /// The rank, 0 to 4.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

/// What WeChat says about a person's risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRisk {
    /// It says nothing: the person was not in the mini-program in the last two
    /// hours, the application may not ask, or there was no answer. Unknown is
    /// neither safe nor suspicious, and blocks nobody.
    Unknown,
    /// It ranks the person.
    Rank(RiskRank),
}

impl UserRisk {
    /// True if the person is ranked at `threshold` or worse.
    #[must_use]
    pub fn reaches(self, threshold: RiskRank) -> bool {
        matches!(self, Self::Rank(rank) if rank >= threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
    const OTHER: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJF";
    const UNIONID: &str = "ocMvos6NjeKLIBqg5Mr9QjxrP1FA";

    fn read(headers: &[(&str, &str)]) -> Result<Option<HostedIdentity>, MalformedWeChatValue> {
        let owned: Vec<_> = headers.to_vec();
        HostedIdentity::read(|name| {
            let found = owned.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        })
    }

    #[test]
    fn the_plain_headers_name_the_person() {
        let plain = [("x-wx-openid", OPENID), ("x-wx-appid", "wx1")];
        let identity = read(&plain).unwrap().unwrap();
        assert_eq!(identity.openid.as_str(), OPENID);
        assert_eq!(identity.app_id.as_str(), "wx1");
        assert_eq!(identity.union_id, None);
        let whole = [plain[0], plain[1], ("x-wx-unionid", UNIONID)];
        let identity = read(&whole).unwrap().unwrap();
        assert_eq!(identity.union_id.unwrap().as_str(), UNIONID);
    }

    #[test]
    fn the_set_of_a_shared_environment_replaces_the_plain_one_as_a_whole() {
        let identity = read(&[
            ("x-wx-openid", OPENID),
            ("x-wx-appid", "wx1"),
            ("x-wx-unionid", UNIONID),
            ("x-wx-from-openid", OTHER),
            ("x-wx-from-appid", "wx2"),
        ]);
        let identity = identity.unwrap().unwrap();
        assert_eq!(identity.openid.as_str(), OTHER);
        assert_eq!(identity.app_id.as_str(), "wx2");
        assert_eq!(identity.union_id, None, "the owner's unionid is not theirs");
    }

    #[test]
    fn no_openid_is_nobody_and_a_broken_set_is_refused() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("x-wx-appid", "wx1")]), Ok(None));
        assert_eq!(
            read(&[("x-wx-openid", ""), ("x-wx-appid", "wx1")]),
            Ok(None)
        );
        for broken in [
            &[("x-wx-openid", OPENID)][..],
            &[("x-wx-openid", "o'; --"), ("x-wx-appid", "wx1")],
            &[("x-wx-openid", OPENID), ("x-wx-appid", "wx 1")],
            &[
                ("x-wx-openid", OPENID),
                ("x-wx-appid", "wx1"),
                ("x-wx-unionid", "?"),
            ],
            &[
                ("x-wx-openid", OPENID),
                ("x-wx-appid", "wx1"),
                ("x-wx-from-appid", "wx2"),
            ],
        ] {
            assert!(read(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_ticket_does_not_print() {
        let openid = OpenId::parse(OPENID).unwrap();
        let ticket = ProfileTicket::new(openid, "t0ken".into());
        assert_eq!(format!("{ticket:?}"), "ProfileTicket(…)");
    }

    #[test]
    fn an_unknown_risk_reaches_nothing() {
        let at = |rank| RiskRank::new(rank).unwrap();
        assert!(RiskRank::new(5).is_none());
        assert!(!UserRisk::Unknown.reaches(at(0)));
        assert!(UserRisk::Rank(at(3)).reaches(at(3)));
        assert!(!UserRisk::Rank(at(2)).reaches(at(3)));
    }
}
