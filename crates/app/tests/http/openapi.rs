//! The description against what is served, both ways. That every answer of
//! every test is described, the harness sees to.

use std::collections::{BTreeMap, BTreeSet};

use menshen_app::http::operations;
use reqwest::Method;
use serde_json::{Value, json};

use crate::administration::{WRITE, with_keys};
use crate::support::{MINI_PROGRAM, Service, document, fits};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn operations() -> Vec<(&'static str, String, &'static Value)> {
    let paths = document()["paths"].as_object().expect("paths");
    let each = |(path, item): (&'static String, &'static Value)| {
        let methods = item.as_object().expect("methods");
        methods
            .iter()
            .map(move |(method, operation)| (path.as_str(), method.to_uppercase(), operation))
    };
    paths.iter().flat_map(each).collect()
}

#[tokio::test]
async fn the_description_is_served_as_it_was_made() {
    let service = Service::start().await;
    let answer = service.get("/openapi.json").send().await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(&answer.body(), document());
}

#[tokio::test]
async fn every_described_operation_is_served_and_every_other_method_is_not() {
    let service = with_keys(&[]).await;
    let mut methods: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, method, _) in operations() {
        methods.entry(path).or_default().insert(method);
    }
    for (path, described) in methods {
        let concrete = path
            .replace("{id}", "0198c0de-7c1a-7000-8000-4f2a9b1c3d5e")
            .replace("{vendor}", "aliyun")
            .replace("{secret}", "a-guess")
            .replace("{session_id}", "0198c0de-7c1a-7000-8000-4f2a9b1c3d5e")
            .replace("{kid}", "no-such-key")
            .replace("{app_id}", MINI_PROGRAM);
        for method in METHODS {
            let asked = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = service.call(asked, &concrete).send().await;
            // To whoever guesses it, a secret address is not there, and no picture either.
            let guessed = [("{secret}", "POST"), ("/avatars/{name}", "GET")];
            let mut guessed = guessed.into_iter();
            let hidden = guessed.any(|(part, by)| path.contains(part) && method == by);
            assert_eq!(answer.status == 404, hidden, "{method} {path}");
            if described.contains(method) {
                assert_ne!(answer.status, 405, "{method} {path}");
                continue;
            }
            answer.fails(405, "method_not_allowed");
            let allow = answer.header("allow").expect("Allow");
            let allowed = allow.split(", ").filter(|name| *name != "HEAD");
            let allowed: BTreeSet<String> = allowed.map(ToOwned::to_owned).collect();
            assert_eq!(allowed, described, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_route_table_holds_nothing_that_is_not_described() {
    // The paths as the source has them: whoever adds a route meets this test.
    let sources = [
        include_str!("../../src/http/mod.rs"),
        include_str!("../../src/http/admin/routes.rs"),
    ];
    let mut served: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| source.split('"'))
        .filter(|text| text.starts_with('/') && !text.contains(' '))
        .collect();
    // Pages and their files, which describe themselves.
    for page in [
        "/console",
        "/console/{file:.*}",
        "/docs/{file:.*}",
        "/playground",
        "/playground/{file:.*}",
        "/simulator",
    ] {
        served.remove(page);
    }
    let described: BTreeSet<&str> = operations().iter().map(|(path, ..)| *path).collect();
    assert_eq!(served, described);
    assert_eq!(
        operations().len(),
        operations::all().count(),
        "two operations are one"
    );
}

/// OpenAPI 3.1.0, as far as it can be told without its own schema.
#[test]
fn the_description_is_well_formed() {
    let document = document();
    let version = document["openapi"].as_str().expect("a version");
    assert!(version.starts_with("3.1."), "{version}");
    for member in ["/info/title", "/info/version", "/info/license/name"] {
        assert!(document.pointer(member).is_some_and(Value::is_string));
    }
    // Of the API, and not of what runs.
    assert_eq!(document["info"]["version"], "1");
    references_resolve(document);
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations() {
        let place = format!("{method} {path}");
        assert!(path.starts_with('/'), "{place}");
        let id = operation["operationId"].as_str().expect("an id");
        assert!(ids.insert(id), "{place}: {id} is there twice");
        for member in ["summary", "description"] {
            let text = operation[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{place}: {member}");
        }
        assert!(
            operation["tags"]
                .as_array()
                .is_some_and(|tags| !tags.is_empty())
        );
        // All others that change anything take JSON, or forms that vendors have.
        let takes_a_body = matches!(method.as_str(), "POST" | "PATCH");
        let content = &operation["requestBody"]["content"];
        assert_eq!(content.is_object(), takes_a_body, "{place}");
        parameters_are_complete(&place, path, operation);
        responses_are_complete(&place, operation);
    }
}

fn references_resolve(value: &Value) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').expect("a local reference");
                assert!(document().pointer(pointer).is_some(), "{reference}");
            }
            members.values().for_each(references_resolve);
        }
        Value::Array(items) => items.iter().for_each(references_resolve),
        _ => {}
    }
}

fn parameters_are_complete(place: &str, path: &str, operation: &Value) {
    let parameters = operation["parameters"].as_array();
    let parameters: Vec<&Value> = parameters.into_iter().flatten().collect();
    for parameter in &parameters {
        assert!(parameter["name"].is_string(), "{place}");
        assert!(parameter["schema"].is_object(), "{place}");
        let within = parameter["in"].as_str().unwrap_or_default();
        assert!(["path", "query", "header"].contains(&within), "{place}");
    }
    let in_path = parameters.iter().filter(|p| p["in"] == "path");
    let in_path: BTreeSet<String> = in_path
        .map(|p| format!("{{{}}}", p["name"].as_str().unwrap_or_default()))
        .collect();
    let templated = path.split('/').filter(|part| part.starts_with('{'));
    let templated: BTreeSet<String> = templated.map(ToOwned::to_owned).collect();
    assert_eq!(in_path, templated, "{place}");
}

