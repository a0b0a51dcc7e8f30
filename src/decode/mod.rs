//! Lines to events: one file per wire format, and the two registries that name them.
//!
//! A line that is a JSON object is walked once ([`members`]) and then claimed by the first JSON shape that knows its
//! members; any other line is claimed by the first text shape that knows how it begins. Envelopes (docker) unwrap and
//! decode what is inside. Detection is per line, because one container stream mixes audit, server and other lines.

pub(crate) mod actions;
pub mod apikeys;
pub mod audit_text;
pub(crate) mod carried;
pub mod cell;
mod client;
pub mod cri;
pub mod docker;
pub(crate) mod dumps;
pub mod ecs;
pub mod export;
pub mod fields;
mod guess;
mod journal;
pub mod json;
pub mod legacy;
pub mod members;
pub mod native;
pub mod opensearch;
mod own;
pub(crate) mod packed;
pub mod partial;
pub mod prefix;
pub mod prefixed;
pub(crate) mod product;
mod quotation;
pub mod reason;
pub(crate) mod ruby;
pub mod server;
pub mod server_text;
mod table;
#[cfg(test)]
pub(crate) mod testing;
pub mod text_event;
mod unwrap;

use crate::error::DecodeError;
use crate::event::Record;
use crate::time::Zone;
pub use guess::guess;
use members::Members;
pub(crate) use prefixed::without_colours;

/// What decoding needs to know beside the line.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// Zone of times that carry none.
    pub assume_tz: Zone,
    /// The shape of records whatever they look like.
    forced: Option<&'static str>,
    /// How many envelopes the line was taken out of.
    envelopes: u8,
}

/// Envelopes inside envelopes: an export of container logs has three. Hostile input could nest without end.
const MAX_ENVELOPES: u8 = 4;

impl Context {
    /// The context of a line as it stands in the input.
    #[must_use]
    pub fn new(assume_tz: Zone) -> Self {
        Self { assume_tz, forced: None, envelopes: 0 }
    }

    /// The same, with a shape that is asked first and believed (`--input-format`).
    #[must_use]
    pub fn forced(self, name: Option<&'static str>) -> Self {
        Self { forced: name, ..self }
    }

    /// The context of what stands inside an envelope.
    ///
    /// # Errors
    /// Where envelopes nest too deeply.
    pub fn inside(&self) -> Result<Self, DecodeError> {
        if self.envelopes >= MAX_ENVELOPES {
            return Err(DecodeError::at(0, "too many envelopes inside each other"));
        }
        Ok(Self { envelopes: self.envelopes + 1, forced: None, ..*self })
    }
}

/// Receives what a line held: the name of its wire format, and the record.
pub type Sink<'s> = dyn FnMut(&'static str, Record<'_>) + 's;

