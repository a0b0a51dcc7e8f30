//! The listing of API keys that a user names, see `dumps`.

use super::dumps;
use crate::context::ApiKey;

/// Reads a listing: `{"api_keys":[…]}`, several such responses one after another (pages), or the array alone.
///
/// # Errors
/// A message for the user where the text is no JSON or holds no listing.
pub fn parse(text: &[u8]) -> Result<Vec<ApiKey>, String> {
    dumps::api_keys(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Millis;

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
