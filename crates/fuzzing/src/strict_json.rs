//! Another reading of JSON than the parsers have: how deep, and what is twice.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How deep objects and lists lie in each other, `None` if the text is no JSON or an
/// object anywhere in it has a name twice.
pub(crate) fn depth(text: &str) -> Option<usize> {
    let mut json = serde_json::Deserializer::from_str(text);
    let depth = Depth.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(depth)
}

/// True for an object whose own names are each there once.
pub(crate) fn names_once_at_the_top(text: &str) -> bool {
    struct Top;
    impl<'de> Deserialize<'de> for Top {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Top)
        }
    }
    impl<'de> Visitor<'de> for Top {
        type Value = Self;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
            let mut names = BTreeSet::new();
            while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
                if !names.insert(name) {
                    return Err(A::Error::custom("twice"));
                }
            }
            Ok(self)
        }
    }
    serde_json::from_str::<Top>(text).is_ok()
}

struct Depth;

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_i64<E>(self, _: i64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_u64<E>(self, _: u64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_f64<E>(self, _: f64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_str<E>(self, _: &str) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_unit<E>(self) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<usize, A::Error> {
        let mut deepest = 0;
        while let Some(depth) = list.next_element_seed(Self)? {
            deepest = deepest.max(depth);
        }
        Ok(deepest + 1)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
        let (mut deepest, mut names) = (0, BTreeSet::new());
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("twice"));
            }
            deepest = deepest.max(map.next_value_seed(Self)?);
        }
        Ok(deepest + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::{depth, names_once_at_the_top};

    #[test]
    fn depth_and_doubles_are_seen_anywhere() {
        assert_eq!(depth("1"), Some(0));
        assert_eq!(depth(r#"{"a":[{"b":null}],"c":2.5}"#), Some(3));
        assert_eq!(depth(r#"{"a":{"b":1,"b":1}}"#), None);
        assert_eq!(depth("{} {}"), None);
        assert!(names_once_at_the_top(r#"{"a":{"b":1,"b":1}}"#));
        assert!(!names_once_at_the_top(r#"{"a":1,"a":1}"#));
        assert!(!names_once_at_the_top("[]"));
    }
}