/// A wire format whose records are JSON objects.
pub trait JsonShape: Sync {
    /// The name in `coverage.inputs[].format`.
    fn name(&self) -> &'static str;
    /// Whether an input of such records holds nothing else. What a server writes to its output does not.
    fn is_structured(&self) -> bool {
        true
    }
    /// Whether these members are of this shape. Called in registry order; the first that claims decodes.
    fn claims(&self, members: &Members<'_>) -> bool;
    /// Gives the record to `sink`.
    ///
    /// # Errors
    /// Where the record is of this shape and unusable, e.g. without a time.
    fn decode(&self, members: &Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError>;
}

/// A wire format whose records are lines of text.
pub trait TextShape: Sync {
    /// The name in `coverage.inputs[].format`.
    fn name(&self) -> &'static str;
    /// Whether the line begins as this shape does.
    fn claims(&self, line: &[u8]) -> bool;
    /// Gives the record to `sink`.
    ///
    /// # Errors
    /// Where the line is of this shape and unusable.
    fn decode(&self, line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError>;
}

/// The JSON shapes, in the order in which they are asked.
pub static JSON_SHAPES: &[&dyn JsonShape] = &[
    &export::Export,
    &native::Native,
    &ecs::Ecs,
    &legacy::Legacy,
    &opensearch::OpenSearch,
    &docker::Docker,
    &text_event::TextEvent,
    &server::EcsServer,
    &server::JsonServer,
];

/// The text shapes, in the order in which they are asked.
pub static TEXT_SHAPES: &[&dyn TextShape] = &[
    &server_text::ServerText,
    &audit_text::AuditText,
    &cri::Cri,
    &prefixed::Compose,
    &prefixed::Kubectl,
    &cell::BareCell,
    &prefix::Prefixed,
];

/// Decodes one line (without its line end) and gives what it holds to `sink`: exactly one record, except for envelopes
/// around nothing.
///
/// # Errors
/// Where the line should be a record and is not: broken JSON, bytes that are no text, or a record without a time.
pub fn decode_line(line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let plain = prefixed::without_colours(line);
    let line = plain.as_deref().unwrap_or(line);
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    match context.forced {
        Some(name) => decode_as(name, line, context, sink),
        None => decode_any(line, context, sink),
    }
}

/// Whether a line holds a record, be it damaged.
#[must_use]
pub(crate) fn holds_record(line: &[u8]) -> bool {
    let mut known = false;
    let result = decode_line(line, &Context::new(Zone::UTC), &mut |_, record| {
        known |= matches!(record, Record::Audit(_) | Record::Server(_) | Record::Damaged);
    });
    known || result.is_err()
}

/// The names of the shapes.
pub fn shape_names() -> impl Iterator<Item = &'static str> {
    JSON_SHAPES.iter().map(|shape| shape.name()).chain(TEXT_SHAPES.iter().map(|shape| shape.name()))
}

/// Decodes a line in the named shape; what does not decode so is decoded as what it looks like.
fn decode_as(name: &str, line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let mut known = false;
    let mut only_known = |format: &'static str, record: Record<'_>| {
        if !matches!(record, Record::Other | Record::Quoted) {
            known = true;
            sink(format, record);
        }
    };
    let result = if line.first() == Some(&b'{') {
        match JSON_SHAPES.iter().find(|shape| shape.name() == name) {
            Some(shape) => Members::read(line).and_then(|members| shape.decode(&members, context, &mut only_known)),
            None => Ok(()),
        }
    } else {
        match TEXT_SHAPES.iter().find(|shape| shape.name() == name) {
            Some(shape) if !line.is_empty() => shape.decode(line, context, &mut only_known),
            _ => Ok(()),
        }
    };
    if known {
        return Ok(());
    }
    // Whoever forces a shape wants to know what is not of it, unless it is something else.
    let mut other = false;
    decode_any(line, context, &mut |format, record| match record {
        Record::Other if result.is_err() => other = true,
        record => sink(format, record),
    })?;
    if other { result } else { Ok(()) }
}

fn decode_any(line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    // An answer of an API comes first: what its texts look like is no event. Inside an envelope there is none.
    if context.envelopes == 0
        && let Some(facts) = dumps::decode(line)
    {
        sink(dumps::NAME, Record::Dump(Box::new(facts?)));
        return Ok(());
    }
    match line {
        [b'{', ..] => return decode_object(line, context, sink),
        [b'[', b'{' | b'"' | b'[', ..] if json::elements(list_text(line)).is_ok_and(|(_, rest)| rest.is_empty()) => {
            return unwrap::list(list_text(line), context, sink);
        }
        [b'"', b'{' | b'[', ..] => {
            if let Ok((text, b"" | b",")) = json::string(line) {
                return decode_line(&text.text(), &context.inside()?, sink);
            }
        }
        _ => {}
    }
    if let Some(shape) = TEXT_SHAPES.iter().find(|shape| shape.claims(line)) {
        return shape.decode(line, context, sink);
    }
    if let Some(at) = line.iter().position(|&byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f) {
        return Err(DecodeError::at(at, "control characters, not text"));
    }
    if let Err(error) = std::str::from_utf8(line) {
        return Err(DecodeError::at(error.valid_up_to(), "neither a record nor text"));
    }
    sink(UNKNOWN, if quotation::may_hold_record(line) { Record::Quoted } else { Record::Other });
    Ok(())
}

/// A list without the comma behind it.
fn list_text(line: &[u8]) -> &[u8] {
    line.strip_suffix(b",").unwrap_or(line)
}

fn decode_object(line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let mut members = Members::empty();
    if let Err(error) = members.fill(line) {
        return match server::decode_head(line, context, sink) {
            Some(()) => Ok(()),
            None => decode_unusual(line, error, context, sink),
        };
    }
    match members.document() {
        None => decode_members(line, members, context, sink),
        Some(document) => decode_members(line, members, context, &mut |format, mut record| {
            if let Record::Audit(event) = &mut record {
                document.put_into(event);
            }
            sink(format, record);
        }),
    }
}

fn decode_members(
    line: &[u8],
    members: Members<'_>,
    context: &Context,
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    if let Some(shape) = JSON_SHAPES.iter().find(|shape| shape.claims(&members)) {
        return shape.decode(&members, context, sink);
    }
    if let Some(error) = members.damage().or_else(|| journal::lost_message(line)) {
        return Err(error);
    }
    if let Some(result) = own::decode(line, context, sink) {
        return result;
    }
    unwrap::object(line, context, sink)
}

/// A line that begins with a brace and is not one object: with a comma behind it, several objects one behind the other, an
/// object as Ruby prints it.
fn decode_unusual(line: &[u8], error: DecodeError, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    if let Some(object) = line.strip_suffix(b",")
        && json::members(object).is_ok_and(|(_, rest)| rest.is_empty())
    {
        return decode_object(object, context, sink);
    }
    let several = json::members(line).is_ok_and(|(_, rest)| matches!(rest.first(), Some(b'{' | 0)));
    if !several && !line.starts_with(b"{\"") {
        return Err(error);
    }
    let mut known = false;
    let result = prefix::Prefixed.decode(line, context, &mut |format, record| {
        if !matches!(record, Record::Other | Record::Quoted) {
            known = true;
            sink(format, record);
        }
    });
    if known { result } else { Err(error) }
}

/// Whether a text begins as the native audit lines do, so that it must not be lost in silence where it is broken.
fn is_audit_start(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    [&br#"{"type":"audit""#[..], br#"{"type": "audit""#].iter().any(|start| text.starts_with(start))
}

/// Whether a text begins as records do, so that what is wrong with it must be told: an object with the members of an event, or
/// of a server line.
pub(crate) fn looks_like_record(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let head = &text[..text.len().min(400)];
    is_audit_start(text)
        || server::begins_server_line(text)
        || text.first() == Some(&b'{')
            && [
                &b"\"event.action\""[..],
                b"\"event.type\"",
                b"\"elasticsearch.",
                b"\"origin.address\"",
                b"\"log.logger\"",
            ]
            .iter()
            .any(|member| memchr::memmem::find(head, member).is_some())
        || text.first() == Some(&b'[') && audit_text::begins(text)
}

/// The format name of lines that no shape claims.
pub const UNKNOWN: &str = "unknown";

/// Whether whatever writes records of a shape writes nothing else: audit events as JSON, their exports, and the files in
/// which container runtimes wrap every line.
#[must_use]
pub fn is_structured(format: &str) -> bool {
    format == cri::Cri.name()
        || format == unwrap::MESSAGE
        || JSON_SHAPES.iter().any(|shape| shape.name() == format && shape.is_structured())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Fragments of every shape, so that random lines get past the first byte.
    const FRAGMENTS: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        " ",
        "\\",
        "\u{1b}[36m",
        "| ",
        "\t",
        "=[",
        "], ",
        "=\\\"",
        "é",
        "1",
        "null",
        "\"type\":\"audit\"",
        "\"type\":\"server\"",
        "\"timestamp\":\"2026-03-01T12:34:56,789+0000\"",
        "\"@timestamp\":\"2026-03-01T12:34:56,789\"",
        "\"event.action\":\"authentication_failed\"",
        "\"event.action\":\"put_user\"",
        "\"event\":{\"type\":[\"access\"],\"dataset\":\"elasticsearch.audit\"}",
        "\"elasticsearch\":{\"audit\":{\"layer\":\"rest\"}}",
        "\"_index\":\"i\"",
        "\"_source\":{",
        "\"fields\":{",
        "\"message\":\"{\\\"type\\\":\\\"audit\\\"}\"",
        "\"message\":\"event.action=\\\"x\\\" user.name=\\\"\"",
        "\"message\":\"[2018-06-19T05:16:15,549] [rest] [x] uri=[\"",
        "\"log.level\":\"INFO\"",
        "\"event_type\":\"x\"",
        "\"layer\":\"rest\"",
        "\"audit_category\":\"FAILED_LOGIN\"",
        "\"log\":\"{\"",
        "\"stream\":\"stdout\"",
        "\"source\":{\"ip\":\"::1\",\"port\":5}",
        "\"invalidate\":{\"apikeys\":{\"ids\":[\"a\"],\"user\":{\"name\":\"u\"}}}",
        "[2018-06-19T05:16:15,549]",
        " [rest]",
        " [authentication_failed]",
        "origin_address=[10.0.0.1]",
        "principal=[",
        "[WARN ]",
        "[o.e.x.s.a.l.LoggingAuditTrail]",
        "[sgaudit]",
        "2026-03-01T12:34:56.789Z stdout F ",
        "stderr P",
        "es01-1  | ",
        "[pod/x/y] ",
        "Mar  1 12:34:56 host tag: ",
    ];

    fn total(line: &[u8]) {
        let mut records = 0;
        let result = decode_line(line, &Context::new(Zone::UTC), &mut |format, _| {
            assert!(!format.is_empty());
            records += 1;
        });
        assert_eq!(records, usize::from(result.is_ok()), "{}", String::from_utf8_lossy(line));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        /// Every line is exactly one record or one error, and none panics.
        #[test]
        fn any_line_is_one_record_or_one_error(parts in prop::collection::vec(prop::sample::select(FRAGMENTS), 0..12)) {
            total(parts.concat().as_bytes());
            total(format!("{{{}}}", parts.join(",")).as_bytes());
        }

        #[test]
        fn any_bytes_are_one_record_or_one_error(bytes in prop::collection::vec(any::<u8>(), 0..80), start in prop::sample::select(FRAGMENTS)) {
            total(&bytes);
            total(&[start.as_bytes(), &bytes].concat());
        }
    }
}
