//! A record inside an object that no shape knows: in a member of any name, at any depth, as text or as an object.
//!
//! Pipelines invent names without end, so no list of them is asked for, except to choose between several: what an envelope
//! carries is one line, mostly in several forms. Members that a client writes, and lines of other products, hold quotations
//! at best ([`super::client`]).

use super::actions::EVENTS;
use super::client::{
    has_author, has_level, has_method, is_foreign, is_of_client, is_text_of_client, is_weak, names_value_of_client,
    payload_rank,
};
use super::json::{self, RawStr, Scalar, Value};
use super::members::Members;
use super::native::LAYERS;
use super::{Context, JSON_SHAPES, Sink, UNKNOWN, decode_line, looks_like_record, packed, quotation, table};
use crate::error::DecodeError;
use crate::event::{LogText, Product, Record};

/// The name of records that were found in objects of no known shape.
pub(super) const WRAPPED: &str = "wrapped";

/// The name where a document carries the line in `message` or `event.original` and knows nothing of it.
pub(super) const MESSAGE: &str = "message";

/// Objects and lists inside each other that are gone into: OTLP has ten.
const MAX_DEPTH: usize = 16;

/// Finds the records in an object that no shape claims.
///
/// # Errors
/// Where a record is in it that cannot be read.
pub(super) fn object(text: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    search(Value::Object(text), context, sink)
}

/// Finds the records in a list.
///
/// # Errors
/// Where a record is in it that cannot be read.
pub(super) fn list(text: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    search(Value::List(text), context, sink)
}

/// Custom tables of Log Analytics name a member by its type, and flatten what a security change is about.
const SUFFIXED: DecodeError = DecodeError {
    message: "names with suffixes (event_action_s), as custom tables of Log Analytics have them: export the raw lines",
    offset: 0,
};

/// What is said where the values of a record stand in members that nothing knows.
const UNREAD: DecodeError = DecodeError {
    message: "holds an audit event under names, or in a form, that are not read: export the raw lines",
    offset: 0,
};

fn search(value: Value<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let whole = match value {
        Value::Object(text) | Value::List(text) => text,
        Value::Scalar(_) => &[],
    };
    let mut search = RecordSearch {
        context: context.inside()?,
        sink,
        format: WRAPPED,
        known: false,
        quoted: false,
        product: None,
        damaged: None,
    };
    search.value(value, 0, false);
    let RecordSearch { known, quoted, product, damaged, .. } = search;
    match damaged {
        Some(error) if !known => return Err(error),
        // What else was in the line was given already.
        Some(_) => sink(UNKNOWN, Record::Damaged),
        None if quoted && !known => sink(UNKNOWN, Record::Quoted),
        None if !known && memchr::memmem::find(whole, b"\"event_action_s\"").is_some() => return Err(SUFFIXED),
        None if !known && product.is_none() && has_values_of_event(whole) => return Err(UNREAD),
        None if !known => sink(UNKNOWN, product.map_or(Record::Other, Record::OfProduct)),
        None => {}
    }
    Ok(())
}

/// Whether a text holds the name of an event and that of a layer, each as a whole JSON text.
fn has_values_of_event(text: &[u8]) -> bool {
    let stands = |word: &[u8]| {
        memchr::memmem::find_iter(text, word)
            .any(|at| text[..at].ends_with(b"\"") && text.get(at + word.len()) == Some(&b'"'))
    };
    LAYERS.iter().any(|layer| stands(layer)) && EVENTS.iter().any(|event| stands(event.as_bytes()))
}

/// Whether a text holds what looks like a record, packed or not.
fn may_hold_record(text: &[u8]) -> bool {
    quotation::may_hold_record(text) || packed::runs(text).any(|text| quotation::may_hold_record(&text))
}

struct RecordSearch<'s, 'r> {
    context: Context,
    sink: &'s mut Sink<'r>,
    format: &'static str,
    known: bool,
    quoted: bool,
    /// Whose line it is that the envelope carries, if of another product.
    product: Option<Product>,
    damaged: Option<DecodeError>,
}

