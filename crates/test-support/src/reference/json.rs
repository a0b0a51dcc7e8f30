//! A JSON document as an ordered list of members, so that the first of two equal members can win, and text whose invalid
//! UTF-8 is kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Any JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses one document. Bytes that are not UTF-8 become private letters, which [`shown`] turns back.
    pub fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_str(&keep_bytes(line)).ok()
    }

    /// The member at a dotted path, whether its keys are flat, nested or mixed; the first one written wins.
    pub fn at(&self, path: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find_map(|(key, value)| {
            if key == path {
                return Some(value);
            }
            value.at(path.strip_prefix(key.as_str())?.strip_prefix('.')?)
        })
    }

    /// Text at a path; another type counts as absent.
    pub fn text(&self, path: &str) -> Option<String> {
        match self.at(path)? {
            Self::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// True or false at a path.
    pub fn flag(&self, path: &str) -> Option<bool> {
        match self.at(path)? {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The texts of an array at a path, or the one text there.
    pub fn texts(&self, path: &str) -> Vec<String> {
        match self.at(path) {
            Some(Self::Text(text)) => vec![text.clone()],
            Some(Self::List(list)) => list
                .iter()
                .filter_map(|value| match value {
                    Self::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// Where invalid byte 0x00 would be; the tests' inputs do not use this stretch of the private letters.
const INVALID: u32 = 0xF700;

fn keep_bytes(line: &[u8]) -> String {
    let mut text = String::new();
    for chunk in line.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|&byte| char::from_u32(INVALID + u32::from(byte))));
    }
    text
}

/// The bytes that a kept text stands for.
pub fn original(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for letter in text.chars() {
        match u32::from(letter).checked_sub(INVALID).and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// Text as a report shows it: invalid UTF-8 as U+FFFD.
pub fn shown(text: &str) -> String {
    String::from_utf8_lossy(&original(text)).into_owned()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::Text(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = elements.next_element()? {
                    list.push(element);
                }
                Ok(Json::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
                let mut object = Vec::new();
                while let Some(member) = members.next_entry()? {
                    object.push(member);
                }
                Ok(Json::Object(object))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
