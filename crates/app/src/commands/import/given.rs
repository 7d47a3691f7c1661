//! What a row says of a person, and how it becomes one who can be imported.

use chrono::{DateTime, Utc};
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::imported_person::{
    ImportedDetails, ImportedPerson, ImportedPersonError, OpenIdKey, UnionIdKey, WaysIn,
};
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::profile::{Bio, Birthday};
use menshen_domain::model::region::Region;
use menshen_domain::model::wechat::{
    AppId, AppKind, OpenId, Platform, UnionId, WeChatApp, WeChatApps,
};
use menshen_domain::model::wechat_profile::WeChatProfile;

/// What a row says, in whatever format it came.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) id: Option<String>,
    pub(super) phone: Option<String>,
    /// Where the number is from, if the row tells.
    pub(super) region: Option<Region>,
    pub(super) identities: Vec<GivenIdentity>,
    pub(super) nickname: Option<String>,
    pub(super) avatar_url: Option<String>,
    pub(super) birthday: Option<String>,
    pub(super) bio: Option<String>,
    pub(super) created_at: Option<DateTime<Utc>>,
    pub(super) last_login_at: Option<DateTime<Utc>>,
    pub(super) disabled: bool,
}

/// An openid, a unionid, or both.
#[derive(Debug, Default)]
pub(super) struct GivenIdentity {
    pub(super) app: GivenApp,
    pub(super) openid: Option<String>,
    pub(super) union_id: Option<String>,
    pub(super) platform: Option<String>,
}

/// Which application is meant.
#[derive(Debug, Default)]
pub(super) enum GivenApp {
    /// `--app-id`, or the only one.
    #[default]
    Usual,
    /// The one of this id.
    Named(String),
    /// The only one of this kind.
    OfKind(AppKind),
}

/// What the deployment and the command say.
pub(super) struct Surroundings {
    pub(super) apps: WeChatApps,
    pub(super) usual_app: Option<AppId>,
    pub(super) platform: Option<Platform>,
    pub(super) region: Region,
}

/// A column, and what is wrong with it.
type Wrong = (&'static str, String);

const ANY_KIND: [AppKind; 3] = [AppKind::MiniProgram, AppKind::App, AppKind::Website];

impl Surroundings {
    /// Makes somebody of what was given, or says all that is wrong with it.
    ///
    /// What people show is cleaned as at a login by WeChat, where most of it comes from;
    /// a nickname or picture that is of no use is left out.
    pub(super) fn person(
        &self,
        given: Given,
        now: DateTime<Utc>,
    ) -> Result<ImportedPerson, Vec<String>> {
        let mut problems = Vec::new();
        let mut wrong = |name: &str, words: &dyn std::fmt::Display| {
            problems.push(format!("{name}: {words}"));
        };
        let region = given.region.unwrap_or(self.region);
        let mut ways_in = WaysIn::default();
        match given.phone.map(|text| PhoneNumber::parse_in(&text, region)) {
            Some(Ok(number)) => ways_in.phone = Some(number),
            Some(Err(error)) => wrong("phone", &error),
            None => {}
        }
        for identity in given.identities {
            match self.identity(&identity) {
                Ok((openid, union_id)) => {
                    ways_in.openids.extend(openid);
                    ways_in.union_ids.extend(union_id);
                }
                Err((name, words)) => wrong(name, &words),
            }
        }
        let id = match given.id.map(|text| UserId::parse(&text)) {
            Some(None) => {
                wrong("id", &ImportedPersonError::Id);
                None
            }
            other => other.flatten(),
        };
        let birthday = given.birthday.map(|text| Birthday::parse(&text, now));
        let birthday = birthday.transpose();
        let bio = given.bio.map(|text| Bio::parse(&text)).transpose();
        let (birthday, bio) = match (birthday, bio) {
            (Ok(birthday), Ok(bio)) => (birthday, bio),
            (birthday, bio) => {
                for (name, error) in [("birthday", birthday.err()), ("bio", bio.err())] {
                    if let Some(error) = error {
                        wrong(name, &error);
                    }
                }
                (None, None)
            }
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        let shown = WeChatProfile::cleaned(given.nickname.as_deref(), given.avatar_url.as_deref());
        let details = ImportedDetails {
            nickname: shown.nickname,
            avatar_url: shown.avatar_url,
            birthday,
            bio,
            created_at: given.created_at,
            last_login_at: given.last_login_at,
            disabled: given.disabled,
        };
        ImportedPerson::new(id, ways_in, details, now).map_err(|error| vec![error.to_string()])
    }

    fn identity(
        &self,
        given: &GivenIdentity,
    ) -> Result<(Option<OpenIdKey>, Option<UnionIdKey>), Wrong> {
        if given.openid.is_none() && given.union_id.is_none() {
            return Ok((None, None));
        }
        let app = self.app(&given.app);
        let openid = match &given.openid {
            None => None,
            Some(text) => {
                let app = app.clone().map_err(|words| ("app_id", words))?;
                let openid = OpenId::parse(text).map_err(|error| ("openid", error.to_string()))?;
                Some((app.kind.provider(), app.id.clone(), openid))
            }
        };
        let union_id = match &given.union_id {
            None => None,
            Some(text) => {
                let platform = self.platform(given.platform.as_deref(), app.ok())?;
                let union_id =
                    UnionId::parse(text).map_err(|error| ("unionid", error.to_string()))?;
                Some((platform, union_id))
            }
        };
        Ok((openid, union_id))
    }

    fn app(&self, given: &GivenApp) -> Result<&WeChatApp, String> {
        let named = |id: &AppId| {
            let app = self.apps.named(id, &ANY_KIND);
            app.map_err(|_| format!("{} is none of wechat.apps", id.as_str()))
        };
        match (given, self.apps.all()) {
            (GivenApp::Named(text), _) => {
                named(&AppId::parse(text).map_err(|error| error.to_string())?)
            }
            (GivenApp::OfKind(kind), _) => {
                let is_one = |id: &&AppId| self.apps.named(id, &[*kind]).is_ok();
                let usual = self.usual_app.as_ref().filter(is_one);
                let app = self.apps.choose(usual, *kind);
                app.map_err(|_| "say which application with --app".to_owned())
            }
            (GivenApp::Usual, all) => match (&self.usual_app, all) {
                (Some(id), _) => named(id),
                (None, [only]) => Ok(only),
                (None, _) => Err("say which application, here or with --app-id".to_owned()),
            },
        }
    }

    /// The platform that was named, or that of the application, or the only one.
    fn platform(&self, given: Option<&str>, app: Option<&WeChatApp>) -> Result<Platform, Wrong> {
        let mut all: Vec<&Platform> = self
            .apps
            .all()
            .iter()
            .flat_map(|app| &app.platform)
            .collect();
        all.sort_unstable();
        all.dedup();
        if let Some(text) = given {
            let named = all.into_iter().find(|one| one.as_str() == text);
            return named
                .cloned()
                .ok_or_else(|| ("platform", "none of wechat.apps is of it".to_owned()));
        }
        let of_app = app.and_then(|app| app.platform.clone());
        if let Some(platform) = self.platform.clone().or(of_app) {
            return Ok(platform);
        }
        match all.as_slice() {
            [only] => Ok((*only).clone()),
            _ => Err((
                "platform",
                "say which platform, here, with --platform or in wechat.apps".to_owned(),
            )),
        }
    }
}
