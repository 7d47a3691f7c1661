//! The operator's console: its keys, and people to look at.

use serde_json::{Value, json};

use super::{Page, Service};

/// A key that may change, and one that may look.
pub(crate) const WRITE: &str = "mak_q0xTlXvS2mY8cQd1Zr5hWn7uEoPa3KfGjBt9yLiV6sM";
pub(crate) const READ: &str = "mak_h7PzKq3VwB9sXn2LcRt6YdFg8JmEaUo1iTbNvSxZ4Q0";

/// The settings of a service that takes both.
const KEYS: &[(&str, &str)] = &[
    (
        "admin.keys",
        "[{ name = \"ops.alice\", sha256 = \"10a00d19befc9ea090b4c7ab42ee7c1d345100b664ec30d671ae543e8ee5685b\", scope = \"write\" }, \
          { name = \"web\", sha256 = \"1499a0583da0b39c242c31d809f4570a537ebb7e9169225395427516d093b573\", scope = \"read\" }]",
    ),
    ("admin.failures_per_ip", "3"),
    ("sms.resend_interval", "0s"),
];

/// Those of one that takes only the key that may look.
pub(crate) const WITHOUT_WRITE: &[(&str, &str)] = &[(
    "admin.keys",
    "[{ name = \"web\", sha256 = \"1499a0583da0b39c242c31d809f4570a537ebb7e9169225395427516d093b573\", scope = \"read\" }]",
)];

/// Those of one that takes only the key that may change, and tells events to somebody who
/// is not there.
pub(crate) const WITH_A_RECEIVER: &[(&str, &str)] = &[
    (
        "admin.keys",
        "[{ name = \"ops.alice\", sha256 = \"10a00d19befc9ea090b4c7ab42ee7c1d345100b664ec30d671ae543e8ee5685b\", scope = \"write\" }]",
    ),
    (
        "webhooks",
        "[{ url = \"http://127.0.0.1:9/hooks\", secret = \"whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u\", name = \"crm\" }]",
    ),
];

/// A person who signs in, in JavaScript: with what, as whom.
const SIGN_IN: &str = "
    const [wanted] = given;
    const post = async (path, body, token, method = 'POST') => {
        const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
        return (await fetch(path, { method, headers, body: JSON.stringify(body) })).json();
    };
    const client = { type: 'mini_program', device_id: wanted.device, device_name: wanted.device_name ?? wanted.device };
    const login = async () => {
        const fromWeChat = async (what) => (await post(`/simulator/control/wechat/${what}`, { person: wanted.person })).code;
        if (wanted.button) return post('/v1/login/wechat-phone', { phone_code: await fromWeChat('phone'), login_code: await fromWeChat('login'), client });
        if (wanted.person) return post('/v1/login/wechat', { code: await fromWeChat('login'), client });
        await post('/v1/sms/codes', { phone: wanted.phone, purpose: 'login', client_type: client.type });
        const inbox = await (await fetch('/simulator/control/sms')).json();
        const own = inbox.filter((message) => message.code && message.phone.endsWith(wanted.phone)).sort((one, other) => one.at.localeCompare(other.at));
        const { code } = own.at(-1);
        return post('/v1/login/sms', { phone: wanted.phone, code, client });
    };
    const { data } = await login();
    if (wanted.profile) await post('/v1/me', wanted.profile, data.access_token, 'PATCH');
    return data.user.id;";

/// A service with both keys, and its console, which asks for one.
pub(crate) async fn console() -> (Service, Page) {
    let service = Service::start(KEYS).await;
    let page = Page::open(&service, "/console").await;
    page.see("gate").await;
    (service, page)
}

/// The console's ways.
impl Page {
    /// Opens the console with a key.
    pub(crate) async fn unlock(&self, key: &str) {
        self.write("key", key).await;
        self.tap("unlock").await;
        self.see("holder-name").await;
        self.see_no("gate").await;
    }

    /// Somebody signs in with one tap on a device; answers the account's id.
    pub(crate) async fn comes_by_wechat(&self, person: &str, device: &str) -> String {
        self.comes(json!({ "person": person, "device": device }))
            .await
    }

    /// Somebody signs in with the button for phone numbers; answers the account's id.
    pub(crate) async fn comes_by_button(&self, person: &str, device: &str) -> String {
        let how = json!({ "person": person, "device": device, "button": true });
        self.comes(how).await
    }

    /// Somebody signs in with a code, once: vendors take no two messages to a number
    /// in a minute. Answers the account's id.
    pub(crate) async fn comes_by_sms(&self, phone: &str, device: &str) -> String {
        self.comes(json!({ "phone": phone, "device": device }))
            .await
    }

    /// Somebody signs in; answers the account's id.
    pub(crate) async fn comes(&self, how: Value) -> String {
        let script = format!("return (async (given) => {{ {SIGN_IN} }})([...arguments])");
        let user = self.ask(&script, vec![how]).await;
        user.as_str().expect("an account").to_owned()
    }

    /// Goes to a view as a link to it does: without loading the page again.
    pub(crate) async fn place(&self, path: &str) {
        let script = "location.hash = arguments[0]";
        self.ask(script, vec![format!("#/{path}").into()]).await;
    }

    /// Presses a key in a field.
    pub(crate) async fn press(&self, place: &str, key: &str) {
        let field = self.see(place).await;
        field.send_keys(key).await.expect("a key that is pressed");
    }

    /// Opens an account.
    pub(crate) async fn person(&self, user: &str) {
        self.place(&format!("people/{user}")).await;
        self.see_text("person-id", user).await;
    }

    /// Fills in a dialog's reason and lets it go on.
    pub(crate) async fn because(&self, dialog: &str, reason: &str) {
        self.see(dialog).await;
        self.write("dialog-reason", reason).await;
        self.tap("dialog-go").await;
        self.see_no(dialog).await;
    }

    /// How often a service of the admin API was called by this page.
    pub(crate) async fn calls(&self) -> u64 {
        let script = "return performance.getEntriesByType('resource').filter((one) => one.name.includes('/admin/v1/')).length";
        let calls = self.ask(script, Vec::new()).await;
        calls.as_u64().expect("a number")
    }
}
