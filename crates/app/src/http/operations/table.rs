//! The operations that are there whatever the settings say, in the order in which
//! they are shown.

use crate::http::kinds::{self as k, Kind};
use crate::http::operations::{BASE, BEARER, Operation, Schemas};

const LOGIN: &[&Kind] = &[
    &k::CONSENT_REQUIRED,
    &k::ACCOUNT_DISABLED,
    &k::ACCOUNT_CANCELLING,
    &k::ACCOUNT_CONFLICT,
    &k::RATE_LIMITED,
];
const CODE: &[&Kind] = &[
    &k::INVALID_PHONE,
    &k::SMS_CODE_INCORRECT,
    &k::SMS_CODE_EXPIRED,
    &k::SMS_CODE_LOCKED,
    &k::RATE_LIMITED,
];
const WECHAT: &[&Kind] = &[
    &k::WECHAT_CODE_INVALID,
    &k::WECHAT_RISK_BLOCKED,
    &k::WECHAT_BUSY,
    &k::WECHAT_MISCONFIGURED,
    &k::WECHAT_UNAVAILABLE,
];

/// A number that may be somebody else's by now.
const RECYCLED: &[&Kind] = &[&k::IDENTITY_CONFIRMATION_REQUIRED];
/// What is done with an account as a whole.
const OWN: &[&Kind] = &[
    &k::STEP_UP_REQUIRED,
    &k::ACCOUNT_DISABLED,
    &k::ACCOUNT_CANCELLING,
];
const PUSH: &[&Kind] = &[&k::FORBIDDEN, &k::NOT_FOUND];
const OPEN_DATA: &[&Kind] = &[&k::DECRYPT_FAILED, &k::SIGNATURE_MISMATCH];

const IN: Operation = Operation {
    method: "POST",
    tag: "Signing in",
    idempotent: true,
    answer: Schemas::Envelope("LoginJson"),
    ..BASE
};
const ME: Operation = Operation {
    tag: "The signed-in person",
    bearer: true,
    ..BASE
};
const OTHERS: Operation = Operation {
    tag: "For other services",
    ..BASE
};

