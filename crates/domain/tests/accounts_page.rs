//! The tables of `docs/accounts.md`, run through the code.

mod support;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use menshen_domain::model::account::{Account, AccountStatus};
use menshen_domain::model::binding::{BindingDecision, BindingRefusal, decide_binding};
use menshen_domain::model::evidence::Evidence;
use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::linking::{Attach, Decision, LinkingPolicy, Refusal};
use menshen_domain::model::recycled::{
    IDLE, RecycledPhone, decide_doubtful, decide_doubtful_binding, suspect,
};
use support::people::{
    Holding, account, app, by_button, by_sms, cancelling, evidence, identity, openid, p, platform,
    union_id,
};
use support::world::World;
use support::{epoch, phone, secs, user};

const PAGE: &str = include_str!("../../../docs/accounts.md");

/// The rows of the table whose header begins so.
fn rows(header: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().trim_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    PAGE.lines()
        .skip_while(|line| !line.starts_with(header))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(cells)
        .collect()
}

fn proven(words: &str) -> Evidence {
    let mut number = None;
    let mut wechat = None;
    for word in words.split(" and ") {
        match word {
            "SMS" => number = Some(by_sms(&p())),
            "button" => number = Some(by_button(&p())),
            "WeChat" => wechat = Some(identity(&app(0), openid(0), Some(union_id(0)))),
            other => panic!("what is proven by {other:?}?"),
        }
    }
    evidence(number, wechat)
}

/// `A: the openid, another phone`, made as the `n`th.
fn one(words: &str, n: u32) -> (String, Account) {
    let (name, held) = words.split_once(": ").unwrap_or((words, ""));
    let mut one = account(n);
    for held in held.split(", ").filter(|held| !held.is_empty()) {
        one = match held {
            "the phone" => one.with_phone(&p()),
            "another phone" => one.with_phone(&phone(n)),
            "the openid" => one.with_openid(&app(0), openid(0)),
            "another openid" => one.with_openid(&app(0), openid(n)),
            "the unionid" => one.with_union_id(platform(0), union_id(0)),
            "another unionid" => one.with_union_id(platform(0), union_id(n)),
            "disabled" => one.with_status(AccountStatus::DISABLED),
            "cancelling" => one.with_status(cancelling()),
            other => panic!("what does {other:?} hold?"),
        };
    }
    (name.to_owned(), one)
}

fn accounts(words: &str) -> Vec<(String, Account)> {
    if words == "none" {
        return Vec::new();
    }
    (1..)
        .zip(words.split("; "))
        .map(|(n, words)| one(words, n))
        .collect()
}

fn setting(words: &str) -> LinkingPolicy {
    let mut policy = LinkingPolicy {
        merge: true,
        confirm_wechat_phone: false,
        restore: false,
        consented: true,
    };
    match words {
        "" => {}
        "merge = reject" => policy.merge = false,
        "sms_confirm" => policy.confirm_wechat_phone = true,
        "restore" => policy.restore = true,
        "no consent" => policy.consented = false,
        words if recycled(words).is_some() => {}
        other => panic!("which setting is {other:?}?"),
    }
    policy
}

/// The number is in doubt, and this is what the deployment does then.
fn recycled(words: &str) -> Option<RecycledPhone> {
    match words {
        "recycled = ask_wechat" => Some(RecycledPhone::AskWeChat),
        "recycled = new_account" => Some(RecycledPhone::NewAccount),
        _ => None,
    }
}

fn refused(refusal: Refusal) -> String {
    let status = if refusal == Refusal::Conflict {
        409
    } else {
        403
    };
    format!("{status} {}", refusal.as_str())
}

fn attached(attach: Attach) -> String {
    let parts = [
        (attach.phone, " + phone"),
        (attach.openid, " + openid"),
        (attach.union_id, " + unionid"),
    ];
    let named = parts.into_iter().filter(|(attached, _)| *attached);
    named.map(|(_, word)| word).collect()
}

