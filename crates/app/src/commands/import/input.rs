//! The rows of a file, one after the other, however large it is.
//!
//! A thread reads ahead by a few hundred rows. What it may hold of one row is bounded,
//! so that a quote that is never closed does not bring the whole file into memory.

mod bounded;
mod csv;
mod json;
mod lines;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use self::bounded::{Allowance, Bounded};
use super::arguments::Format;

/// How much one row may take, in bytes.
const MOST_OF_A_ROW: u64 = 1 << 20;
/// How many rows are read ahead.
const AHEAD: usize = 256;

/// A row: the members of an object, or what is wrong with it.
#[derive(Debug)]
pub(super) struct Row {
    /// The line of the file; of a JSON array, the number of the element.
    pub(super) at: u64,
    pub(super) members: Result<Map<String, Value>, String>,
}

/// A row, or why there are no more.
pub(super) type Reading = Result<Row, String>;

/// Where rows go; false once nobody wants any more.
type Sink<'a> = &'a mut dyn FnMut(Row) -> bool;

/// Begins to read. `check_head` says what is wrong with the columns of a file that has
/// a head.
pub(super) fn rows(
    file: &Path,
    format: Format,
    check_head: impl FnOnce(&[String]) -> Result<(), String> + Send + 'static,
) -> Result<mpsc::Receiver<Reading>, String> {
    let (input, allowance) = open(file)?;
    let (sender, receiver) = mpsc::channel(AHEAD);
    // A thread of its own: nobody waits for one that hangs on standard input.
    std::thread::spawn(move || {
        let mut sink = |row| {
            allowance.renew();
            sender.blocking_send(Ok(row)).is_ok()
        };
        let end = match format {
            Format::Csv => csv::read(input, check_head, &mut sink),
            Format::Json => json::read(input, &mut sink),
            Format::Jsonl => lines::read(input, &allowance, &mut sink),
        };
        if let Err(error) = end {
            // Nobody listens if whoever asked has given up.
            drop(sender.blocking_send(Err(error)));
        }
    });
    Ok(receiver)
}

/// The format that the name of a file tells.
pub(super) fn format_of(file: &Path) -> Option<Format> {
    let name = file.extension()?.to_str()?.to_ascii_lowercase();
    match name.as_str() {
        "csv" => Some(Format::Csv),
        "json" => Some(Format::Json),
        "jsonl" | "ndjson" => Some(Format::Jsonl),
        _ => None,
    }
}

fn open(file: &Path) -> Result<(Box<dyn BufRead + Send>, Allowance), String> {
    let source: Box<dyn Read + Send> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let opened = File::open(file);
        Box::new(opened.map_err(|error| format!("{} cannot be read: {error}", file.display()))?)
    };
    let (bounded, allowance) = Bounded::new(source, MOST_OF_A_ROW);
    let mut input = BufReader::new(bounded);
    // Spreadsheets begin a file with a mark that is no part of the first column's name.
    let mark = input.fill_buf().map_err(|error| cannot_read(&error))?;
    if mark.starts_with("\u{feff}".as_bytes()) {
        input.consume("\u{feff}".len());
    }
    Ok((Box::new(input), allowance))
}

