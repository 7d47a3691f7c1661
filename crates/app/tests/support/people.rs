//! What a phone in a hand does, and the logins that follow from it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Service};

/// The simulated mini-program.
pub(crate) const MINI_PROGRAM: &str = menshen_simulator::defaults::MINI_PROGRAM_APP_ID;

/// A client program of this type.
pub(crate) fn client_of(kind: &str) -> Value {
    json!({ "type": kind })
}

/// A mini-program.
pub(crate) fn client() -> Value {
    client_of("mini_program")
}

/// A mini-program on a device that says who it is.
pub(crate) fn device(id: &str) -> Value {
    json!({ "type": "mini_program", "device_id": id, "device_name": format!("phone {id}") })
}

/// What a login answered.
#[derive(Debug, Clone)]
pub(crate) struct Login(pub(crate) Value);

impl Login {
    #[track_caller]
    pub(crate) fn of(answer: &Answer) -> Self {
        Self(answer.ok())
    }

    fn text(&self, pointer: &str) -> &str {
        let text = self.0.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no {pointer} in {}", self.0))
    }

    pub(crate) fn access(&self) -> &str {
        self.text("/access_token")
    }

    pub(crate) fn refresh(&self) -> &str {
        self.text("/refresh_token")
    }

    pub(crate) fn session(&self) -> &str {
        self.text("/session_id")
    }

    pub(crate) fn user(&self) -> &str {
        self.text("/user/id")
    }

    pub(crate) fn is_new(&self) -> bool {
        self.0["is_new_user"].as_bool().expect("is_new_user")
    }
}

