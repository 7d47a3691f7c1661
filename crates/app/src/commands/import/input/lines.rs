//! A JSON object a line.

use std::io::{BufRead, Read as _};

use serde_json::Value;

use super::bounded::Allowance;
use super::{MOST_OF_A_ROW, Row, Sink, cannot_read};

pub(super) fn read(
    mut input: impl BufRead,
    allowance: &Allowance,
    sink: Sink<'_>,
) -> Result<(), String> {
    let mut line = Vec::new();
    for at in 1_u64.. {
        let whole = take_line(&mut input, allowance, &mut line)?;
        let text = line.trim_ascii();
        let members = match whole {
            None => break,
            Some(false) => Err("longer than a row may be (1 MiB)".to_owned()),
            Some(true) if text.is_empty() => continue,
            Some(true) => match serde_json::from_slice(text) {
                Ok(Value::Object(members)) => Ok(members),
                Ok(_) => Err("not an object".to_owned()),
                Err(error) => Err(format!("not JSON (column {})", error.column())),
            },
        };
        if !sink(Row { at, members }) {
            break;
        }
    }
    Ok(())
}

/// Takes the next line in: nothing at the end, false if only its beginning was taken
/// because it is too long.
fn take_line(
    input: &mut impl BufRead,
    allowance: &Allowance,
    line: &mut Vec<u8>,
) -> Result<Option<bool>, String> {
    line.clear();
    let mut rest = Vec::new();
    let mut into = line;
    let mut parts = 0_u32;
    loop {
        allowance.renew();
        into.clear();
        let mut part = input.by_ref().take(MOST_OF_A_ROW / 2);
        let read = part.read_until(b'\n', into);
        let read = read.map_err(|error| cannot_read(&error))?;
        if read == 0 && parts == 0 {
            return Ok(None);
        }
        parts += 1;
        let over = read == 0 || into.last() == Some(&b'\n') || part.limit() > 0;
        if over {
            return Ok(Some(parts == 1));
        }
        into = &mut rest;
    }
}
