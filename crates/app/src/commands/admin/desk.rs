//! The use cases of operators, over the database of the settings.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use menshen_domain::model::administration::ActReason;
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::identifiers::{SessionId, TestNumberId, UserId};
use menshen_domain::model::origin::Origin;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::record::{ActionWord, AuditFilter};
use menshen_domain::model::sms_code::SmsCode;
use menshen_domain::model::test_number::NewTestNumber;
use menshen_domain::ports::randomness::Randomness as _;
use menshen_domain::services::administration::{
    Act, Administration, AdministrationError, DaySpan, HourCache,
};
use menshen_domain::services::end_codes::EndCodes;
use menshen_token::system_randomness::SystemRandomness;
use serde::Serialize;

use super::arguments::{By, Change, Form, Format, Part, TestNumbers, Work};
use super::lost_here::LostHere;
use super::table::table;
use crate::clock::ServerClock;
use crate::commands::good_settings;
use crate::commands::operator::who_runs_it;
use crate::http::admin::counters_json::CountersJson;
use crate::http::admin::json::{
    AccountLineJson, AuditPageJson, DoneJson, FoundJson, SendPageJson, TestNumberJson,
    TestNumbersJson, WholeAccountJson,
};
use crate::http::admin::{UserSearch, found_by, list_part, minutes_ahead};
use crate::http::error::ApiError;
use crate::logging;
use crate::settings::Settings;
use crate::wiring::{self, StartError};

/// Carries out what needs the database.
pub(super) async fn run(work: Work, file: Option<&Path>) -> Result<(), StartError> {
    let (settings, _) = good_settings(file)?;
    logging::start(&settings.log);
    let database = wiring::database(&settings).await?;
    wiring::check_schema(&database).await?;
    let clock = Arc::new(ServerClock::of(&database).await?);
    let (store, keyring, _) = wiring::keys(&settings, &database).await?;
    let store = Arc::new(store);
    let lost = Arc::new(LostHere::default());
    let desk = Administration {
        accounts: store.clone(),
        sessions: store.clone(),
        reader: store.clone(),
        test_numbers: store.clone(),
        end_codes: Arc::new(EndCodes {
            codes: wiring::codes(&settings, &keyring)?,
        }),
        notices: lost.clone(),
        audit: store.clone(),
        mac: keyring.clone(),
        clock: clock.clone(),
        randomness: Arc::new(SystemRandomness),
        hours: HourCache::default(),
    };
    let done = Desk {
        desk,
        settings: &settings,
    }
    .carry_out(work)
    .await;
    lost.tell(&settings, &store, &keyring, clock).await;
    database.close().await?;
    done
}

/// What the commands work with.
struct Desk<'a> {
    desk: Administration,
    settings: &'a Settings,
}