impl Service {
    /// Asks the simulator's control API.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/control/{path}", self.simulator());
        let answer = self.http.request(method, url).json(&body).send().await;
        let answer = answer.expect("the simulator");
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        assert!(status.is_success(), "{path}: {body}");
        body
    }

    async fn code_of(&self, what: &str, body: Value) -> String {
        let path = format!("wechat/{what}");
        let answer = self.control(Method::POST, &path, body).await;
        answer["code"].as_str().expect("a code").to_owned()
    }

    /// `wx.login`.
    pub(crate) async fn login_code(&self, person: &str) -> String {
        self.code_of("login", json!({ "person": person })).await
    }

    /// The getPhoneNumber button.
    pub(crate) async fn phone_code(&self, person: &str) -> String {
        self.code_of("phone", json!({ "person": person })).await
    }

    /// Consent in a native app or on a website.
    pub(crate) async fn oauth_code(&self, app_id: &str, person: &str) -> String {
        let body = json!({ "person": person, "app_id": app_id });
        self.code_of("oauth", body).await
    }

    /// What a data API of the mini-program gives: `encrypted_data`, `iv`,
    /// `raw_data` and `signature` under the key of the person's last `wx.login`.
    pub(crate) async fn open_data(&self, person: &str) -> Value {
        let body = json!({ "person": person });
        let given = self.control(Method::POST, "wechat/open-data", body).await;
        let members = ["encrypted_data", "iv", "raw_data", "signature"];
        let members = members.map(|name| (name.to_owned(), given[name].clone()));
        Value::Object(members.into_iter().collect())
    }

    /// What the console does: WeChat pushes what happens in the mini-program here.
    pub(crate) async fn subscribe(&self) {
        let body = json!({
            "app_id": MINI_PROGRAM, "token": "pushtoken",
            "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
            "url": format!("http://{}/v1/wechat/push/{MINI_PROGRAM}", self.address),
        });
        let kept = self.control(Method::PUT, "wechat/push", body).await;
        assert_eq!(kept["verified"], true, "{kept}");
    }

    /// Somebody takes something back; answers what came of each delivery.
    pub(crate) async fn happens(&self, event: Value) -> Vec<Value> {
        let told = self.control(Method::POST, "wechat/events", event).await;
        told["deliveries"].as_array().expect("deliveries").clone()
    }

    /// Makes somebody, with or without a number bound to their WeChat.
    pub(crate) async fn person(&self, name: &str, phone: Option<&str>) {
        let body = json!({ "name": name, "phone": phone });
        self.control(Method::POST, "people", body).await;
    }

    /// Makes an upstream misbehave.
    pub(crate) async fn fault(&self, fault: Value) {
        self.control(Method::PUT, "faults", fault).await;
    }

    /// Ends all misbehaviour.
    pub(crate) async fn heal(&self) {
        self.control(Method::DELETE, "faults", json!({})).await;
    }

    /// How often a vendor's call was made.
    pub(crate) async fn calls(&self, target: &str) -> u64 {
        let log = self.control(Method::GET, "requests", json!({})).await;
        log["counts"][target].as_u64().unwrap_or(0)
    }

    /// Messages that reached a number, newest first.
    pub(crate) async fn inbox(&self, phone: &str) -> Vec<Value> {
        let path = format!("sms?phone={phone}");
        let messages = self.control(Method::GET, &path, json!({})).await;
        messages.as_array().expect("messages").clone()
    }

    /// The code of the newest message to a number that has one.
    pub(crate) async fn code_at(&self, phone: &str) -> String {
        let inbox = self.inbox(phone).await;
        let codes = inbox.iter().filter_map(|message| message["code"].as_str());
        let newest = codes.into_iter().find(|code| !code.is_empty());
        newest.expect("a message with a code").to_owned()
    }

    /// Empties all phones, and the vendor's memory of how often it wrote to them.
    pub(crate) async fn forget_messages(&self) {
        self.control(Method::DELETE, "sms", json!({})).await;
    }

    /// Asks for a login code.
    pub(crate) async fn ask(&self, phone: &str) -> Answer {
        self.ask_as("mini_program", phone).await
    }

    pub(crate) async fn ask_as(&self, client_type: &str, phone: &str) -> Answer {
        let body = json!({ "phone": phone, "purpose": "login", "client_type": client_type });
        self.post("/v1/sms/codes").json(body).send().await
    }

    /// Tries a login code.
    pub(crate) async fn try_code(&self, phone: &str, code: &str) -> Answer {
        let body = json!({ "phone": phone, "code": code, "client": client() });
        self.post("/v1/login/sms").json(body).send().await
    }

    /// Signs in by SMS, from asking for the code on.
    pub(crate) async fn sms_login(&self, phone: &str) -> Login {
        self.sms_login_with(phone, client()).await
    }

    pub(crate) async fn sms_login_with(&self, phone: &str, client: Value) -> Login {
        let client_type = client["type"].as_str().expect("a type").to_owned();
        self.ask_as(&client_type, phone).await.ok();
        let code = self.code_at(phone).await;
        let body = json!({ "phone": phone, "code": code, "client": client });
        Login::of(&self.post("/v1/login/sms").json(body).send().await)
    }

    /// Hands a `wx.login` code in.
    pub(crate) async fn hand_in(&self, code: &str, client: Value) -> Answer {
        let body = json!({ "code": code, "client": client });
        self.post("/v1/login/wechat").json(body).send().await
    }

    /// Signs in by one tap.
    pub(crate) async fn one_tap(&self, person: &str) -> Login {
        self.one_tap_with(person, client()).await
    }

    pub(crate) async fn one_tap_with(&self, person: &str, client: Value) -> Login {
        let code = self.login_code(person).await;
        Login::of(&self.hand_in(&code, client).await)
    }

    /// Signs in by the phone button.
    pub(crate) async fn press_button(&self, person: &str) -> Answer {
        let login_code = self.login_code(person).await;
        let phone_code = self.phone_code(person).await;
        let body =
            json!({ "phone_code": phone_code, "login_code": login_code, "client": client() });
        self.post("/v1/login/wechat-phone").json(body).send().await
    }

    /// Asks for a code to bind a number, and binds it.
    pub(crate) async fn bind_by_sms(&self, login: &Login, phone: &str) -> Answer {
        let ask = json!({ "phone": phone, "purpose": "bind_phone", "client_type": "mini_program" });
        let asked = self.post("/v1/sms/codes").bearer(login.access()).json(ask);
        asked.send().await.ok();
        let code = self.code_at(phone).await;
        let body = json!({ "phone": phone, "code": code });
        let call = self.post("/v1/me/phone").bearer(login.access()).json(body);
        call.send().await
    }

    /// Binds the number of the phone button.
    pub(crate) async fn bind_by_button(&self, login: &Login, person: &str) -> Answer {
        let body = json!({ "phone_code": self.phone_code(person).await });
        let call = self.post("/v1/me/phone").bearer(login.access()).json(body);
        call.send().await
    }

    /// Links the WeChat identity of somebody.
    pub(crate) async fn link(&self, login: &Login, person: &str) -> Answer {
        let body = json!({ "code": self.login_code(person).await });
        let call = self.post("/v1/me/wechat").bearer(login.access()).json(body);
        call.send().await
    }

    /// Exchanges a refresh token.
    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        let body = json!({ "refresh_token": token });
        self.post("/v1/token/refresh").json(body).send().await
    }

    /// What `GET /v1/me` says to a token.
    pub(crate) async fn me(&self, access: &str) -> Answer {
        self.get("/v1/me").bearer(access).send().await
    }

    /// What `GET /v1/auth/verify` says to a token.
    pub(crate) async fn verify(&self, access: &str) -> Answer {
        self.get("/v1/auth/verify").bearer(access).send().await
    }
}
