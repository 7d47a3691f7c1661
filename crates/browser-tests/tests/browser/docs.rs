//! The page of the API.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Page, Service};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
const DESCRIPTION: &str = "return fetch('/openapi.json').then((answer) => answer.json())";
const SHOWN: &str = "
    return [...document.querySelectorAll('.opblock')].map((block) =>
        `${block.querySelector('.opblock-summary-method').textContent.toLowerCase()} ${block.querySelector('.opblock-summary-path').dataset.path}`);";
const LISTED: &str = "
    return [...document.querySelectorAll('[data-testid=\"docs-operation\"]')].map((link) => decodeURI(link.hash.slice(1)).replace('/', ' /'));";

#[tokio::test]
async fn every_operation_is_shown_from_embedded_files() {
    let service = Service::start(&[]).await;
    let page = Page::open(&service, "/docs").await;
    let described = operations(&page.ask(DESCRIPTION, vec![]).await);
    assert!(described.contains("post /v1/login/wechat"));
    let drawn = "return document.querySelectorAll('.opblock').length === arguments[0]";
    page.until("all operations", drawn, &[described.len().into()])
        .await;
    assert_eq!(texts(&page.ask(SHOWN, vec![]).await), described);
    assert_eq!(texts(&page.ask(LISTED, vec![]).await), described);

    // One is found by its name, and opens.
    page.write("docs-find", "one tap").await;
    page.see_count("docs-operation:not([hidden])", 1).await;
    page.tap("docs-operation:not([hidden])").await;
    let open = "return document.querySelectorAll('.opblock.is-open .responses-table').length === 1";
    page.until("an open operation", open, &[]).await;

    page.tap("lang-toggle").await;
    assert_eq!(
        page.ask("return document.title", vec![]).await,
        "API reference · Menshen"
    );
    for (width, height) in [(1440, 900), (390, 844)] {
        page.size(width, height).await;
        let fits = "return document.documentElement.scrollWidth <= innerWidth";
        page.until("a page that fits", fits, &[]).await;
    }
    page.finish(&[]).await;
}

fn operations(description: &Value) -> BTreeSet<String> {
    let paths = description["paths"].as_object().expect("paths");
    let named = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = METHODS
            .iter()
            .filter(|method| item.get(method).is_some())
            .map(|method| format!("{method} {path}"))
            .collect();
        methods
    };
    paths.iter().flat_map(named).collect()
}

fn texts(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().expect("a list");
    let texts: BTreeSet<_> = list
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    assert_eq!(texts.len(), list.len(), "nothing is there twice");
    texts
}