impl Desk<'_> {
    async fn carry_out(&self, work: Work) -> Result<(), StartError> {
        match work {
            Work::Find { by, form } => self.find(by, form).await,
            Work::Show { user, form } => {
                let seen = self.desk.see(&act("users.see"), user_id(&user)?).await;
                print(form, &WholeAccountJson::new(&seen.map_err(told)?, true))
            }
            Work::Disable(change) => {
                let (act, user) = change_of("users.disable", &change)?;
                let account = self.desk.disable(&act, user).await.map_err(told)?;
                print(change.form, &AccountLineJson::from(&account))
            }
            Work::Enable(change) => {
                let (act, user) = change_of("users.enable", &change)?;
                let account = self.desk.enable(&act, user).await.map_err(told)?;
                print(change.form, &AccountLineJson::from(&account))
            }
            Work::DetachPhone {
                change,
                even_the_last,
            } => {
                let (act, user) = change_of("users.detach_phone", &change)?;
                let detached = self.desk.detach_phone(&act, user, even_the_last).await;
                print(
                    change.form,
                    &AccountLineJson::from(&detached.map_err(told)?),
                )
            }
            Work::EndSessions {
                user,
                session,
                form,
            } => self.end_sessions(&user, session.as_deref(), form).await,
            Work::EndAllSessions { reason, form, .. } => self.end_everybody(&reason, form).await,
            Work::Merge {
                from,
                into,
                reason,
                form,
            } => {
                let act = act("users.merge").because(&reason)?;
                let (from, into) = (user_id(&from)?, user_id(&into)?);
                let account = self.desk.merge(&act, from, into).await.map_err(told)?;
                print(form, &AccountLineJson::from(&account))
            }
            Work::Audit {
                user,
                action,
                actor,
                address,
                from,
                to,
                part,
                form,
            } => {
                let action = action.as_deref().map(ActionWord::parse).transpose();
                let filter = AuditFilter {
                    user: user.as_deref().map(user_id).transpose()?,
                    action: action.map_err(|error| format!("--action: {error}"))?,
                    actor,
                    address,
                    from,
                    to,
                };
                if !filter.is_bounded() {
                    return Err("--address needs --user or --from".into());
                }
                self.audit(&filter, &part, form).await
            }
            Work::Sends { phone, part, form } => self.sends(&phone, &part, form).await,
            Work::Counters { date, offset, form } => {
                let minutes =
                    minutes_ahead(&offset).ok_or("--offset is written as +08:00 or -03:30")?;
                let now = self.desk.clock.now();
                let day = match date {
                    Some(date) => DaySpan::new(date, minutes)?,
                    None => DaySpan::today(now, minutes)?,
                };
                let counted = self.desk.count_day(&act("counters.show"), day).await;
                print(form, &CountersJson::from(&counted.map_err(told)?))
            }
            Work::TestNumbers { action } => self.test_numbers(action).await,
        }
    }

    async fn find(&self, by: By, form: Form) -> Result<(), StartError> {
        let search = UserSearch {
            user_id: by.id,
            phone: by.phone,
            app_id: by.app_id,
            openid: by.openid,
            platform: by.platform,
            union_id: by.union_id,
        };
        let apps = wiring::apps(self.settings)?;
        let by = found_by(&search, &apps).map_err(|error| wrong(&error))?;
        let found = self.desk.find(&act("users.search"), &by).await;
        let users = found.map_err(told)?;
        let users = users.iter().map(AccountLineJson::from).collect();
        print(form, &FoundJson { users })
    }

    async fn end_sessions(
        &self,
        user: &str,
        session: Option<&str>,
        form: Form,
    ) -> Result<(), StartError> {
        let which = match session {
            None => SessionsOf::All,
            Some(id) => SessionsOf::One(SessionId::parse(id).ok_or("--session is not an id")?),
        };
        let act = act("users.end_sessions");
        let ended = self.desk.end_sessions(&act, user_id(user)?, which).await;
        let count = ended.map_err(told)?.len();
        print(form, &DoneJson { count })
    }

    async fn end_everybody(&self, reason: &str, form: Form) -> Result<(), StartError> {
        let act = act("sessions.end_everybody").because(reason)?;
        let (mut count, mut after) = (0, None);
        loop {
            let part = self.desk.end_everybody(&act, after).await.map_err(told)?;
            count += part.sessions;
            after = part.next;
            if after.is_none() {
                return print(form, &DoneJson { count });
            }
        }
    }

    async fn audit(&self, filter: &AuditFilter, part: &Part, form: Form) -> Result<(), StartError> {
        let page = list_part(Some(part.limit), part.cursor.as_deref());
        let page = page.map_err(|error| wrong(&error))?;
        let act = act("audit_events.list");
        let listed = self.desk.audit_events(&act, filter, page).await;
        print(form, &AuditPageJson::new(&listed.map_err(told)?, true))
    }

    async fn sends(&self, phone: &str, part: &Part, form: Form) -> Result<(), StartError> {
        let page = list_part(Some(part.limit), part.cursor.as_deref());
        let page = page.map_err(|error| wrong(&error))?;
        let phone = PhoneNumber::parse(phone)?;
        let listed = self.desk.sends(&act("sends.search"), &phone, page).await;
        print(form, &SendPageJson::new(&listed.map_err(told)?, true))
    }

    async fn test_numbers(&self, action: TestNumbers) -> Result<(), StartError> {
        match action {
            TestNumbers::List { form } => {
                let all = self.desk.test_numbers(&act("test_numbers.list")).await;
                let test_numbers = all.map_err(told)?;
                let test_numbers = test_numbers.iter().map(TestNumberJson::from).collect();
                print(form, &TestNumbersJson { test_numbers })
            }
            TestNumbers::Add {
                phone,
                code,
                until,
                note,
                form,
            } => {
                let new = new_test_number(&phone, &code, until, note.as_deref())?;
                let act = act("test_numbers.make");
                let made = self.desk.make_test_number(&act, new).await;
                print(form, &TestNumberJson::from(&made.map_err(told)?))
            }
            TestNumbers::Remove { id, form } => {
                let id = TestNumberId::parse(&id).ok_or("this is not an id")?;
                let act = act("test_numbers.remove");
                let removed = self.desk.remove_test_number(&act, id).await;
                removed.map_err(told)?;
                print(form, &DoneJson { count: 1 })
            }
        }
    }
}

fn new_test_number(
    phone: &str,
    code: &str,
    until: DateTime<Utc>,
    note: Option<&str>,
) -> Result<NewTestNumber, StartError> {
    let note = note.map(ActReason::parse).transpose();
    let note = note.map_err(|error| format!("--note: {error}"))?;
    Ok(NewTestNumber {
        phone: PhoneNumber::parse(phone)?,
        code: SmsCode::parse(code)?,
        until,
        note: note.map(|note| note.as_str().to_owned()),
    })
}

/// Who runs the command, and from this machine.
pub(in crate::commands) fn act(name: &'static str) -> Act {
    let mut id = [0; 16];
    SystemRandomness.fill(&mut id);
    Act {
        operator: who_runs_it(),
        name,
        origin: Origin {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: None,
            request_id: hex::encode(id),
        },
        reason: None,
    }
}

trait Because: Sized {
    fn because(self, reason: &str) -> Result<Self, StartError>;
}

impl Because for Act {
    fn because(mut self, reason: &str) -> Result<Self, StartError> {
        let reason = ActReason::parse(reason).map_err(|error| format!("--reason: {error}"))?;
        self.reason = Some(reason);
        Ok(self)
    }
}

fn change_of(name: &'static str, change: &Change) -> Result<(Act, UserId), StartError> {
    Ok((act(name).because(&change.reason)?, user_id(&change.user)?))
}

fn user_id(text: &str) -> Result<UserId, StartError> {
    Ok(UserId::parse(text).ok_or("an account's id is 36 characters, as in access tokens")?)
}

/// A failure in a sentence.
fn told(error: AdministrationError) -> StartError {
    match error {
        AdministrationError::NotFound => "there is no such account, session or number".into(),
        other => other.into(),
    }
}

/// Which argument is wrong.
pub(in crate::commands) fn wrong(error: &ApiError) -> StartError {
    let fields = error.details.fields.iter();
    let words: Vec<_> = fields
        .map(|(name, fault)| format!("--{} {}", name.replace('_', "-"), fault.messages().1))
        .collect();
    words.join(", ").into()
}

pub(in crate::commands) fn print(form: Form, data: &impl Serialize) -> Result<(), StartError> {
    match form.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(data)?),
        Format::Table => print!("{}", table(&serde_json::to_value(data)?)),
    }
    Ok(())
}