fn cannot_read(error: &io::Error) -> String {
    format!("the file cannot be read on: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file of this text comes to: each row, and the end.
    pub(super) fn read(text: &[u8], format: Format) -> (Vec<Row>, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users");
        std::fs::write(&file, text).unwrap();
        let mut receiver = rows(&file, format, |_| Ok(())).unwrap();
        let (mut all, mut end) = (Vec::new(), None);
        while let Some(reading) = receiver.blocking_recv() {
            match reading {
                Ok(row) => all.push(row),
                Err(error) => end = Some(error),
            }
        }
        (all, end)
    }

    fn phone(row: &Row) -> String {
        match &row.members {
            Ok(members) => members["phone"].to_string(),
            Err(error) => error.clone(),
        }
    }

    #[test]
    fn a_mark_at_the_beginning_is_no_part_of_the_text() {
        for (text, format) in [
            ("\u{feff}phone\n1\n", Format::Csv),
            ("\u{feff}[{\"phone\":\"1\"}]", Format::Json),
            ("\u{feff}{\"phone\":\"1\"}\n", Format::Jsonl),
        ] {
            let (rows, end) = read(text.as_bytes(), format);
            assert_eq!(end, None);
            assert_eq!(rows.iter().map(phone).collect::<Vec<_>>(), ["\"1\""]);
        }
    }

    #[test]
    fn one_bad_row_is_one_bad_row() {
        let csv = b"phone,openid\n1,o\n2\n\xff,o\n4,o\n";
        let (rows, end) = read(csv, Format::Csv);
        assert_eq!(end, None);
        let at: Vec<_> = rows
            .iter()
            .map(|row| (row.at, row.members.is_ok()))
            .collect();
        assert_eq!(at, [(2, true), (3, false), (4, false), (5, true)]);
        let lines = b"{\"phone\":1}\n\n{\"phone\":\n[1]\n{\"phone\":5}";
        let (rows, end) = read(lines, Format::Jsonl);
        assert_eq!(end, None);
        let at: Vec<_> = rows
            .iter()
            .map(|row| (row.at, row.members.is_ok()))
            .collect();
        assert_eq!(at, [(1, true), (3, false), (4, false), (5, true)]);
        let (rows, end) = read(b"[{\"phone\":1},7,{\"phone\":3}]", Format::Json);
        assert_eq!(end, None);
        let at: Vec<_> = rows
            .iter()
            .map(|row| (row.at, row.members.is_ok()))
            .collect();
        assert_eq!(at, [(1, true), (2, false), (3, true)]);
    }

    #[test]
    fn json_may_be_wrapped_as_products_wrap_it() {
        for text in [
            r#"{"status":"ok","data":[{"phone":1}],"data2":1}"#,
            r#"{"aud":"a","users":[{"phone":1}]}"#,
        ] {
            let (rows, end) = read(text.as_bytes(), Format::Json);
            assert_eq!((rows.len(), end), (1, None), "{text}");
        }
        for text in [
            "{\"status\":\"error\"}",
            "7",
            "",
            "[{}",
            "[{}]x",
            "{\"data\":null}",
        ] {
            let (_, end) = read(text.as_bytes(), Format::Json);
            assert!(end.is_some(), "{text}");
        }
    }

    #[test]
    fn what_never_ends_is_not_taken_into_memory() {
        let mut quote = b"phone\n1\n\"".to_vec();
        quote.extend(vec![b'x'; 4 << 20]);
        let (rows, end) = read(&quote, Format::Csv);
        assert_eq!(rows.len(), 1);
        assert!(end.unwrap().contains("1 MiB"));
        let mut text = b"[\"".to_vec();
        text.extend(vec![b'x'; 4 << 20]);
        let (_, end) = read(&text, Format::Json);
        assert!(end.unwrap().contains("1 MiB"));
        // A line has an end, and the next one is read.
        let mut lines = vec![b'x'; 4 << 20];
        lines.extend(b"\n{\"phone\":2}\n");
        let (rows, end) = read(&lines, Format::Jsonl);
        assert_eq!(end, None);
        assert!(phone(&rows[0]).contains("1 MiB"), "{rows:?}");
        assert_eq!((rows[1].at, phone(&rows[1]).as_str()), (2, "2"));
    }

    #[test]
    fn a_csv_needs_a_head_with_each_column_once() {
        for text in ["", "phone,phone\n1,2\n"] {
            let (rows, end) = read(text.as_bytes(), Format::Csv);
            assert!(rows.is_empty() && end.is_some(), "{text}");
        }
        let (rows, _) = read(b" phone ,bio\n \\N ,\"a,\nb\"\n3,\n", Format::Csv);
        let members = rows[0].members.as_ref().unwrap();
        assert_eq!(members["phone"], "");
        assert_eq!(members["bio"], "a,\nb");
        assert_eq!(rows[1].at, 4);
    }
}
