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
}

impl Endpoint {
    pub(crate) const ALL: [Self; 4] = [
        Self::Code2Session,
        Self::OauthAccessToken,
        Self::PhoneNumber,
        Self::StableToken,
    ];

    /// The path below the base address.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Code2Session => "/sns/jscode2session",
            Self::OauthAccessToken => "/sns/oauth2/access_token",
            Self::PhoneNumber => "/wxa/business/getuserphonenumber",
            Self::StableToken => "/cgi-bin/stable_token",
        }
    }
}

/// What an error code obliges us to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// WeChat is busy for a moment: one more try, then unavailable.
    Retry,
    /// Our access token is dead: renew it once and repeat the call.
    RenewToken,
    /// The code is no good: the client fetches a fresh one.
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
/// `phonenumber.getPhoneNumber` and `getStableAccessToken`, and the global list
/// of return codes.
pub(crate) fn duty(endpoint: Endpoint, errcode: i64) -> Duty {
    use Endpoint::{Code2Session, OauthAccessToken, PhoneNumber, StableToken};
    match (errcode, endpoint) {
        (-1, _) => Duty::Retry,

        // The token was replaced or has expired; at the token's own endpoint the
        // same 40001 means that the secret is wrong.
        (40001 | 40014 | 42001, PhoneNumber) => Duty::RenewToken,
        (40001 | 40014, StableToken | Code2Session | OauthAccessToken) => {
            Duty::Misconfigured(SETTINGS)
        }

        // Here 40013 says that the code was issued to another application.
        (40013, PhoneNumber) => Duty::RefuseCode,
        (40003 | 40029 | 40030 | 40163 | 41008 | 42002 | 42003 | 42007, e) if e != StableToken => {
            Duty::RefuseCode
        }
        (40226 | 50001 | 50002, e) if e != StableToken => Duty::BlockLogin,

        (44991 | 45011, _) => Duty::SlowDown,
        (45009, _) => Duty::QuotaGone,

        (89507, _) => Duty::Misconfigured(HOUR),
        (89506, _) => Duty::Misconfigured(DAY),
        (
            40002
            | 40013
            | 40033
            | 40097
            | 40125
            | 40164
            | 40230..=40240
            | 40243
            | 41001..=41004
            | 43001..=43003
            | 43302
            | 44002
            | 47001
            | 48001
            | 48004
            | 48017
            | 50004
            | 50007
            | 89501
            | 89503,
            _,
        ) => Duty::Misconfigured(SETTINGS),

        _ => Duty::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Endpoint::{Code2Session, OauthAccessToken, PhoneNumber, StableToken};

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
            assert_eq!(duty(PhoneNumber, code), Duty::RenewToken);
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
    fn limits_quotas_and_the_unknown() {
        for endpoint in Endpoint::ALL {
            assert_eq!(duty(endpoint, -1), Duty::Retry);
            assert_eq!(duty(endpoint, 45011), Duty::SlowDown);
            assert_eq!(duty(endpoint, 45009), Duty::QuotaGone);
            assert_eq!(duty(endpoint, 99999), Duty::Unknown);
        }
    }
}
