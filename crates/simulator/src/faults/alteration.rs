//! True answers whose members differ in one thing or another.

use serde_json::{Map, Value};

/// Takes members out of a JSON object, and puts others in: by name, or by JSON
/// pointer (RFC 6901) where it begins with a slash. What is no object stays.
pub(super) fn alter(body: &mut Vec<u8>, without: &[String], members: &Map<String, Value>) {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    for place in without {
        if let Some((parent, name)) = find_parent(&mut value, place) {
            parent.remove(&name);
        }
    }
    for (place, member) in members {
        if let Some((parent, name)) = find_parent(&mut value, place) {
            parent.insert(name, member.clone());
        }
    }
    *body = value.to_string().into_bytes();
}

/// The object that holds a member, and the member's name.
fn find_parent<'v>(
    value: &'v mut Value,
    place: &str,
) -> Option<(&'v mut Map<String, Value>, String)> {
    let Some((parent, name)) = place.strip_prefix('/').and_then(|_| place.rsplit_once('/')) else {
        return Some((value.as_object_mut()?, place.to_owned()));
    };
    let name = name.replace("~1", "/").replace("~0", "~");
    Some((value.pointer_mut(parent)?.as_object_mut()?, name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn altered(body: &Value, without: &[&str], members: &Value) -> Value {
        let mut body = body.to_string().into_bytes();
        let without: Vec<_> = without.iter().map(|&name| name.to_owned()).collect();
        let members = members.as_object().cloned().unwrap_or_default();
        alter(&mut body, &without, &members);
        serde_json::from_slice(&body).unwrap()
    }

    #[test]
    fn members_go_and_come_at_any_depth() {
        let body = json!({"a": 1, "b": {"c": 2, "d/e": 3}});
        assert_eq!(
            altered(
                &body,
                &["a", "/b/d~1e", "/x/y", "nowhere"],
                &json!({"expires_in": 0, "/b/c": "2", "/b/f": null})
            ),
            json!({"expires_in": 0, "b": {"c": "2", "f": null}})
        );
    }

    #[test]
    fn what_is_no_object_stays() {
        assert_eq!(altered(&json!([1]), &["a"], &json!({"b": 1})), json!([1]));
        let mut body = b"<xml/>".to_vec();
        alter(&mut body, &["a".to_owned()], &Map::new());
        assert_eq!(body, b"<xml/>");
    }
}
