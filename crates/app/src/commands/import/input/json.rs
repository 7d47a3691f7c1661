//! One JSON text with an array of objects, element by element.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{Row, Sink};

/// The members that products wrap their people in.
const WRAPPINGS: [&str; 2] = ["data", "users"];
/// What a text that is something else is told.
const WANTED: &str = "an array of objects, or an object with one as `data` or `users`";

pub(super) fn read(input: impl Read, sink: Sink<'_>) -> Result<(), String> {
    let mut given_up = false;
    let mut at = 0;
    let mut each = |value| {
        at += 1;
        let members = match value {
            Value::Object(members) => Ok(members),
            _ => Err("not an object".to_owned()),
        };
        given_up = !sink(Row { at, members });
        !given_up
    };
    let mut json = serde_json::Deserializer::from_reader(input);
    let read = Whole(&mut each).deserialize(&mut json);
    match read.and_then(|()| json.end()) {
        Ok(()) => Ok(()),
        Err(_) if given_up => Ok(()),
        // Its words quote no value: they are ours, or name a place.
        Err(error) => Err(format!("the file cannot be read on: {error}")),
    }
}

/// The whole text.
struct Whole<'a>(&'a mut dyn FnMut(Value) -> bool);

/// The array of people.
struct List<'a>(&'a mut dyn FnMut(Value) -> bool);

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(), D::Error> {
        text.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WANTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        List(self.0).visit_seq(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(name) = members.next_key::<String>()? {
            if !found && WRAPPINGS.contains(&name.as_str()) {
                members.next_value_seed(List(&mut *self.0))?;
                found = true;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        if found {
            Ok(())
        } else {
            Err(Error::custom(format!("expected {WANTED}")))
        }
    }
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(), D::Error> {
        text.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WANTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(value) = elements.next_element()? {
            if !(self.0)(value) {
                return Err(Error::custom("nobody wants any more"));
            }
        }
        Ok(())
    }
}
