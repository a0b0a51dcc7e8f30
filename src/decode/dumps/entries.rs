//! Members of an answer, as their types should be.

use std::collections::BTreeMap;

use super::json::{self, Scalar, Value};
use crate::context::Settings;
use crate::error::DecodeError;
use crate::time::Millis;

/// Objects nested deeper are no settings.
const DEEPEST: usize = 24;

/// The members of an object.
pub(super) struct Entries<'a>(pub(super) Vec<(String, Value<'a>)>);

/// What an object is not.
const NO_OBJECT: DecodeError = DecodeError { message: "not an object", offset: 0 };

impl<'a> Entries<'a> {
    /// Reads a text that is one object.
    pub(super) fn read(text: &'a [u8]) -> Result<Self, DecodeError> {
        let (members, rest) = json::members(text)?;
        if !rest.trim_ascii().is_empty() {
            return Err(DecodeError::at(text.len() - rest.len(), "text after the end"));
        }
        Ok(Self(members.into_iter().map(|(key, value)| (lossy(&key.text()), value)).collect()))
    }

    /// The members of a value, which must be an object.
    pub(super) fn of(value: Value<'a>) -> Result<Self, DecodeError> {
        match value {
            Value::Object(text) => Self::read(text),
            _ => Err(NO_OBJECT),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Value<'a>> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Self::of(self.get(name)?).ok()
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(self.get(name)?)
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.get(name).map(texts).unwrap_or_default()
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Scalar(Scalar::Bool(flag)) => Some(flag),
            _ => None,
        }
    }

    /// A time in milliseconds since 1970.
    pub(super) fn millis(&self, name: &str) -> Option<Millis> {
        number(self.get(name)?).map(Millis)
    }
}

pub(super) fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

pub(super) fn text(value: Value<'_>) -> Option<String> {
    match value {
        Value::Scalar(Scalar::Str(text)) => Some(lossy(&text.text())),
        _ => None,
    }
}

/// A whole number.
pub(super) fn number(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Scalar(Scalar::Num(digits)) => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

/// The elements of a list; a single value is a list of one.
pub(super) fn list(value: Value<'_>) -> Vec<Value<'_>> {
    match value {
        Value::List(text) => json::elements(text).map(|(elements, _)| elements).unwrap_or_default(),
        Value::Scalar(Scalar::Null) => Vec::new(),
        one => vec![one],
    }
}

pub(super) fn texts(value: Value<'_>) -> Vec<String> {
    list(value).into_iter().filter_map(text).collect()
}

/// Settings, flat or nested, as far as they matter.
pub(super) fn settings_of(value: Option<Value<'_>>) -> Settings {
    let mut found = BTreeMap::new();
    if let Some(value) = value {
        flatten(value, &mut String::new(), 0, &mut found);
    }
    Settings(found)
}

fn flatten(value: Value<'_>, path: &mut String, depth: usize, found: &mut BTreeMap<String, Vec<String>>) {
    match value {
        Value::Object(_) if depth < DEEPEST => {
            let Ok(entries) = Entries::of(value) else { return };
            for (name, value) in entries.0 {
                let before = path.len();
                if before > 0 {
                    path.push('.');
                }
                path.push_str(&name);
                flatten(value, path, depth + 1, found);
                path.truncate(before);
            }
        }
        Value::Object(_) => {}
        value if Settings::wants(path) => {
            let values = list(value).into_iter().filter_map(|value| match value {
                Value::Scalar(Scalar::Str(text)) => Some(lossy(&text.text())),
                Value::Scalar(Scalar::Num(digits)) => Some(lossy(digits)),
                Value::Scalar(Scalar::Bool(flag)) => Some(flag.to_string()),
                _ => None,
            });
            found.insert(path.clone(), values.collect());
        }
        _ => {}
    }
}
