//! A pushed text, JSON or XML, as its members.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Map, Value};

/// Members of one level, by name.
pub(super) type Members = HashMap<String, String>;

/// Reads JSON or XML by how it begins: JSON arrives labelled as `text/xml`.
/// Names are trimmed, since some were seen with a space in front; values that
/// are no text or number are left out.
pub(super) fn read(text: &[u8]) -> Option<Members> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.as_bytes().first()? {
        b'{' => json(text),
        b'<' => xml(text),
        _ => None,
    }
}

fn json(text: &str) -> Option<Members> {
    let object: Map<String, Value> = serde_json::from_str(text).ok()?;
    let members = object.into_iter().filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some((name.trim().to_owned(), value))
    });
    Some(members.collect())
}

/// `<xml><Name><![CDATA[value]]></Name>…</xml>`. A document type is refused, so
/// that no entity is ever defined.
fn xml(text: &str) -> Option<Members> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut members = Members::new();
    let mut value = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                path.push(std::str::from_utf8(tag.name().0).ok()?.to_owned());
                value.clear();
            }
            Event::End(_) => {
                let name = path.pop()?;
                if path.len() == 1 {
                    members.insert(name, std::mem::take(&mut value));
                }
            }
            Event::Text(part) if path.len() == 2 => value.push_str(&part.decode().ok()?),
            Event::CData(part) if path.len() == 2 => value.push_str(&part.decode().ok()?),
            Event::GeneralRef(reference) if path.len() == 2 => {
                value.push_str(&resolved(&reference)?);
            }
            Event::DocType(_) => return None,
            Event::Eof => return path.is_empty().then_some(members),
            _ => {}
        }
    }
}

/// `&amp;` and its like, and characters by number.
fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    resolve_predefined_entity(&reference.decode().ok()?).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, name: &str) -> Option<String> {
        read(text.as_bytes())?.remove(name)
    }

    #[test]
    fn json_is_told_from_xml_by_how_it_begins() {
        for text in [
            r#"{"Event":"e","CreateTime":7}"#,
            "\u{feff} {\" Event\":\"e\",\"CreateTime \":7}\n",
            "<xml><Event><![CDATA[e]]></Event><CreateTime>7</CreateTime></xml>",
            "<?xml version=\"1.0\"?>\n<xml>\n<Event>e</Event>\n<CreateTime>7</CreateTime>\n</xml>\n",
        ] {
            assert_eq!(said(text, "Event").as_deref(), Some("e"), "{text}");
            assert_eq!(said(text, "CreateTime").as_deref(), Some("7"), "{text}");
        }
    }

    #[test]
    fn xml_texts_are_whole_and_what_is_nested_is_left_out() {
        let text = "<xml><A>1 &lt; &#50;<![CDATA[&amp;]]></A><B><C>deep</C></B><D/></xml>";
        assert_eq!(said(text, "A").as_deref(), Some("1 < 2&amp;"));
        assert_eq!(said(text, "C"), None);
        assert_eq!(said(text, "B").as_deref(), Some(""));
    }

    #[test]
    fn what_is_neither_is_nothing() {
        for text in [
            "",
            "hello",
            "[1]",
            "{",
            "<xml><A>1</xml>",
            "<xml><A>1</A>",
            "<!DOCTYPE x [<!ENTITY e \"boom\">]><xml><A>1</A></xml>",
            "<xml><A>&e;</A></xml>",
        ] {
            assert!(read(text.as_bytes()).is_none(), "{text}");
        }
        assert!(read(b"{\"A\":\"\xff\"}").is_none());
    }

    proptest::proptest! {
        #[test]
        fn anything_at_all_is_read_or_refused(text in "\\PC{0,200}", bytes: Vec<u8>) {
            let _ = read(&bytes);
            let _ = read(text.as_bytes());
            let _ = read(format!("<xml><A>{text}</A></xml>").as_bytes());
            let _ = read(format!("{{\"A\":{text}}}").as_bytes());
        }

        #[test]
        fn a_text_in_cdata_comes_out_as_it_is(text in "[^\\]\r\u{0}]{1,100}") {
            let message = format!("<xml><A><![CDATA[{text}]]></A></xml>");
            proptest::prop_assert_eq!(said(&message, "A"), Some(text));
        }
    }
}