/// Those that are there whatever the settings say.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/v1/sms/codes",
        tag: "Signing in",
        summary: "Send a verification code",
        description: "Sends a 6-digit code; asked for again while it lives, the same code. `login` needs no token; \
            `bind_phone` and `step_up` belong to the bearer. A send whose outcome the vendor left open answers 200. \
            The answer does not depend on whether the number has an account. Where the deployment checks captchas, \
            one may have to come with the ask (`captcha_required`): what the client of its service gave, good once.",
        body: Some("CodeRequest"),
        answer: Schemas::Envelope("CodeSentJson"),
        kinds: &[
            &[
                &k::INVALID_PHONE,
                &k::REGION_NOT_ALLOWED,
                &k::CAPTCHA_REQUIRED,
                &k::CAPTCHA_INVALID,
                &k::RATE_LIMITED,
                &k::PHONE_REQUIRED,
                &k::PHONE_UNREACHABLE,
                &k::SMS_TOO_FREQUENT,
                &k::SMS_LIMIT_REACHED,
                &k::SMS_MISCONFIGURED,
                &k::SMS_UNAVAILABLE,
            ],
            BEARER,
        ],
        ..BASE
    },
    Operation {
        path: "/v1/login/sms",
        summary: "Sign in with phone number and code",
        description: "Makes the account the first time. A `wechat` member links the WeChat identity in the same step. \
            A 403 that asks for more does not spend the code.",
        body: Some("SmsLogin"),
        kinds: &[CODE, LOGIN, WECHAT, RECYCLED],
        ..IN
    },
    Operation {
        path: "/v1/login/wechat",
        summary: "Sign in with one tap in a mini-program",
        description: "Takes the code of `wx.login`. The same code from the same client within a minute answers the same session. \
            With `profile`, the open data is verified and decrypted with the key of this very code: its unionid counts, and a new \
            account shows its nickname and avatar. Where WeChat ranks a newcomer as a risk, a phone number is asked for: complete \
            the login with `/v1/login/sms` and the same code in `wechat`.",
        body: Some("WeChatLogin"),
        kinds: &[WECHAT, LOGIN, OPEN_DATA, &[&k::PHONE_CONFIRMATION_REQUIRED]],
        ..IN
    },
    Operation {
        path: "/v1/login/wechat-phone",
        summary: "Sign in with the getPhoneNumber button",
        description: "Phone number and openid end on one account, whichever was there before. WeChat bills each exchange of a \
            `phone_code`: with `phone_if_missing` it is left alone where the account has a number.",
        body: Some("WeChatPhoneLogin"),
        kinds: &[WECHAT, LOGIN, RECYCLED, &[&k::PHONE_CONFIRMATION_REQUIRED]],
        ..IN
    },
    Operation {
        path: "/v1/login/wechat-oauth",
        summary: "Sign in with WeChat in a native app or on a website",
        description: "Takes the OAuth2 code of the WeChat Open Platform; `client.type` `app` or `web` tells which kind of application. \
            A new account shows the person's nickname and avatar.",
        body: Some("OAuthLogin"),
        kinds: &[WECHAT, LOGIN],
        ..IN
    },
    Operation {
        method: "POST",
        path: "/v1/token/refresh",
        tag: "Tokens",
        summary: "Get the next token pair",
        description: "Each use gives a new refresh token. Two calls at once, or a late answer, do not fork the session; \
            a lost answer is recovered; a token that must not be in use any more ends the session.",
        body: Some("RefreshRequest"),
        answer: Schemas::Envelope("LoginJson"),
        kinds: &[&[
            &k::REFRESH_TOKEN_INVALID,
            &k::REFRESH_TOKEN_EXPIRED,
            &k::REFRESH_TOKEN_REUSED,
            &k::SESSION_REVOKED,
            &k::RATE_LIMITED,
        ]],
        ..BASE
    },
    Operation {
        method: "POST",
        path: "/v1/logout",
        tag: "Tokens",
        summary: "Sign out",
        description: "Ends this session, all others, or all. Signing out twice is no error.",
        bearer: true,
        body: Some("LogoutRequest"),
        body_required: false,
        answer: Schemas::Envelope("LogoutJson"),
        ..BASE
    },
    Operation {
        path: "/v1/me",
        summary: "Show the account",
        description: "Answers the account of the bearer.",
        answer: Schemas::Envelope("UserJson"),
        ..ME
    },
    Operation {
        method: "PATCH",
        path: "/v1/me",
        summary: "Edit the profile",
        description: "What is left out stays; `null` clears; a cleared nickname becomes a random one. Where PATCH cannot be sent, as by \
            `wx.request`: POST with the header `X-HTTP-Method-Override: PATCH`.",
        body: Some("ProfilePatch"),
        answer: Schemas::Envelope("UserJson"),
        ..ME
    },
    Operation {
        method: "DELETE",
        path: "/v1/me",
        summary: "Cancel the account",
        description: "Needs a login or step-up within the last five minutes. All sessions end at once; after the cooling-off \
            (`accounts.cancel_after`) what is personal is erased, and the number is free for a new account. Until then a login \
            answers `account_cancelling`, and one with `restore` takes the cancellation back.",
        answer: Schemas::Envelope("CancelledJson"),
        kinds: &[OWN],
        ..ME
    },
    Operation {
        method: "POST",
        path: "/v1/me/avatar",
        summary: "Upload an avatar",
        description: "One PNG, JPEG or WebP of at most 1 MiB and 4096 by 4096 points, as the file of a form: the name of the part does not \
            count, parts that are no files are passed over. What the file holds counts, not what it is called. Its middle square is \
            drawn anew with 256 by 256 points, and nothing else of it is kept. The picture before it is removed. A few times an hour \
            (`accounts.avatars_per_user_hour`). 404 where the deployment takes no pictures.",
        parts: Some("AvatarForm"),
        answer: Schemas::Envelope("UserJson"),
        kinds: &[&[
            &k::PAYLOAD_TOO_LARGE,
            &k::IMAGE_TOO_LARGE,
            &k::FILE_EXPECTED,
            &k::IMAGE_EXPECTED,
            &k::REQUEST_TIMEOUT,
            &k::RATE_LIMITED,
            &k::NOT_FOUND,
        ]],
        ..ME
    },
    Operation {
        path: "/v1/me/export",
        summary: "Get all that is held about you",
        description: "Needs a login or step-up within the last five minutes; a few times a day (`accounts.exports_per_day`). The newest \
            1 000 entries of each list. openid and unionid are masked; no key, token or hash is in it.",
        answer: Schemas::Envelope("ExportJson"),
        kinds: &[OWN, &[&k::RATE_LIMITED]],
        ..ME
    },
    Operation {
        method: "DELETE",
        path: "/v1/me/identities/{id}",
        summary: "Unlink an identity",
        description: "Needs a login or step-up within the last five minutes. All other sessions end. The last way in stays.",
        answer: Schemas::Envelope("UnlinkedJson"),
        kinds: &[OWN, &[&k::NOT_FOUND, &k::LAST_IDENTITY]],
        ..ME
    },
    Operation {
        method: "POST",
        path: "/v1/me/phone",
        summary: "Bind or change the phone number",
        description: "Takes `phone` and `code`, or `phone_code` of WeChat's button. If the number has an account, the two become one \
            where one of them has no number; after a merge the answer has a fresh token pair.",
        body: Some("PhoneBinding"),
        answer: Schemas::Envelope("BoundJson"),
        kinds: &[
            CODE,
            WECHAT,
            RECYCLED,
            &[
                &k::PHONE_TAKEN,
                &k::STEP_UP_REQUIRED,
                &k::PHONE_CONFIRMATION_REQUIRED,
                &k::ACCOUNT_DISABLED,
                &k::ACCOUNT_CANCELLING,
            ],
        ],
        ..ME
    },
    Operation {
        method: "POST",
        path: "/v1/me/step-up",
        summary: "Prove again who is there",
        description: "Takes a code of purpose `step_up`, or a WeChat login code of a linked identity. For five minutes, \
            what needs a recent proof is allowed in this session.",
        body: Some("StepUpRequest"),
        answer: Schemas::Envelope("StepUpJson"),
        kinds: &[CODE, WECHAT, &[&k::PHONE_REQUIRED]],
        ..ME
    },
    Operation {
        method: "POST",
        path: "/v1/me/wechat",
        summary: "Link a WeChat identity",
        description: "If the identity has an account, the two become one where one of them has no phone number.",
        body: Some("WeChatBinding"),
        answer: Schemas::Envelope("BoundJson"),
        kinds: &[
            WECHAT,
            &[
                &k::IDENTITY_TAKEN,
                &k::ACCOUNT_DISABLED,
                &k::ACCOUNT_CANCELLING,
            ],
        ],
        ..ME
    },
    Operation {
        method: "POST",
        path: "/v1/me/wechat/decrypt",
        summary: "Decrypt open data of WeChat",
        description: "Verifies and decrypts what a data API of the mini-program gave, with the key of the person's last login there; \
            the answer leaves `openId`, `unionId` and `watermark` out. Every way of failing is one `decrypt_failed`.",
        body: Some("DecryptRequest"),
        answer: Schemas::Envelope("ClearOpenData"),
        kinds: &[OPEN_DATA, &[&k::RATE_LIMITED]],
        ..ME
    },
    Operation {
        path: "/v1/me/sessions",
        summary: "List the devices",
        description: "The live sessions, newest first.",
        answer: Schemas::Envelope("SessionsJson"),
        ..ME
    },
    Operation {
        method: "DELETE",
        path: "/v1/me/sessions/{id}",
        summary: "Sign a device out",
        description: "Ends one of the bearer's own sessions.",
        answer: Schemas::Envelope("LogoutJson"),
        kinds: &[&[&k::NOT_FOUND]],
        ..ME
    },
    Operation {
        path: "/avatars/{name}",
        summary: "An uploaded avatar",
        description: "The picture that `avatar_url` of an account leads to: JPEG or PNG, 256 by 256 points. A name never stands for \
            another picture, so caches may keep it.",
        answer: Schemas::Text("image/*"),
        kinds: &[&[&k::NOT_FOUND]],
        ..OTHERS
    },
    Operation {
        path: "/v1/auth/verify",
        summary: "Forward authentication",
        description: "For nginx `auth_request`, Traefik, APISIX: 200 with identity headers, or 401 and 403. Sees a revoked session at once.",
        bearer: true,
        answer: Schemas::Json,
        kinds: &[&[&k::PHONE_REQUIRED]],
        ..OTHERS
    },
    Operation {
        path: "/.well-known/jwks.json",
        summary: "The public signing keys",
        description: "A JWK set (RFC 7517); cacheable.",
        answer: Schemas::Json,
        ..OTHERS
    },
    Operation {
        method: "POST",
        path: "/v1/sms/receipts/{vendor}/{secret}",
        summary: "Delivery receipts of SMS vendors",
        description: "Takes a vendor's push in the vendor's own form and answers what the vendor expects, once all of its \
            receipts are on record. The last part of the address is `sms.receipt_secret`; with another one, or without \
            the setting, nothing is here. At most 256 KiB and 500 receipts.",
        pushed: &["application/json", "application/x-www-form-urlencoded"],
        kinds: &[&[&k::NOT_FOUND]],
        ..OTHERS
    },
    Operation {
        path: "/v1/wechat/push/{app_id}",
        summary: "WeChat checks this address",
        description: "Answers `echostr` to a request that WeChat has signed with the application's `push_token`.",
        query: &["signature", "timestamp", "nonce", "echostr"],
        answer: Schemas::Text("text/plain"),
        kinds: &[PUSH],
        ..OTHERS
    },
    Operation {
        method: "POST",
        path: "/v1/wechat/push/{app_id}",
        summary: "WeChat tells of withdrawals and closed accounts",
        description: "Safe mode only: JSON or XML of at most 64 KiB, encrypted and signed. Answers `success` once the effects are \
            durable; a repeat changes nothing.",
        query: &["timestamp", "nonce", "encrypt_type", "msg_signature"],
        answer: Schemas::Text("text/plain"),
        pushed: &["application/json", "text/xml"],
        kinds: &[PUSH],
        ..OTHERS
    },
    Operation {
        path: "/healthz",
        tag: "Operation",
        summary: "Liveness",
        description: "Asks nothing outside the process.",
        answer: Schemas::Json,
        ..BASE
    },
    Operation {
        path: "/readyz",
        tag: "Operation",
        summary: "Readiness",
        description: "Names the state of each dependency; 503 where the process cannot serve.",
        answer: Schemas::Json,
        ..BASE
    },
    Operation {
        path: "/metrics",
        tag: "Operation",
        summary: "Metrics",
        description: "Prometheus' text form.",
        answer: Schemas::Text("application/openmetrics-text"),
        ..BASE
    },
    Operation {
        path: "/openapi.json",
        tag: "Operation",
        summary: "This description",
        description: "OpenAPI 3.1.",
        answer: Schemas::Json,
        ..BASE
    },
    Operation {
        path: "/docs",
        tag: "Operation",
        summary: "This description as a page",
        description: "From embedded files only.",
        answer: Schemas::Text("text/html"),
        ..BASE
    },
];
