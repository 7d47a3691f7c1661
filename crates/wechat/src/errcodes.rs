//! WeChat's error codes, and what each obliges us to do.
//!
//! One number can mean different things to different calls, so the call is part
//! of the question.

use std::time::Duration;

/// The calls that this adapter makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    /// `auth.code2Session`: login codes of mini-programs.
    Code2Session,
    /// `snsAccessToken`: login codes of native apps and websites.
    OauthAccessToken,
    /// `phonenumber.getPhoneNumber`: codes of the phone button.
    PhoneNumber,
    /// `getStableAccessToken`: our own token.
    StableToken,
    /// `snsUserInfo`: the profile of who signed in by OAuth2.
    UserInfo,
    /// `getUserRiskRank`: how suspicious who signs up is.
    UserRiskRank,
    /// `checkSessionKey`: whether a session key is still alive.
    CheckSession,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 7] = [
        Self::Code2Session,
        Self::OauthAccessToken,
        Self::PhoneNumber,
        Self::StableToken,
        Self::UserInfo,
        Self::UserRiskRank,
        Self::CheckSession,
    ];

    /// The path below the base address.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Code2Session => "/sns/jscode2session",
            Self::OauthAccessToken => "/sns/oauth2/access_token",
            Self::PhoneNumber => "/wxa/business/getuserphonenumber",
            Self::StableToken => "/cgi-bin/stable_token",
            Self::UserInfo => "/sns/userinfo",
            Self::UserRiskRank => "/wxa/getuserriskrank",
            Self::CheckSession => "/wxa/checksession",
        }
    }

    /// The name that metrics show.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Code2Session => "code2session",
            Self::OauthAccessToken => "oauth_access_token",
            Self::PhoneNumber => "phone_number",
            Self::StableToken => "stable_token",
            Self::UserInfo => "user_info",
            Self::UserRiskRank => "user_risk_rank",
            Self::CheckSession => "check_session",
        }
    }

    /// True if the call spends a code that is good for one use.
    pub(crate) const fn spends_a_code(self) -> bool {
        matches!(
            self,
            Self::Code2Session | Self::OauthAccessToken | Self::PhoneNumber
        )
    }

    /// True if the call carries our own access token.
    pub(crate) const fn carries_our_token(self) -> bool {
        matches!(
            self,
            Self::PhoneNumber | Self::UserRiskRank | Self::CheckSession
        )
    }
}

/// What an error code obliges us to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// WeChat is busy for a moment: one more try, then unavailable.
    Retry,
    /// Our access token is dead: renew it once and repeat the call.
    RenewToken,
    /// What was shown of the user (a code, a ticket, a key, an openid) is no
    /// good, and only the client can bring a fresh one.
    RefuseCode,
    /// WeChat blocks this person: never try again.
    BlockLogin,
    /// A limit is reached: wait.
    SlowDown,
    /// The day's quota is gone: leave WeChat alone for a while.
    QuotaGone,
    /// Our credentials, settings or requests are refused; asking again before
    /// this time has passed is of no use.
    Misconfigured(Duration),
    /// Nothing that is documented.
    Unknown,
}