impl RecordSearch<'_, '_> {
    /// Looks into a value; whether a record is in it. `quoting`: texts in it are no records, because the line that the
    /// envelope carries is another.
    fn value(&mut self, value: Value<'_>, depth: usize, quoting: bool) -> bool {
        match value {
            _ if depth > MAX_DEPTH => false,
            Value::Object(text) => self.object(text, depth, quoting),
            Value::List(text) => self.list(text, depth, quoting),
            Value::Scalar(Scalar::Str(text)) => self.quote_or_read(text, quoting),
            Value::Scalar(_) => false,
        }
    }

    fn quote_or_read(&mut self, text: RawStr<'_>, quoting: bool) -> bool {
        let text = text.text();
        if quoting {
            self.quoted |= may_hold_record(&text);
            return false;
        }
        self.text(&text)
    }

    fn list(&mut self, text: &[u8], depth: usize, quoting: bool) -> bool {
        let Ok((elements, _)) = json::elements(text) else { return false };
        if let Some(bytes) = table::bytes(&elements) {
            return !quoting && self.text(&bytes);
        }
        if let Some(object) = table::pairs(&elements) {
            return self.object(&object, depth + 1, quoting);
        }
        let mut known = false;
        for element in elements {
            known |= self.value(element, depth + 1, quoting);
        }
        known
    }

    fn object(&mut self, text: &[u8], depth: usize, quoting: bool) -> bool {
        if depth > 0 && self.shape(text) {
            return true;
        }
        let Ok((members, _)) = json::members(text) else { return false };
        if let Some(rows) = table::rows(&members) {
            let mut known = false;
            for row in rows {
                known |= self.object(&row, depth + 1, quoting);
            }
            return known;
        }
        if is_foreign(&members) {
            self.quoted |= may_hold_record(text);
            return false;
        }
        let (texts, containers) = sorted(&members);
        let mut carries = false;
        let of_program = has_level(&members);
        let of_author = has_author(&members) || has_method(&members) || names_value_of_client(&members);
        // Texts of names that nobody knows may be several records; one of them may stand there twice.
        let mut read: Vec<LogText<'_>> = Vec::new();
        for (rank, name, text) in texts {
            let is_payload = rank < NO_PAYLOAD;
            // Beside the message of a program, what it calls a value or a text is what it was given; beside an author or the
            // method of a request, what that one wrote.
            let is_given = (carries && of_program || of_author) && is_weak(rank);
            if quoting || is_given || (!is_payload && (carries || is_text_of_client(&name))) {
                self.quoted |= may_hold_record(&text.text());
                continue;
            }
            let text = text.text();
            if read.contains(&text) {
                continue;
            }
            if depth == 0 && matches!(&*name, b"message" | b"original") {
                self.format = MESSAGE;
            }
            let known = self.text(&text);
            self.format = WRAPPED;
            match known {
                true if is_payload => return true,
                true => read.push(text),
                false => carries |= is_payload && is_line(&text),
            }
        }
        if !read.is_empty() {
            return true;
        }
        let mut known = false;
        for (rank, name, value) in containers {
            if is_of_client(&name) && rank == NO_PAYLOAD {
                let (Value::Object(text) | Value::List(text)) = value else { continue };
                self.quoted |= may_hold_record(text);
                continue;
            }
            if self.value(value, depth + 1, quoting || carries) {
                known = true;
                if rank < NO_PAYLOAD && matches!(value, Value::Object(_)) {
                    break;
                }
            }
        }
        known
    }

    /// The record that an object is, if a shape claims it.
    fn shape(&mut self, text: &[u8]) -> bool {
        let Ok(members) = Members::read(text) else { return false };
        let Some(shape) = JSON_SHAPES.iter().find(|shape| shape.claims(&members)) else {
            if let Some(error) = members.damage() {
                self.damaged.get_or_insert(error);
            }
            return false;
        };
        let (context, format) = (self.context, self.format);
        let mut known = false;
        let result = shape.decode(&members, &context, &mut |_, record| known |= give(self.sink, format, record));
        self.known |= known;
        if let Err(error) = result {
            self.damaged.get_or_insert(error);
        }
        true
    }

