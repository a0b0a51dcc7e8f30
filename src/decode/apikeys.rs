//! The listing of API keys: the response of `GET /_security/api_key` or `_query/api_key` (audit-format 4).

use serde::Deserialize;
use serde_json::Value;

use crate::time::Millis;

/// What a listing says of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The id, as in `apikey.id` and in the server's messages.
    pub id: String,
    /// The name; not unique.
    pub name: Option<String>,
    /// `rest`, `cross_cluster` or `managed`; absent before 8.10.
    pub kind: Option<String>,
    /// When it was created.
    pub creation: Option<Millis>,
    /// When it expires or expired.
    pub expiration: Option<Millis>,
    /// Whether it is invalidated.
    pub invalidated: bool,
    /// When it was invalidated; absent before 8.12.
    pub invalidation: Option<Millis>,
    /// The owner.
    pub username: Option<String>,
    /// The owner's realm.
    pub realm: Option<String>,
}

/// Reads a listing: `{"api_keys":[…]}`, several such responses one after another (pages), or the array alone.
///
/// # Errors
/// A message for the user where the text is no JSON or holds no listing.
pub fn parse(text: &[u8]) -> Result<Vec<ApiKey>, String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut keys = Vec::new();
    let mut listings = 0;
    for document in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
        let document = document.map_err(|error| format!("not a listing of API keys: {error}"))?;
        let entries = match &document {
            Value::Array(entries) => Some(entries),
            Value::Object(members) => members.get("api_keys").and_then(Value::as_array),
            _ => None,
        };
        let entries = entries.ok_or("not a listing of API keys: no `api_keys` array")?;
        listings += 1;
        for (at, entry) in entries.iter().enumerate() {
            keys.push(key(entry).ok_or_else(|| format!("entry {} of the listing has no `id`", at + 1))?);
        }
    }
    if listings == 0 {
        return Err("not a listing of API keys: the file is empty".to_owned());
    }
    Ok(keys)
}

fn key(entry: &Value) -> Option<ApiKey> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let time = |name: &str| entry.get(name).and_then(|value| i64::deserialize(value).ok()).map(Millis);
    Some(ApiKey {
        id: text("id")?,
        name: text("name"),
        kind: text("type"),
        creation: time("creation"),
        expiration: time("expiration"),
        invalidated: entry.get("invalidated").and_then(Value::as_bool).unwrap_or(false),
        invalidation: time("invalidation"),
        username: text("username"),
        realm: text("realm"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_of_both_endpoints() {
        let old = r#"{"api_keys":[{"id":"a","name":"n","creation":1548550550158,"invalidated":false,"username":"u","realm":"r"}]}"#;
        let new = r#"{"total":1,"count":1,"api_keys":[{"id":"b","name":null,"type":"cross_cluster","creation":1,"expiration":2,"invalidated":true,"invalidation":3,"username":"u","realm":"r","realm_type":"native","metadata":{"id":"no"},"role_descriptors":{}}]}"#;
        let keys = parse(format!("{old}\n{new}").as_bytes()).unwrap();
        let names: Vec<(&str, Option<&str>, bool)> =
            keys.iter().map(|key| (key.id.as_str(), key.name.as_deref(), key.invalidated)).collect();
        assert_eq!(names, [("a", Some("n"), false), ("b", None, true)]);
        assert_eq!((keys[0].creation, keys[0].expiration), (Some(Millis(1_548_550_550_158)), None));
        assert_eq!((keys[1].expiration, keys[1].invalidation), (Some(Millis(2)), Some(Millis(3))));
        assert_eq!((keys[0].kind.as_deref(), keys[1].kind.as_deref()), (None, Some("cross_cluster")));
        assert_eq!(parse(br#"[{"id":"x"}]"#).unwrap()[0].id, "x");
        assert_eq!(parse(br#"{"api_keys":[]}"#).unwrap(), []);
    }

    #[test]
    fn other_files_are_refused_with_a_reason() {
        for text in ["", "{}", "1", "{\"api_keys\":1}", "{\"api_keys\":[{}]}", "{\"api_keys\":[", "\u{0}"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
