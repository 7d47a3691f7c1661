//! The dashboard and the alert rules: what they name is told, what they say parses,
//! and what they promise is written down.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::metrics::{documented, read, root};

const RULES: &str = "deploy/prometheus/menshen.rules.yml";
const RULES_TEST: &str = "deploy/prometheus/menshen.rules.test.yml";
const DASHBOARD: &str = "deploy/grafana/menshen.json";

/// `promtool`, as the machine has it, or as `scripts/install-test-tools` does.
fn promtool(arguments: &[&str]) {
    let installed = root().join("target/tools/bin/promtool");
    let promtool = if installed.exists() {
        installed
    } else {
        PathBuf::from("promtool")
    };
    let mut command = Command::new(promtool);
    let output = command.args(arguments).current_dir(root()).output();
    let output = output.expect("promtool; scripts/install-test-tools installs it");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
}

/// Every metric that a text names, with what follows in braces.
fn named(text: &str) -> Vec<(String, String)> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for start in ["menshen_", "process_"] {
        for (at, _) in text.match_indices(start) {
            if text[..at].ends_with(word) {
                continue;
            }
            let rest = &text[at..];
            let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            let selector = rest[end..]
                .strip_prefix('{')
                .and_then(|rest| rest.split_once('}'));
            let selector = selector.map_or("", |(inner, _)| inner);
            found.push((rest[..end].to_owned(), selector.to_owned()));
        }
    }
    found
}

/// Panics where an expression names a metric or a label that is not told.
fn tells_of_what_is_there(expression: &str) {
    let known = documented();
    // What Prometheus adds by itself.
    let added = ["job", "instance", "le"];
    for (name, selector) in named(expression) {
        let parts = ["_bucket", "_count", "_sum"];
        let family = parts
            .iter()
            .find_map(|part| name.strip_suffix(part))
            .unwrap_or(&name);
        let labels = known.get(&name).or_else(|| known.get(family));
        let labels = labels.unwrap_or_else(|| panic!("nothing tells {name}: {expression}"));
        for pair in selector.split(", ").filter(|pair| !pair.is_empty()) {
            let label = pair.split(['=', '!']).next().expect("a label");
            let is_told = added.contains(&label) || labels.contains(label);
            assert!(is_told, "{name} has no label {label}: {expression}");
        }
    }
}

/// The values of one key of the rules' file, in its own order.
fn rule_values(key: &str) -> Vec<String> {
    let rules = read(RULES);
    let start = format!("{key}: ");
    let values = rules.lines().filter_map(|line| {
        line.trim_start()
            .trim_start_matches("- ")
            .strip_prefix(&start)
    });
    values
        .map(|value| value.trim_matches('\'').replace("''", "'"))
        .collect()
}

#[test]
fn the_rules_are_rules_and_do_what_they_say() {
    promtool(&["check", "rules", "--lint-fatal", RULES]);
    promtool(&["test", "rules", RULES_TEST]);
}

#[test]
fn each_rule_names_what_is_told_and_leads_to_its_page() {
    let (alerts, expressions) = (rule_values("alert"), rule_values("expr"));
    assert!(
        alerts.len() > 20 && alerts.len() == expressions.len(),
        "{alerts:?}"
    );
    for expression in &expressions {
        tells_of_what_is_there(expression);
    }
    let page = read("docs/operations/alerts.md");
    let sections: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    assert_eq!(
        sections, alerts,
        "the sections of the page are the alerts, in their order"
    );
    let links = alerts.iter().map(|alert| {
        let anchor = alert.to_lowercase();
        format!("docs/operations/alerts.md#{anchor}")
    });
    assert_eq!(rule_values("runbook_url"), links.collect::<Vec<_>>());
    let severities = rule_values("severity");
    assert_eq!(severities.len(), alerts.len());
    for severity in severities {
        assert!(
            ["critical", "warning"].contains(&severity.as_str()),
            "{severity}"
        );
    }
}