/// How long a limit of WeChat lasts.
pub(crate) const MINUTE: Duration = Duration::from_mins(1);
/// How long a refusal of our settings is remembered.
const SETTINGS: Duration = Duration::from_secs(45);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The duty that `errcode` brings when `endpoint` answers it.
///
/// Source: the error tables of `auth.code2Session`, `snsAccessToken`,
/// `snsUserInfo`, `phonenumber.getPhoneNumber`, `getUserRiskRank`,
/// `checkSessionKey` and `getStableAccessToken`, and the global list of return
/// codes.
pub(crate) fn duty(endpoint: Endpoint, errcode: i64) -> Duty {
    use Endpoint::{CheckSession, PhoneNumber, StableToken, UserInfo, UserRiskRank};
    match (errcode, endpoint) {
        (-1, _) => Duty::Retry,

        // Our token was replaced or has expired; at the token's own endpoint
        // 40001 means a wrong secret.
        (40001 | 40014 | 42001, e) if e.carries_our_token() => Duty::RenewToken,

        // The code was issued to another application; the user's own token is
        // dead; the session key is; the person was not here for two hours.
        (40013, PhoneNumber)
        | (40001 | 40014 | 42001, UserInfo)
        | (87007 | 87009, CheckSession)
        | (61010, UserRiskRank) => Duty::RefuseCode,
        (40003 | 40029 | 40030 | 40163 | 41008 | 42002 | 42003 | 42007, e) if e != StableToken => {
            Duty::RefuseCode
        }
        (40226 | 50001 | 50002, e) if e != StableToken => Duty::BlockLogin,

        (44991 | 45011, _) => Duty::SlowDown,
        (45009, _) => Duty::QuotaGone,

        (89507, _) => Duty::Misconfigured(HOUR),
        (89506, _) => Duty::Misconfigured(DAY),
        (
            40001
            | 40002
            | 40013
            | 40014
            | 40033
            | 40097
            | 40125
            | 40129
            | 40164
            | 40230..=40240
            | 40243
            | 41001..=41004
            | 43001..=43003
            | 43104
            | 43302
            | 44002
            | 47001
            | 48001
            | 48004
            | 48017
            | 50004
            | 50007
            | 87008
            | 89501
            | 89503
            | 9_410_009,
            _,
        ) => Duty::Misconfigured(SETTINGS),

        _ => Duty::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Endpoint::{
        CheckSession, Code2Session, OauthAccessToken, PhoneNumber, StableToken, UserInfo,
        UserRiskRank,
    };

    #[test]
    fn a_bad_code_is_the_users_affair_and_nobody_elses() {
        for endpoint in [Code2Session, OauthAccessToken, PhoneNumber] {
            assert_eq!(duty(endpoint, 40029), Duty::RefuseCode);
            assert_eq!(duty(endpoint, 40163), Duty::RefuseCode);
            assert_eq!(duty(endpoint, 41008), Duty::RefuseCode);
        }
        assert_eq!(duty(StableToken, 40029), Duty::Unknown);
        assert_eq!(duty(Code2Session, 40226), Duty::BlockLogin);
    }

    #[test]
    fn one_number_means_different_things_to_different_calls() {
        assert_eq!(duty(PhoneNumber, 40001), Duty::RenewToken);
        assert_eq!(duty(StableToken, 40001), Duty::Misconfigured(SETTINGS));
        assert_eq!(duty(PhoneNumber, 40013), Duty::RefuseCode);
        assert_eq!(duty(Code2Session, 40013), Duty::Misconfigured(SETTINGS));
    }

    #[test]
    fn the_token_family_is_renewed_only_where_a_token_is_sent() {
        for code in [40001, 40014, 42001] {
            for endpoint in [PhoneNumber, UserRiskRank, CheckSession] {
                assert_eq!(duty(endpoint, code), Duty::RenewToken);
            }
            assert_eq!(duty(UserInfo, code), Duty::RefuseCode, "the user's token");
            for endpoint in [Code2Session, OauthAccessToken, StableToken] {
                assert_ne!(duty(endpoint, code), Duty::RenewToken);
            }
        }
    }

    #[test]
    fn our_own_faults_are_told_apart_from_wechats() {
        for code in [
            40125, 40164, 40243, 41002, 43003, 47001, 48001, 40235, 89503,
        ] {
            for endpoint in Endpoint::ALL {
                assert_eq!(
                    duty(endpoint, code),
                    Duty::Misconfigured(SETTINGS),
                    "{code}"
                );
            }
        }
        assert_eq!(duty(StableToken, 89507), Duty::Misconfigured(HOUR));
        assert_eq!(duty(StableToken, 89506), Duty::Misconfigured(DAY));
    }

    #[test]
    fn a_dead_key_and_an_unknown_person_are_nobodys_fault() {
        for code in [87007, 87009, 40003] {
            assert_eq!(duty(CheckSession, code), Duty::RefuseCode);
        }
        for code in [61010, 40003] {
            assert_eq!(duty(UserRiskRank, code), Duty::RefuseCode);
        }
        assert_eq!(duty(CheckSession, 87008), Duty::Misconfigured(SETTINGS));
        for code in [40129, 43104, 48001, 9_410_009] {
            assert_eq!(duty(UserRiskRank, code), Duty::Misconfigured(SETTINGS));
        }
    }

    #[test]
    fn limits_quotas_and_the_unknown() {
        for endpoint in Endpoint::ALL {
            assert_eq!(duty(endpoint, -1), Duty::Retry);
            assert_eq!(duty(endpoint, 45011), Duty::SlowDown);
            assert_eq!(duty(endpoint, 45009), Duty::QuotaGone);
            assert_eq!(duty(endpoint, 99999), Duty::Unknown);
        }
    }
}
