//! A page, as somebody who looks at it and taps on it meets it.
//!
//! Everything on it that a test needs has a `data-testid`. A place is named by
//! these, parted by blanks as in CSS, each with further conditions if need be:
//! `session-row[data-current="true"] session-name`.

use std::fmt::Display;
use std::time::{Duration, Instant};

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use serde_json::{Value, json};

use super::Service;
use super::browser::Browser;

/// How long a state may take to come about, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked for.
const GLANCE: Duration = Duration::from_millis(25);

/// A page that is open in a browser.
pub(crate) struct Page {
    pub(crate) browser: Browser,
    origin: String,
}

impl Page {
    /// Opens a path of the service in a browser of its own.
    pub(crate) async fn open(service: &Service, path: &str) -> Self {
        let page = Self {
            browser: Browser::start().await,
            origin: format!("http://{}", service.address),
        };
        page.size(1440, 900).await;
        page.go(path).await;
        page
    }

    /// The scheme, host and port of the service.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Goes to a path of the service.
    pub(crate) async fn go(&self, path: &str) {
        let url = format!("{}{path}", self.origin);
        self.browser.client.goto(&url).await.expect("a page");
    }

    /// Loads the page again.
    pub(crate) async fn reload(&self) {
        self.browser.client.refresh().await.expect("a page");
    }

    /// Gives the window another size, in CSS pixels.
    pub(crate) async fn size(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.browser
            .devtools("Emulation.setDeviceMetricsOverride", &size)
            .await;
    }

    /// Lets the system prefer `light` or `dark`.
    pub(crate) async fn scheme(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let media = json!({ "features": features });
        self.browser
            .devtools("Emulation.setEmulatedMedia", &media)
            .await;
    }

    /// What a script answers.
    pub(crate) async fn ask(&self, script: &str, arguments: Vec<Value>) -> Value {
        let answer = self.browser.client.execute(script, arguments).await;
        answer.expect("a script that runs")
    }

    /// Waits until a place is there.
    pub(crate) async fn see(&self, place: &str) -> Element {
        self.wait(place, || self.find(place)).await
    }

    /// Waits until this many of a place are there.
    pub(crate) async fn see_count(&self, place: &str, count: usize) {
        let there = async || match self.count(place).await {
            found if found == count => Ok(()),
            found => Err(format!("there are {found}")),
        };
        self.wait(&format!("{count} of {place}"), there).await;
    }

    /// Waits until a place is gone.
    pub(crate) async fn see_no(&self, place: &str) {
        self.see_count(place, 0).await;
    }

    /// Waits until a place holds this text.
    pub(crate) async fn see_text(&self, place: &str, text: &str) {
        let reads = async || {
            let shown = self.find(place).await?.text().await.map_err(told)?;
            shown
                .contains(text)
                .then_some(())
                .ok_or_else(|| format!("it reads {shown:?}"))
        };
        self.wait(&format!("{text:?} in {place}"), reads).await;
    }

    /// Waits until a script answers true.
    pub(crate) async fn until(&self, what: &str, script: &str, arguments: &[Value]) {
        let holds = async || {
            let answer = self.browser.client.execute(script, arguments.to_vec());
            let answer = answer.await.map_err(told)?;
            (answer == true)
                .then_some(())
                .ok_or_else(|| answer.to_string())
        };
        self.wait(what, holds).await;
    }

    /// How many of a place are there now.
    pub(crate) async fn count(&self, place: &str) -> usize {
        let css = css(place);
        let found = self.browser.client.find_all(Locator::Css(&css)).await;
        found.expect("a selector").len()
    }

    /// Taps on a place where a finger would: what covers it is in the way.
    pub(crate) async fn tap(&self, place: &str) {
        let tap = async || {
            let element = self.find(place).await?;
            element.click().await.map_err(told)
        };
        self.wait(&format!("a tap on {place}"), tap).await;
    }

    /// Chooses an option of a list by its value.
    pub(crate) async fn choose(&self, place: &str, value: &str) {
        let choose = async || {
            let list = self.find(place).await?;
            list.select_by_value(value).await.map_err(told)
        };
        self.wait(&format!("choosing {value} in {place}"), choose)
            .await;
    }

    /// Writes into a field, in place of what is there.
    pub(crate) async fn write(&self, place: &str, text: &str) {
        let write = async || {
            let field = self.find(place).await?;
            field.clear().await.map_err(told)?;
            let (keys, emoji) = text.split_at(text.find(beyond_keys).unwrap_or(text.len()));
            field.send_keys(keys).await.map_err(told)?;
            if emoji.is_empty() {
                return Ok(());
            }
            // As an input method does it: older drivers have keys for the BMP only.
            let insert = "return document.execCommand('insertText', false, arguments[0])";
            let inserted = self.ask(insert, vec![emoji.into()]).await;
            inserted
                .as_bool()
                .filter(|inserted| *inserted)
                .map(drop)
                .ok_or_else(|| "nothing was inserted".to_owned())
        };
        self.wait(&format!("writing into {place}"), write).await;
    }