    /// The record in a text, or the records in its lines.
    fn text(&mut self, text: &[u8]) -> bool {
        let text = text.trim_ascii();
        if text.len() < SHORTEST {
            return false;
        }
        if memchr::memchr2(b'{', b'[', text).is_none() {
            return packed::unpack(text).is_some_and(|text| self.unpacked(&text));
        }
        if text.first() != Some(&b'{') || memchr::memchr(b'\n', text).is_none() {
            return self.lines(text);
        }
        // One object over several lines, or objects in lines of their own.
        if json::members(text).is_ok_and(|(_, rest)| rest.is_empty()) { self.line(text) } else { self.lines(text) }
    }

    /// The records in a text that was packed: an object that may carry them in turn, or lines.
    fn unpacked(&mut self, text: &[u8]) -> bool {
        // Packed text may hold packed text.
        let Ok(inside) = self.context.inside() else { return false };
        let outside = std::mem::replace(&mut self.context, inside);
        let known = match json::members(text.trim_ascii()) {
            Ok((_, b"")) => self.object(text.trim_ascii(), 1, false),
            _ => self.text(text),
        };
        self.context = outside;
        known
    }

    fn lines(&mut self, text: &[u8]) -> bool {
        let mut known = false;
        let mut rest = text;
        while !rest.is_empty() {
            let (line, following) = match memchr::memchr(b'\n', rest) {
                Some(at) => (&rest[..at], &rest[at + 1..]),
                None => (rest, &[][..]),
            };
            known |= self.line(line);
            rest = following;
            // What follows a line of text is its stack trace, or what somebody wrote into its message.
            if line.trim_ascii_start().first() != Some(&b'{') {
                self.quoted |= may_hold_record(rest);
                break;
            }
        }
        known
    }

    fn line(&mut self, line: &[u8]) -> bool {
        let (context, format) = (self.context, self.format);
        let (mut known, mut quoted, mut product) = (false, false, None);
        let result = decode_line(line, &context, &mut |_, record| {
            quoted |= matches!(record, Record::Quoted);
            if let Record::OfProduct(named) = record {
                product = Some(named);
            }
            known |= give(self.sink, format, record);
        });
        self.known |= known;
        self.quoted |= quoted;
        self.product = self.product.or(product);
        if let Err(error) = result
            && looks_like_record(line)
        {
            self.damaged.get_or_insert(error);
        }
        known
    }
}

/// Gives a record on; whether it is one.
fn give(sink: &mut Sink<'_>, format: &'static str, record: Record<'_>) -> bool {
    let is_record = matches!(record, Record::Audit(_) | Record::Server(_) | Record::Damaged);
    if is_record {
        sink(format, record);
    }
    is_record
}

/// No record is shorter.
const SHORTEST: usize = 30;

/// Rank of members that are not known to carry lines.
pub(super) const NO_PAYLOAD: usize = usize::MAX;

/// A member by how well its name suits as that of the line that is carried.
pub(super) type RankedMember<'a, V> = (usize, std::borrow::Cow<'a, [u8]>, V);

/// The texts and the objects and lists of an object, each the best first. `event.original` stands among the texts.
pub(super) fn sorted<'a>(
    members: &[(RawStr<'a>, Value<'a>)],
) -> (Vec<RankedMember<'a, RawStr<'a>>>, Vec<RankedMember<'a, Value<'a>>>) {
    let (mut texts, mut containers) = (Vec::new(), Vec::new());
    for (name, value) in members {
        let name = name.text();
        let rank = payload_rank(&name).unwrap_or(NO_PAYLOAD);
        match value {
            Value::Scalar(Scalar::Str(text)) => texts.push((rank, name, *text)),
            Value::Scalar(_) => {}
            Value::Object(event) if &*name == b"event" => {
                if let Some(original) = original(event) {
                    texts.push((0, b"original".into(), original));
                }
                containers.push((rank, name, *value));
            }
            _ => containers.push((rank, name, *value)),
        }
    }
    // The answer to a search repeats under `fields` what the document holds.
    if containers.iter().any(|(_, name, _)| **name == *b"_source") {
        containers.retain(|(_, name, _)| !matches!(&**name, b"fields" | b"highlight"));
    }
    // Stable: of equals the first in the document.
    texts.sort_by_key(|(rank, ..)| *rank);
    containers.sort_by_key(|(rank, ..)| *rank);
    (texts, containers)
}

