//! The listing of API keys: the response of `GET /_security/api_key` or `_query/api_key` (audit-format 4), wherever it stands:
//! among the inputs, or in a file that the user names as one.

use std::collections::BTreeMap;

use super::entries::{Entries, list};
use super::json::{self, Value};
use super::privileges::privileges;
use crate::context::{ApiKey, Privileges};
use crate::error::DecodeError;

/// Reads a listing: `{"api_keys":[…]}`, several such responses one after another (pages), or the array alone.
///
/// # Errors
/// A message for the user where the text is no JSON or holds no listing.
pub(in crate::decode) fn api_keys(text: &[u8]) -> Result<Vec<ApiKey>, String> {
    let mut rest = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
    if rest.is_empty() {
        return Err("not a listing of API keys: the file is empty".to_owned());
    }
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let wrong = |error: DecodeError| format!("not a listing of API keys: {error}");
        let elements = if rest.starts_with(b"[") {
            let (elements, behind) = json::elements(rest).map_err(wrong)?;
            rest = behind.trim_ascii();
            elements
        } else {
            let (members, behind) = json::members(rest).map_err(wrong)?;
            rest = behind.trim_ascii();
            let found = members.into_iter().find(|(key, _)| &key.text()[..] == b"api_keys");
            match found {
                Some((_, listed @ Value::List(_))) => list(listed),
                _ => return Err("not a listing of API keys: no `api_keys` array".to_owned()),
            }
        };
        for (at, entry) in elements.into_iter().enumerate() {
            keys.push(key(entry).map_err(|_| format!("entry {} of the listing has no `id`", at + 1))?);
        }
    }
    Ok(keys)
}

/// The keys of a list.
pub(super) fn of_list(listed: Value<'_>) -> Result<Vec<ApiKey>, DecodeError> {
    match listed {
        Value::List(_) => list(listed).into_iter().map(key).collect(),
        _ => Err(DecodeError::at(0, "no list of keys")),
    }
}

fn key(entry: Value<'_>) -> Result<ApiKey, DecodeError> {
    let entry = Entries::of(entry)?;
    Ok(ApiKey {
        id: entry.text("id").ok_or(DecodeError::at(0, "a key without an id"))?,
        name: entry.text("name"),
        kind: entry.text("type"),
        creation: entry.millis("creation"),
        expiration: entry.millis("expiration"),
        invalidated: entry.flag("invalidated").unwrap_or(false),
        invalidation: entry.millis("invalidation"),
        username: entry.text("username"),
        realm: entry.text("realm"),
        descriptors: entry.get("role_descriptors").map(descriptors).transpose()?,
        limited_by: entry.get("limited_by").map(limits).transpose()?,
    })
}

fn descriptors(value: Value<'_>) -> Result<BTreeMap<String, Privileges>, DecodeError> {
    match value {
        Value::Object(_) => {
            Entries::of(value)?.0.into_iter().map(|(name, value)| Ok((name, privileges(value)?))).collect()
        }
        // A list without elements, or null.
        _ => Ok(BTreeMap::new()),
    }
}

/// A list of objects of descriptors.
fn limits(value: Value<'_>) -> Result<Vec<Privileges>, DecodeError> {
    let mut found = Vec::new();
    for one in list(value) {
        found.extend(descriptors(one)?.into_values());
    }
    Ok(found)
}
