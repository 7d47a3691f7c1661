//! What operators and services can ask, as the documentation tells it.

use crate::http::kinds::{self as k, Kind};
use crate::http::operations::{BASE, Operation, Schemas};

const ASKED: &[&Kind] = &[&k::ADMIN_KEY_INVALID, &k::RATE_LIMITED, &k::NOT_FOUND];
const CHANGED: &[&Kind] = &[
    &k::ADMIN_KEY_INVALID,
    &k::FORBIDDEN,
    &k::RATE_LIMITED,
    &k::NOT_FOUND,
];

const LOOK: Operation = Operation {
    tag: "Administration",
    admin_key: true,
    kinds: &[ASKED],
    ..BASE
};
const CHANGE: Operation = Operation {
    method: "POST",
    kinds: &[CHANGED],
    ..LOOK
};

/// Every operation of operators and services. They are there where `admin.keys` has a
/// key, and 404 elsewhere.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/v1/token/introspect",
        tag: "For other services",
        summary: "What a token is worth",
        description: "RFC 7662, for services that hold an admin key: an access token or a refresh token, with its account and session. \
            Sees an ended session at once on the replica that ended it, within a second on the others. Whatever is wrong with a token, \
            the answer is `{\"active\":false}`. A token with the scope `onboarding` is worth nothing to other services. Failures carry \
            OAuth's `error` too.",
        form: Some("TokenForm"),
        answer: Schemas::Plain("IntrospectionJson"),
        kinds: &[ASKED],
        ..LOOK
    },
    Operation {
        path: "/v1/token/revoke",
        tag: "For other services",
        summary: "End what a token belongs to",
        description: "RFC 7009, for services that hold an admin key with the scope `write`: the session of an access token or a refresh token \
            ends, and both are worth nothing from then on, on all replicas. A token that is worth nothing already is no error.",
        form: Some("TokenForm"),
        answer: Schemas::Json,
        ..CHANGE
    },
    Operation {
        path: "/admin/v1/key",
        summary: "Whose key it is",
        description: "Answers the name and the scope of the key.",
        answer: Schemas::Envelope("OperatorJson"),
        ..LOOK
    },
    Operation {
        path: "/admin/v1/applications",
        summary: "List the applications",
        description: "The WeChat applications of the settings, with the platforms that they are bound to: what an openid or a unionid is searched for with.",
        answer: Schemas::Envelope("ApplicationsJson"),
        ..LOOK
    },
    Operation {
        method: "POST",
        path: "/admin/v1/users/search",
        summary: "Find an account",
        description: "By one of: `user_id`; `phone`; `openid` with its `app_id`; `union_id` with its `platform`. Answers one account in a line, or \
            none. What is looked for stands in the body, so that no log of a proxy has it.",
        body: Some("UserSearch"),
        answer: Schemas::Envelope("FoundJson"),
        kinds: &[ASKED, &[&k::INVALID_PHONE]],
        ..LOOK
    },
    Operation {
        path: "/admin/v1/users/{id}",
        summary: "See an account whole",
        description: "With identities, live sessions and the newest rows of the audit log. A key with the scope `read` sees personal data masked.",
        answer: Schemas::Envelope("WholeAccountJson"),
        ..LOOK
    },
    Operation {
        path: "/admin/v1/users/{id}/disable",
        summary: "Disable an account",
        description: "Its sessions end with the reason `disabled`, and nobody signs in to it. One that is disabled already stays so; one that its owner is \
            cancelling is refused, with the `reason`.",
        body: Some("ActRequest"),
        answer: Schemas::Envelope("AccountLineJson"),
        kinds: &[CHANGED, &[&k::ADMIN_CONFLICT]],
        ..CHANGE
    },
    Operation {
        path: "/admin/v1/users/{id}/enable",
        summary: "Enable an account",
        description: "Takes `disable` back. Sessions that ended stay ended.",
        body: Some("ActRequest"),
        answer: Schemas::Envelope("AccountLineJson"),
        kinds: &[CHANGED, &[&k::ADMIN_CONFLICT]],
        ..CHANGE
    },
    Operation {
        path: "/admin/v1/users/{id}/detach-phone",
        summary: "Take the phone number away",
        description: "For a number that its carrier gave to somebody else. All sessions of the account end with the reason `phone_changed`. The last way in \
            goes only with `even_the_last`.",
        body: Some("DetachRequest"),
        answer: Schemas::Envelope("AccountLineJson"),
        kinds: &[CHANGED, &[&k::ADMIN_CONFLICT, &k::LAST_IDENTITY]],
        ..CHANGE
    },
    Operation {
        path: "/admin/v1/users/merge",
        summary: "Merge two accounts",
        description: "All of `from` moves into `into`; the sessions of `from` end with the reason `merged`, and its id is an alias. By the same limits as when \
            people prove that both are theirs: `from` has no phone number, and the two hold nothing in the same place. `reason` names what \
            is in the way.",
        body: Some("MergeRequest"),
        answer: Schemas::Envelope("AccountLineJson"),
        kinds: &[CHANGED, &[&k::ADMIN_CONFLICT]],
        ..CHANGE
    },
    Operation {
        method: "DELETE",
        path: "/admin/v1/users/{id}/sessions",
        summary: "Sign somebody out everywhere",
        description: "Ends all live sessions of the account, with the reason `signed_out`.",
        answer: Schemas::Envelope("DoneJson"),
        ..CHANGE
    },
    Operation {
        method: "DELETE",
        path: "/admin/v1/users/{id}/sessions/{session_id}",
        summary: "Sign one device out",
        description: "Ends one live session of the account, with the reason `signed_out`.",
        answer: Schemas::Envelope("DoneJson"),
        ..CHANGE
    },
    Operation {
        path: "/admin/v1/sessions/end",
        summary: "Sign everybody out",
        description: "Ends the live sessions of the next accounts, with the reason `signed_out`. A call ends those of 200 accounts at most: go on with \
            `next_cursor` until it is null. `confirm` is the word `everybody`.",
        body: Some("EverybodyRequest"),
        answer: Schemas::Envelope("EndedPartJson"),
        ..CHANGE
    },
    Operation {
        path: "/admin/v1/audit-events",
        summary: "Read the audit log",
        description: "Newest first. All conditions hold together. `next_cursor` leads to the next page, with the same conditions.",
        optional_query: &[
            ("user_id", "About this account."),
            ("action", "Of this action, such as `login.refused`."),
            ("actor", "By the operator of this name."),
            (
                "address",
                "From this address (IPv6: from its /64). With `user_id` or `from`, and for keys with the scope `write` only.",
            ),
            ("from", "Not before, RFC 3339."),
            ("to", "Before, RFC 3339."),
            ("limit", "Rows of a page, 1 to 100; 50 if left out."),
            ("cursor", "`next_cursor` of the page before."),
        ],
        answer: Schemas::Envelope("AuditPageJson"),
        kinds: &[ASKED, &[&k::FORBIDDEN]],
        ..LOOK
    },
    Operation {
        method: "POST",
        path: "/admin/v1/sends/search",
        summary: "Messages to a number",
        description: "Newest first, each with what vendors said and what they reported later. Neither code nor text is on record.",
        body: Some("SendSearch"),
        answer: Schemas::Envelope("SendPageJson"),
        kinds: &[ASKED, &[&k::INVALID_PHONE]],
        ..LOOK
    },
    Operation {
        path: "/admin/v1/counters",
        summary: "The counters of a day",
        description: "Logins, new accounts, messages and codes, in all and hour by hour, and what each vendor was asked. The present hour is up to five \
            seconds old.",
        optional_query: &[
            ("date", "`YYYY-MM-DD`; today if left out."),
            (
                "offset",
                "How far clocks are ahead of UTC where the day is, such as `+08:00`; UTC if left out.",
            ),
        ],
        answer: Schemas::Envelope("CountersJson"),
        ..LOOK
    },
    Operation {
        path: "/admin/v1/signing-keys",
        summary: "List the signing keys",
        description: "Oldest first, as this replica knows them.",
        answer: Schemas::Envelope("SigningKeysJson"),
        ..LOOK
    },
    Operation {
        method: "DELETE",
        path: "/admin/v1/signing-keys/{kid}",
        summary: "Drop a signing key in an emergency",
        description: "What it signed is worth nothing: here at once, on other replicas within a minute. If it signs, the next key signs at once, or a new one.",
        answer: Schemas::Envelope("SigningKeysJson"),
        ..CHANGE
    },
    Operation {
        path: "/admin/v1/test-numbers",
        summary: "List the test numbers",
        description: "Those that operators made and that work; those of the settings are not among them.",
        answer: Schemas::Envelope("TestNumbersJson"),
        ..LOOK
    },
    Operation {
        path: "/admin/v1/test-numbers",
        summary: "Make a test number",
        description: "A fixed code and no message, for app-store reviewers, until its end, at most 90 days ahead. It works here at once, on other replicas \
            within twenty seconds, and takes the place of any other of the same number. Each use is audited. There may be 100.",
        body: Some("NewTestNumberJson"),
        answer: Schemas::Envelope("TestNumberJson"),
        kinds: &[
            CHANGED,
            &[&k::INVALID_PHONE, &k::PHONE_TAKEN, &k::ADMIN_CONFLICT],
        ],
        ..CHANGE
    },
    Operation {
        method: "DELETE",
        path: "/admin/v1/test-numbers/{id}",
        summary: "Take a test number back",
        description: "It works no more: here at once, on other replicas within twenty seconds.",
        answer: Schemas::Envelope("DoneJson"),
        ..CHANGE
    },
    Operation {
        path: "/admin/v1/webhooks/deliveries",
        summary: "What waits for receivers of events, and what died",
        description: "The deliveries that are not made, the latest first, with how each receiver does. All conditions hold together. `next_cursor` \
            leads to the next page, with the same conditions.",
        optional_query: &[
            ("state", "`pending` or `dead`."),
            ("receiver", "For the receiver of this name."),
            ("limit", "Rows of a page, 1 to 100; 50 if left out."),
            ("cursor", "`next_cursor` of the page before."),
        ],
        answer: Schemas::Envelope("WebhookDeliveriesJson"),
        ..LOOK
    },
    Operation {
        path: "/admin/v1/webhooks/deliveries/replay",
        summary: "Deliver events again",
        description: "With `event_id`, one event, dead or pending, to one `receiver` or to all that it did not reach; with `all`, the dead letters of one \
            `receiver` or of all, 500 at a time, the oldest first: ask again while `more` is true. What is replayed is due at once, and is tried \
            for another 24 hours.",
        body: Some("WebhookReplayRequest"),
        answer: Schemas::Envelope("WebhookReplayJson"),
        ..CHANGE
    },
];