    /// What a place reads.
    pub(crate) async fn text(&self, place: &str) -> String {
        let read = async || self.find(place).await?.text().await.map_err(told);
        self.wait(place, read).await
    }

    /// What a field holds.
    pub(crate) async fn value(&self, place: &str) -> String {
        let read = async || self.find(place).await?.prop("value").await.map_err(told);
        self.wait(place, read).await.unwrap_or_default()
    }

    /// An attribute of a place.
    pub(crate) async fn attribute(&self, place: &str, name: &str) -> String {
        let read = async || self.find(place).await?.attr(name).await.map_err(told);
        self.wait(place, read).await.unwrap_or_default()
    }

    async fn find(&self, place: &str) -> Result<Element, String> {
        let css = css(place);
        let found = self.browser.client.find(Locator::Css(&css)).await;
        found.map_err(told)
    }

    /// Tries until it works out. Elements are drawn anew at any time, so that
    /// one which was found may be gone when it is used: found again, it works.
    async fn wait<T, E: Display>(&self, what: &str, attempt: impl AsyncFn() -> Result<T, E>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            match attempt().await {
                Ok(outcome) => return outcome,
                Err(_) if Instant::now() < until => tokio::time::sleep(GLANCE).await,
                Err(error) => panic!(
                    "waited in vain for {what}: {error}\n{}",
                    self.visible().await
                ),
            }
        }
    }

    /// What can be read on the page now, for a test that fails.
    async fn visible(&self) -> String {
        let text = self.ask("return document.body.innerText", Vec::new()).await;
        text.as_str().unwrap_or_default().to_owned()
    }
}

/// The playground's ways.
impl Page {
    /// Waits for a screen of the phone.
    pub(crate) async fn screen(&self, name: &str) {
        self.see(&format!("phone-screen[data-screen=\"{name}\"]"))
            .await;
    }

    /// Waits until an exchange with the service is over.
    pub(crate) async fn exchanged(&self, method: &str, path: &str, status: u16) {
        self.see(&format!(
            "exchange[data-method=\"{method}\"][data-path=\"{path}\"][data-status=\"{status}\"]"
        ))
        .await;
    }

    /// Whose account is shown.
    pub(crate) async fn user(&self) -> String {
        self.text("profile-user-id").await
    }

    /// Which session is shown.
    pub(crate) async fn session(&self) -> String {
        self.attribute("session-card", "data-session").await
    }

    /// Signs in with one tap, as a person whose phone this is.
    pub(crate) async fn sign_in(&self, person: &str) -> String {
        self.tap(&format!("person-{person}")).await;
        self.tap("login-wechat").await;
        self.screen("profile").await;
        self.user().await
    }

    /// Signs in with a code, read in the inbox and filled in by a tap on it.
    pub(crate) async fn sign_in_by_sms(&self, number: &str) -> String {
        self.write("sms-phone", number).await;
        self.tap("sms-send").await;
        self.fill_in_code("sms-code", number).await;
        self.tap("sms-login").await;
        self.screen("profile").await;
        self.user().await
    }

    /// Fills a code in by a tap on the message that brought it.
    pub(crate) async fn fill_in_code(&self, field: &str, number: &str) {
        let message = format!("inbox-message[data-phone=\"+86{number}\"]");
        self.tap(&format!("{message} inbox-code")).await;
        let code = self.attribute(&message, "data-code").await;
        assert_eq!(self.value(field).await, code);
    }

    /// Signs this device out.
    pub(crate) async fn sign_out(&self) {
        self.tap("nav-account").await;
        self.tap("logout-this").await;
        self.screen("welcome").await;
    }
}

/// True for a character outside the Basic Multilingual Plane, such as an emoji.
fn beyond_keys(character: char) -> bool {
    u32::from(character) > 0xFFFF
}

/// The selector of a place.
fn css(place: &str) -> String {
    let steps = place.split_whitespace().map(|step| {
        let end = step.find(['[', ':']).unwrap_or(step.len());
        let (testid, conditions) = step.split_at(end);
        format!("[data-testid=\"{testid}\"]{conditions}")
    });
    steps.collect::<Vec<_>>().join(" ")
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is given to map_err, which hands over the value"
)]
fn told(error: CmdError) -> String {
    error.to_string()
}
