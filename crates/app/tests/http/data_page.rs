//! The page of what is stored where names every table and every column, and none that
//! is not there; the same of the kinds of keys in Redis.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use sea_orm::{ConnectionTrait as _, Statement};

use crate::support::Service;

const PAGE: &str = include_str!("../../../../docs/security/data.md");
const CHINESE: &str = include_str!("../../../../docs/zh/security/data.md");

/// The words in backticks of each row's first `cells` cells, of the table under a heading.
fn rows(page: &str, heading: &str) -> Vec<[BTreeSet<String>; 2]> {
    let (_, rest) = page.split_once(heading).expect("the heading");
    let section = rest.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let rows = rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(|cell| {
            let words = cell.split('`').skip(1).step_by(2);
            words.map(ToOwned::to_owned).collect()
        });
        [(); 2].map(|()| cells.next().expect("a cell"))
    });
    rows.collect()
}

/// The tables of the database that this version makes, with their columns.
async fn tables(service: &Service) -> BTreeMap<String, BTreeSet<String>> {
    let db = service.witness();
    let db = db.connection();
    let sql = "SELECT m.name AS name, c.name AS member FROM sqlite_master m, \
               pragma_table_info(m.name) c WHERE m.type = 'table' \
               AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'seaql_migrations'";
    let found = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql));
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in found.await.expect("rows") {
        let table = row.try_get("", "name").expect("a table");
        let column = row.try_get("", "member").expect("a column");
        tables.entry(table).or_default().insert(column);
    }
    tables
}

#[tokio::test]
async fn the_page_of_data_names_every_column() {
    let service = Service::start().await;
    let tables = tables(&service).await;
    assert!(tables.len() > 10, "{tables:?}");
    for (page, heading) in [(PAGE, "## The database"), (CHINESE, "## 数据库")] {
        let told: BTreeMap<String, BTreeSet<String>> = rows(page, heading)
            .into_iter()
            .map(|[table, columns]| (table.into_iter().next().expect("a table"), columns))
            .collect();
        assert_eq!(told, tables, "{heading}");
    }
}

/// What names a key in the sources of the adapter: `alone("code", …`, `key("…", …` and,
/// for limits, `("sms-phone", …`.
fn kinds_in(folder: &Path, kinds: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            kinds_in(&path, kinds);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a text");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let compact: String = text.split_whitespace().collect();
        let limits = path.ends_with("rate_limiter/slots.rs");
        let calls = ["alone(\"", "self.key(\"", "as_str(),\""];
        for mark in calls.iter().chain(limits.then_some(&"(\"")) {
            let named = compact.split(mark).skip(1);
            let named = named
                .filter_map(|rest| rest.split_once("\","))
                .map(|(word, _)| word);
            let words =
                named.filter(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
            kinds.extend(words.map(ToOwned::to_owned));
        }
    }
}

#[test]
fn the_page_of_data_names_every_kind_of_key_in_redis() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../redis/src");
    let mut kinds = BTreeSet::new();
    kinds_in(&sources, &mut kinds);
    assert!(
        kinds.contains("code") && kinds.contains("sms-phone") && kinds.len() > 12,
        "{kinds:?}"
    );
    for (page, heading) in [(PAGE, "## Redis"), (CHINESE, "## Redis")] {
        let told: BTreeSet<String> = rows(page, heading)
            .into_iter()
            .flat_map(|[kinds, _]| kinds)
            .collect();
        assert_eq!(told, kinds, "{heading}");
    }
}