/// `original` of an `event`.
fn original(event: &[u8]) -> Option<RawStr<'_>> {
    let (members, _) = json::members(event).ok()?;
    members.into_iter().find_map(|(name, value)| match value {
        Value::Scalar(Scalar::Str(text)) if &*name.text() == b"original" => Some(text),
        _ => None,
    })
}

/// Whether a text may be the line that an envelope carries, and no name, number or id.
fn is_line(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    !text.is_empty()
}
#[cfg(test)]
mod tests {
    use super::super::testing::{audit, brief, decode, try_decode};

    #[test]
    fn the_line_decides() {
        let line = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "node.id":"n", "event.type":"rest", "event.action":"authentication_failed"}"#;
        let document = |message: &str| {
            serde_json::json!({"@timestamp":"2026-03-02T00:00:00Z","agent":{"type":"filebeat"},"message":message})
                .to_string()
        };
        let (format, event) = audit(&document(line));
        assert_eq!(
            (format, brief(&event).as_str()),
            ("message", "2026-03-01T12:34:56.789Z authentication_failed n - - - -")
        );
        assert_eq!(decode(&document("{not json")), [("unknown", "other".to_owned())]);
        assert_eq!(decode(&document("[index] created")), [("unknown", "other".to_owned())]);
        assert!(try_decode(&document(&line[..100])).is_err());
    }

    #[test]
    fn records_under_unknown_names_are_each_one() {
        let line = |user: &str| {
            format!(
                r#"{{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "event.type":"rest", "event.action":"authentication_failed", "user.name":"{user}"}}"#
            )
        };
        let (a, b) = (line("a"), line("b"));
        for (object, count) in [
            (serde_json::json!({"first":a,"second":b}), 2),
            (serde_json::json!({"first":a,"second":a}), 1),
            (serde_json::json!({"message":a,"other":b}), 1),
            // Kibana's view of a document, and a search response that asks for fields too.
            (serde_json::json!({"_index":"i","_id":"1","_source":{"message":a},"fields":{"message":[a]}}), 1),
            (serde_json::json!({"_source":{"log":a},"highlight":{"log":[a]}}), 1),
        ] {
            assert_eq!(decode(&object.to_string()).len(), count, "{object}");
        }
        let table = serde_json::json!({"TimeGenerated":"x","type_s":"audit","event_action_s":"authentication_failed"});
        assert!(try_decode(&table.to_string()).is_err());
    }

    #[test]
    fn records_in_forms_that_are_not_read_are_told() {
        let (action, layer) = ("authentication_failed", "rest");
        for object in [
            serde_json::json!({"json.event.action": action, "json.event.type": layer}),
            serde_json::json!({"EVENT.ACTION": action, "EVENT.TYPE": layer}),
            serde_json::json!({"event_action": {"string": action}, "event_type": {"string": layer}}),
            serde_json::json!({"Item": {"event.action": {"S": action}, "event.type": {"S": layer}}}),
            serde_json::json!({"event.action": {"0": action}, "event.type": {"0": layer}}),
        ] {
            assert!(try_decode(&object.to_string()).is_err(), "{object}");
        }
        for object in [
            serde_json::json!({"p": {"processors": [{"set": {"field": "x", "value": action}}]}}),
            serde_json::json!({"status": 200, "path": layer, "note": "an authentication_failed of the rest"}),
        ] {
            assert_eq!(decode(&object.to_string()), [("unknown", "other".to_owned())], "{object}");
        }
    }
}