fn dashboard() -> Value {
    serde_json::from_str(&read(DASHBOARD)).expect("JSON")
}

fn list<'a>(of: &'a Value, pointer: &str) -> &'a [Value] {
    let list = of.pointer(pointer).and_then(Value::as_array);
    list.unwrap_or_else(|| panic!("no {pointer} in {of}"))
}

fn word<'a>(of: &'a Value, pointer: &str) -> &'a str {
    let text = of.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no {pointer} in {of}"))
}

#[test]
fn the_dashboard_asks_whichever_prometheus_is_chosen() {
    let dashboard = dashboard();
    let chosen = &list(&dashboard, "/templating/list")[0];
    assert_eq!(word(chosen, "/type"), "datasource");
    assert_eq!(word(chosen, "/query"), "prometheus");
    for absent in ["id", "uid"] {
        assert!(
            dashboard.get(absent).is_none(),
            "{absent} belongs to one Grafana"
        );
    }
    let mut ids = BTreeSet::new();
    let mut corner = BTreeSet::new();
    for panel in list(&dashboard, "/panels") {
        assert!(ids.insert(panel["id"].as_u64()), "an id twice: {panel}");
        let place = |name: &str| panel["gridPos"][name].as_u64().expect("a place");
        assert!(
            corner.insert((place("x"), place("y"))),
            "two in one place: {panel}"
        );
        assert!(place("x") + place("w") <= 24, "{panel}");
        assert!(!word(panel, "/title").is_empty());
        if word(panel, "/type") == "row" {
            continue;
        }
        assert!(!word(panel, "/description").is_empty());
        assert!(!word(panel, "/fieldConfig/defaults/unit").is_empty());
        assert_eq!(word(panel, "/datasource/uid"), "${datasource}");
        let targets = list(panel, "/targets");
        assert!(!targets.is_empty());
        for target in targets {
            assert_eq!(word(target, "/datasource/uid"), "${datasource}");
        }
    }
}

/// The expressions of the dashboard, with a value for each of its variables.
fn expressions() -> Vec<String> {
    let dashboard = dashboard();
    let targets = list(&dashboard, "/panels")
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    let of_panels = targets.map(|target| word(target, "/expr"));
    let of_annotations = list(&dashboard, "/annotations/list").iter();
    let of_annotations = of_annotations.map(|one| word(one, "/expr"));
    let all = of_panels.chain(of_annotations).map(|expression| {
        let values = [
            ("$__rate_interval", "5m"),
            ("$__interval", "1m"),
            ("$instance", ".*"),
            ("$job", ".*"),
        ];
        values
            .iter()
            .fold(expression.to_owned(), |text, (name, value)| {
                text.replace(name, value)
            })
    });
    all.collect()
}

#[test]
fn the_dashboard_shows_what_is_told() {
    let expressions = expressions();
    assert!(expressions.len() >= 40, "{}", expressions.len());
    for expression in &expressions {
        assert!(
            !expression.contains('$'),
            "a variable without a value: {expression}"
        );
        tells_of_what_is_there(expression);
    }
    // Nothing but a rule makes promtool read an expression.
    let rules = expressions.iter().enumerate().map(|(n, expression)| {
        let quoted = expression.replace('\'', "''");
        format!("      - record: panel:n{n}\n        expr: '{quoted}'\n")
    });
    let rules = rules.collect::<Vec<_>>().concat();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("panels.yml");
    let text = format!("groups:\n  - name: panels\n    rules:\n{rules}");
    fs::write(&file, text).expect("a file");
    promtool(&["check", "rules", file.to_str().expect("a path")]);
}

/// Links and names in the pages for operators.
#[test]
fn the_pages_name_what_is_told() {
    for page in ["alerts.md", "metrics.md", "tracing.md"] {
        let text = read(&format!("docs/operations/{page}"));
        let known = documented();
        for (name, _) in named(&text) {
            assert!(known.contains_key(&name), "{page} names {name}");
        }
    }
}
