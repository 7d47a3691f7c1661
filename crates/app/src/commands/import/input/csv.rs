//! Comma-separated values, with a head that names the columns.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder, Trim};
use serde_json::{Map, Value};

use super::{Row, Sink};

/// How `MySQL` writes that there is nothing.
const NOTHING: &[u8] = b"\\N";

pub(super) fn read(
    input: impl Read,
    check_head: impl FnOnce(&[String]) -> Result<(), String>,
    sink: Sink<'_>,
) -> Result<(), String> {
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::All)
        .from_reader(input);
    let head = reader.headers().map_err(|error| words(&error))?;
    let head: Vec<String> = head.iter().map(ToOwned::to_owned).collect();
    check(&head)?;
    check_head(&head)?;
    let mut record = ByteRecord::new();
    loop {
        let more = reader.read_byte_record(&mut record);
        if !more.map_err(|error| words(&error))? {
            return Ok(());
        }
        let at = record.position().map_or(0, csv::Position::line);
        let members = members(&head, &record);
        if !sink(Row { at, members }) {
            return Ok(());
        }
    }
}

fn check(head: &[String]) -> Result<(), String> {
    if head.is_empty() {
        return Err("the file is empty: its first line names the columns".to_owned());
    }
    for (place, name) in head.iter().enumerate() {
        if head[..place].contains(name) {
            return Err(format!("the column {name} is there twice"));
        }
    }
    Ok(())
}

fn members(head: &[String], record: &ByteRecord) -> Result<Map<String, Value>, String> {
    if record.len() != head.len() {
        let (found, wanted) = (record.len(), head.len());
        return Err(format!(
            "{found} values, where the head has {wanted} columns"
        ));
    }
    let mut members = Map::with_capacity(head.len());
    for (name, value) in head.iter().zip(record) {
        let value = if value == NOTHING { b"" } else { value };
        let text = std::str::from_utf8(value)
            .map_err(|_| format!("{name}: not UTF-8; save the file as UTF-8 (not GBK)"))?;
        members.insert(name.clone(), Value::from(text));
    }
    Ok(members)
}

/// What went wrong, without the values of the row.
fn words(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => super::cannot_read(error),
        csv::ErrorKind::Utf8 { .. } => {
            "the first line is not UTF-8; save the file as UTF-8 (not GBK)".to_owned()
        }
        _ => "the file is no CSV".to_owned(),
    }
}
