//! The line that an object of an envelope carries, and where it came from, without decoding it: for who looks at the lines of
//! a source one after the other.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::client::is_of_client;
use super::json::{self, Value};
use super::unwrap::{NO_PAYLOAD, sorted};
use crate::event::LogText;

/// What an object carries.
#[derive(Debug)]
pub(crate) struct Carried<'a> {
    /// The line, or the lines of one message.
    pub(crate) text: LogText<'a>,
    /// Stands for the host, container, file and stream that the object names: equal where they are.
    pub(crate) source: u64,
}

/// Objects inside each other that are gone into.
const MAX_DEPTH: usize = 6;

/// Parts of the names of members that say where a line came from.
const PLACES: [&[u8]; 9] = [b"host", b"pod", b"container", b"stream", b"node", b"path", b"file", b"unit", b"instance"];

/// What an object carries; `None` where it is no envelope of text, as far as its names tell.
#[must_use]
pub(crate) fn carried(object: &[u8]) -> Option<Carried<'_>> {
    let mut source = DefaultHasher::new();
    let text = search(object, false, 0, &mut source)?;
    Some(Carried { text, source: source.finish() })
}

fn search<'a>(object: &'a [u8], of_place: bool, depth: usize, source: &mut DefaultHasher) -> Option<LogText<'a>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (members, _) = json::members(object).ok()?;
    let (texts, containers) = sorted(&members);
    let mut line = None;
    for (rank, name, text) in texts {
        if rank < NO_PAYLOAD && line.is_none() {
            line = Some(text.text());
        } else if of_place || is_place(&name) {
            text.text().hash(source);
        }
    }
    for (_, name, value) in containers {
        let Value::Object(inner) = value else { continue };
        let place = of_place || is_place(&name);
        if place || !is_of_client(&name) {
            let found = search(inner, place, depth + 1, source);
            line = line.or(found.filter(|_| !place));
        }
    }
    line
}

fn is_place(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    PLACES.iter().any(|place| memchr::memmem::find(&name, place).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_and_its_source_are_told() {
        let of = |object: serde_json::Value| {
            let object = object.to_string();
            carried(object.as_bytes()).map(|found| (String::from_utf8(found.text.into_owned()).unwrap(), found.source))
        };
        let filebeat = |time: &str, pod: &str| {
            of(serde_json::json!({"@timestamp": time, "message": "x", "kubernetes": {"pod": {"name": pod}}})).unwrap()
        };
        assert_eq!(filebeat("1", "a").0, "x");
        assert_eq!(filebeat("1", "a"), filebeat("2", "a"));
        assert_ne!(filebeat("1", "a").1, filebeat("1", "b").1);
        assert_eq!(of(serde_json::json!({"_source": {"log": "y\n", "stream": "stdout"}})).unwrap().0, "y\n");
        assert!(of(serde_json::json!({"request": {"body": "y"}})).is_none());
        assert!(of(serde_json::json!({"a": 1})).is_none() && carried(b"{").is_none());
    }
}