/// The decision in the words of the page.
fn spoken(decision: &Decision, name: &dyn Fn(UserId) -> String) -> String {
    let (who, attach, left, audited) = match decision {
        Decision::Create => return "new account".to_owned(),
        Decision::Refuse(refusal) => return refused(*refusal),
        Decision::SignIn {
            user,
            attach,
            not_attached,
            conflict,
        } => (name(*user), attach, not_attached, *conflict),
        Decision::Merge {
            from,
            into,
            attach,
            not_attached,
        } => {
            let who = format!("{} into {}", name(*from), name(*into));
            (who, attach, not_attached, false)
        }
    };
    let mut words = who + &attached(*attach);
    for part in left {
        words += ", left ";
        words += part.as_str();
    }
    if audited {
        words += ", audited";
    }
    words
}

fn spoken_binding(
    decision: &BindingDecision,
    me: UserId,
    name: &dyn Fn(UserId) -> String,
) -> String {
    match decision {
        BindingDecision::Held => name(me),
        BindingDecision::Attach {
            attach,
            replaces_phone,
        } => {
            let replaced = if *replaces_phone { ", replaced" } else { "" };
            format!("{}{}{replaced}", name(me), attached(*attach))
        }
        BindingDecision::Merge { from, into, attach } => {
            format!("{} into {}{}", name(*from), name(*into), attached(*attach))
        }
        BindingDecision::Refuse(BindingRefusal::Login(refusal)) => refused(*refusal),
        BindingDecision::Refuse(BindingRefusal::PhoneTaken) => "409 phone_taken".to_owned(),
        BindingDecision::Refuse(BindingRefusal::IdentityTaken) => "409 identity_taken".to_owned(),
    }
}

/// When everybody was idle for long enough.
fn later() -> DateTime<Utc> {
    epoch() + IDLE + secs(3_600)
}

fn namer(named: &[(String, Account)]) -> impl Fn(UserId) -> String + use<> {
    let by_id: Vec<_> = named
        .iter()
        .map(|(name, one)| (one.id, name.clone()))
        .collect();
    move |id| {
        let found = by_id.iter().find(|(other, _)| *other == id);
        found.map_or_else(|| format!("{id}"), |(_, name)| name.clone())
    }
}

fn world(named: &[(String, Account)]) -> World {
    World(named.iter().map(|(_, one)| one.clone()).collect())
}

#[test]
fn every_login_of_the_page_ends_as_the_page_says() {
    let rows = rows("| rule | proven |");
    assert!(rows.len() >= 50, "{} rows", rows.len());
    let mut rules = BTreeSet::new();
    for row in rows {
        let [rule, words, matching, switch, outcome] = &row[..] else {
            panic!("{row:?}");
        };
        let named = accounts(matching);
        let evidence = proven(words);
        let decision = match recycled(switch) {
            None => world(&named).decide(&evidence, setting(switch)),
            Some(recycled) => {
                let found = world(&named).observe(&evidence, None);
                assert!(suspect(&evidence, &found, later()).is_some(), "{row:?}");
                decide_doubtful(&evidence, &found, setting(switch), recycled)
            }
        };
        assert_eq!(&spoken(&decision, &namer(&named)), outcome, "{row:?}");
        let matched = world(&named).observe(&evidence, None).matched().count();
        assert_eq!(
            matched,
            named.len(),
            "every account of the row matches: {row:?}"
        );
        rules.insert(rule.clone());
    }
    let all = [
        "1",
        "2",
        "2, exception",
        "3a",
        "3b",
        "3c",
        "4",
        "any",
        "recycled",
    ];
    assert_eq!(rules, all.map(str::to_owned).into());
}

#[test]
fn every_binding_of_the_page_ends_as_the_page_says() {
    let rows = rows("| proven | the caller's account |");
    assert!(rows.len() >= 20, "{} rows", rows.len());
    for row in rows {
        let [words, caller, matching, switch, outcome] = &row[..] else {
            panic!("{row:?}");
        };
        let mut named = accounts(matching);
        // The caller's account is younger than those that it meets.
        let (name, mut me) = one(caller, 90);
        me.id = user(90);
        named.push((name, me.clone()));
        let evidence = proven(words);
        let found = world(&named).observe(&evidence, Some(me.id));
        let decision = match recycled(switch) {
            None => decide_binding(&me, &evidence, &found, setting(switch)),
            Some(recycled) => {
                assert!(suspect(&evidence, &found, later()).is_some(), "{row:?}");
                decide_doubtful_binding(&me, &evidence, &found, setting(switch), recycled)
            }
        };
        assert_eq!(
            &spoken_binding(&decision, me.id, &namer(&named)),
            outcome,
            "{row:?}"
        );
    }
}