fn responses_are_complete(place: &str, operation: &Value) {
    let responses = operation["responses"].as_object().expect("responses");
    assert!(responses.contains_key("200"), "{place}");
    for (status, response) in responses {
        let number: u16 = status.parse().expect("a status");
        assert!((100..600).contains(&number), "{place}");
        assert!(response["description"].is_string(), "{place} {status}");
        for content in response["content"].as_object().into_iter().flatten() {
            let (media_type, content) = content;
            assert!(media_type.contains('/'), "{place} {status}");
            assert!(content["schema"].is_object(), "{place} {status}");
            if let Some(example) = content.get("example") {
                fits(&content["schema"], example)
                    .unwrap_or_else(|why| panic!("{place} {status}: {why}"));
            }
        }
    }
}

#[test]
fn what_needs_a_token_says_so() {
    for (path, method, operation) in operations() {
        let secured = operation["security"].is_array();
        let needs = path.starts_with("/v1/me") || path == "/v1/logout" || path == "/v1/auth/verify";
        let of_services = ["/v1/token/introspect", "/v1/token/revoke"].contains(&path);
        let needs_key = path.starts_with("/admin/v1/") || of_services;
        assert_eq!(secured, needs || needs_key, "{method} {path}");
        let unauthorised = &operation["responses"]["401"];
        if needs_key {
            let told = unauthorised["description"].as_str().unwrap_or_default();
            assert!(told.contains("admin_key_invalid"), "{method} {path}");
            assert!(operation["security"][0]["admin_key"].is_array());
        }
        if needs {
            let told = unauthorised["description"].as_str().unwrap_or_default();
            assert!(told.contains("token_missing"), "{method} {path}");
        }
    }
    for name in ["bearer", "admin_key"] {
        let scheme = &document()["components"]["securitySchemes"][name];
        assert_eq!(
            (&scheme["type"], &scheme["scheme"]),
            (&json!("http"), &json!("bearer"))
        );
    }
}

#[tokio::test]
async fn bodies_without_a_required_member_name_it() {
    let service = with_keys(&[]).await;
    let login = service.one_tap("alice").await;
    for (path, method, operation) in operations() {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let Some(reference) = schema["$ref"].as_str() else {
            continue;
        };
        let schema = document().pointer(&reference[1..]).expect("a schema");
        let required = schema["required"].as_array();
        let Some(first) = required.and_then(|names| names.first()?.as_str()) else {
            continue;
        };
        let asked = Method::from_bytes(method.as_bytes()).unwrap();
        let token = if path.starts_with("/admin/v1/") {
            WRITE
        } else {
            login.access()
        };
        let call = service.call(asked, path).bearer(token);
        let answer = call.json(json!({})).send().await;
        let failure = answer.fails(400, "invalid_request");
        assert_eq!(failure["errors"][0]["code"], "required", "{path} {first}");
    }
}

#[tokio::test]
async fn pages_and_probes_are_served() {
    let service = Service::start().await;
    let docs = service.get("/docs").send().await;
    assert_eq!(
        docs.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = docs.header("content-security-policy").unwrap();
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    for outside in ["http://", "https://", "//cdn"] {
        let loads = ["src=\"", "href=\""].map(|how| format!("{how}{outside}"));
        assert!(
            !loads.iter().any(|load| docs.text.contains(load)),
            "{outside}"
        );
    }
    let page = service.get("/playground").send().await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    let own_files_only = policy.contains("script-src 'self'") && !policy.contains("unsafe");
    assert!(
        own_files_only && !page.text.contains("<script>"),
        "{policy}"
    );
    let live = service.get("/healthz").send().await;
    assert_eq!(live.body(), json!({ "status": "ok" }));
    let ready = service.get("/readyz").send().await;
    let up = json!({ "database": "up", "ephemeral": "up" });
    assert_eq!(
        ready.body(),
        json!({ "status": "ready", "dependencies": up })
    );
}

#[tokio::test]
async fn browsers_from_elsewhere_are_let_in_by_name_only() {
    let service = Service::start().await;
    let call = service
        .get("/v1/me")
        .header("origin", "https://www.example.com");
    let answer = call.send().await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let origins = [("server.cors_origins", "[\"https://www.example.com\"]")];
    let service = Service::with(&origins).await;
    let call = service
        .get("/v1/me")
        .header("origin", "https://www.example.com");
    let answer = call.send().await;
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://www.example.com"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let vary = answer.header("vary").unwrap_or_default().to_lowercase();
    assert!(vary.contains("origin"), "{vary}");
    let preflight = |origin: &str| {
        let call = service.call(Method::OPTIONS, "/v1/me");
        call.header("origin", origin)
            .header("access-control-request-method", "PATCH")
            .header(
                "access-control-request-headers",
                "authorization, content-type",
            )
            .raw()
    };
    let allowed = preflight("https://www.example.com").await;
    assert!(allowed.status().is_success(), "{allowed:?}");
    let methods = &allowed.headers()["access-control-allow-methods"];
    assert!(
        methods
            .to_str()
            .is_ok_and(|methods| methods.contains("PATCH"))
    );
    let refused = preflight("https://evil.example").await;
    assert_eq!(refused.headers().get("access-control-allow-origin"), None);
    for origin in [
        "https://evil.example",
        "null",
        "https://www.example.com.evil.example",
    ] {
        let call = service.get("/v1/me").header("origin", origin);
        let sent = call.raw().await;
        let allowed = sent.headers().get("access-control-allow-origin");
        assert_eq!(allowed, None, "{origin}");
    }
}
