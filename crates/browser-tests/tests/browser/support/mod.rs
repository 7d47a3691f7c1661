//! A service, a browser, and a finger on its page.

pub(crate) mod browser;
pub(crate) mod console;
pub(crate) mod driver;
pub(crate) mod page;
pub(crate) mod records;
pub(crate) mod service;

pub(crate) use page::Page;
pub(crate) use service::Service;

/// A service of its own, and its playground in a browser of its own.
pub(crate) async fn playground() -> (Service, Page) {
    playground_with(&[]).await
}

/// The same with these settings.
pub(crate) async fn playground_with(
    given: &'static [(&'static str, &'static str)],
) -> (Service, Page) {
    let service = Service::start(given).await;
    let page = Page::open(&service, "/playground").await;
    page.screen("welcome").await;
    (service, page)
}
