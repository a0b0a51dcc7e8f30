//! A validating, borrowing walk over one JSON document.
//!
//! Why not serde_json: log text may hold invalid UTF-8 that must be kept to the byte, keys come flat, dotted, nested and
//! mixed (audit-format 4) and want one flattened path, and members that nobody asks for must cost no allocation. The walk
//! accepts exactly what serde_json accepts, except that text need not be UTF-8, surrogates need not pair and depth is not
//! limited; a property test holds it to that.

mod escapes;
mod tree;

use std::borrow::Cow;

use crate::error::DecodeError;
use crate::event::LogText;
use crate::simd::plain_end;
pub use tree::{Value, elements, members, string};

/// A scalar, still as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// Text.
    Str(RawStr<'a>),
    /// A number, as written.
    Num(&'a [u8]),
    /// true or false.
    Bool(bool),
    /// null.
    Null,
}

/// Text between quotes, not yet unescaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawStr<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> RawStr<'a> {
    /// Text that holds no escapes, from a record that is not JSON.
    #[must_use]
    pub fn plain(raw: &'a [u8]) -> Self {
        Self { raw, escaped: false }
    }

    /// The text as it stands between its quotes.
    #[must_use]
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// The text itself; borrowed unless it holds escapes.
    #[must_use]
    pub fn text(self) -> LogText<'a> {
        if self.escaped { Cow::Owned(escapes::unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// What the walk met.
pub trait Visitor<'a> {
    /// An object or array begins at `path`. `true` to walk its members (elements of an array are reported under the path
    /// of the array itself), `false` to validate and skip it.
    fn enter(&mut self, path: &[u8]) -> bool;
    /// A scalar at `path`: member names joined by dots.
    fn scalar(&mut self, path: &[u8], value: Scalar<'a>);
    /// An object or array was validated and skipped; its text.
    fn skipped(&mut self, _container: &'a [u8]) {}
    /// Objects or arrays are nested deeper than [`DEEP`] inside each other.
    fn deep(&mut self) {}
}

/// Levels that no record of Elasticsearch comes near: queries in request bodies are limited to 30.
pub const DEEP: usize = 100;

/// Objects nested deeper than this are validated but not walked: no known record goes beyond six.
const MAX_WALK_DEPTH: usize = 16;

/// Room for the path of any member that is asked for.
const PATH: usize = 128;

/// Walks one document that must be an object.
///
/// # Errors
/// The first violation of the grammar, with its byte.
pub fn walk<'a>(text: &'a [u8], visitor: &mut impl Visitor<'a>) -> Result<(), DecodeError> {
    let mut parser = Parser::new(text);
    parser.space();
    if parser.peek() != Some(b'{') {
        return Err(DecodeError::at(parser.at, "not a JSON object"));
    }
    parser.at += 1;
    parser.object(visitor, &mut Vec::new(), 0)?;
    parser.space();
    if parser.at < text.len() {
        return Err(DecodeError::at(parser.at, "text after the end of the JSON object"));
    }
    Ok(())
}

/// Reads values of a text, one after the other.
pub(super) struct Parser<'a> {
    text: &'a [u8],
    /// The next byte.
    pub(super) at: usize,
}

impl<'a> Parser<'a> {
    /// A parser at the beginning of a text.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn expected<T>(&self, message: &'static str) -> Result<T, DecodeError> {
        let message = if self.at >= self.text.len() { "the JSON object ends in the middle" } else { message };
        Err(DecodeError::at(self.at.min(self.text.len()), message))
    }

    /// Members of an object whose `{` is consumed.
    fn object(&mut self, visitor: &mut impl Visitor<'a>, path: &mut Vec<u8>, depth: usize) -> Result<(), DecodeError> {
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            let key = self.key()?;
            let parent = path.len();
            if parent == 0 && !key.escaped {
                // The common, flat case: no copy of the key.
                self.member(visitor, Some(key.raw), path, depth)?;
            } else {
                // Once for all of a document, not as it grows.
                path.reserve(PATH.saturating_sub(path.len()));
                if parent > 0 {
                    path.push(b'.');
                }
                path.extend_from_slice(&key.text());
                self.member(visitor, None, path, depth)?;
            }
            path.truncate(parent);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.expected("expected a comma or the end of the JSON object"),
            }
        }
    }

    fn key(&mut self) -> Result<RawStr<'a>, DecodeError> {
        if self.peek() != Some(b'"') {
            return self.expected("expected a member name");
        }
        let key = self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return self.expected("expected a colon");
        }
        self.at += 1;
        self.space();
        Ok(key)
    }

    /// A value; its path is `flat`, or else `path`, which may be left longer than it was.
    fn member(
        &mut self,
        visitor: &mut impl Visitor<'a>,
        flat: Option<&[u8]>,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        match self.peek() {
            Some(b'{') => {
                if depth < MAX_WALK_DEPTH && visitor.enter(flat.unwrap_or(path)) {
                    self.at += 1;
                    if let Some(flat) = flat {
                        path.clear();
                        path.reserve(PATH.saturating_sub(path.len()));
                        path.extend_from_slice(flat);
                    }
                    self.object(visitor, path, depth + 1)
                } else {
                    self.skip_container(visitor)
                }
            }
            Some(b'[') => {
                if depth < MAX_WALK_DEPTH && visitor.enter(flat.unwrap_or(path)) {
                    self.array(visitor, flat, path, depth + 1)
                } else {
                    self.skip_container(visitor)
                }
            }
            _ => {
                let value = self.scalar()?;
                visitor.scalar(flat.unwrap_or(path), value);
                Ok(())
            }
        }
    }

    fn array(
        &mut self,
        visitor: &mut impl Visitor<'a>,
        flat: Option<&[u8]>,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            self.member(visitor, flat, path, depth)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.expected("expected a comma or the end of the array"),
            }
        }
    }

    fn scalar(&mut self) -> Result<Scalar<'a>, DecodeError> {
        match self.peek() {
            Some(b'"') => Ok(Scalar::Str(self.string()?)),
            Some(b't') => self.word(b"true", Scalar::Bool(true)),
            Some(b'f') => self.word(b"false", Scalar::Bool(false)),
            Some(b'n') => self.word(b"null", Scalar::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.expected("expected a value"),
        }
    }

    fn word(&mut self, word: &'static [u8], value: Scalar<'a>) -> Result<Scalar<'a>, DecodeError> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            self.expected("expected a value")
        }
    }

    fn digits(&mut self) -> Result<(), DecodeError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { self.expected("expected a digit") } else { Ok(()) }
    }

    /// A number that begins at the current byte.
    pub(super) fn number(&mut self) -> Result<Scalar<'a>, DecodeError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Scalar::Num(&self.text[start..self.at]))
    }

    /// Text whose opening quote is at the current byte.
    pub(super) fn string(&mut self) -> Result<RawStr<'a>, DecodeError> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = plain_end(self.text, self.at);
            match self.peek() {
                Some(b'"') => {
                    let raw = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(RawStr { raw, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                                    return self.expected("an escape needs four hexadecimal digits");
                                }
                                self.at += 1;
                            }
                        }
                        _ => return self.expected("unknown escape"),
                    }
                }
                Some(_) => return self.expected("control character in text"),
                None => return self.expected("the JSON object ends in the middle"),
            }
        }
    }

    /// Validates and skips an object or array without recursion, whatever its depth.
    pub(super) fn skip_container(&mut self, visitor: &mut impl Visitor<'a>) -> Result<(), DecodeError> {
        let start = self.at;
        let mut open: Vec<u8> = Vec::new();
        loop {
            if open.len() == DEEP {
                visitor.deep();
            }
            // Here a value is due.
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    self.space();
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                    } else {
                        open.push(b'}');
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    self.space();
                    if self.peek() == Some(b']') {
                        self.at += 1;
                    } else {
                        open.push(b']');
                        continue;
                    }
                }
                _ => {
                    self.scalar()?;
                }
            }
            // A value is complete: close what ends here, then go on to the next value.
            loop {
                let Some(&closer) = open.last() else {
                    visitor.skipped(&self.text[start..self.at]);
                    return Ok(());
                };
                self.space();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.space();
                        if closer == b'}' {
                            self.key()?;
                        }
                        break;
                    }
                    Some(byte) if byte == closer => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return self.expected("expected a comma or a closing bracket"),
                }
            }
        }
    }
}

/// Writes a text with its quotes; what JSON wants escaped is escaped.
pub fn write_text(object: &mut Vec<u8>, text: &[u8]) {
    object.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => object.extend_from_slice(&[b'\\', byte]),
            0..0x20 => object.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => object.push(byte),
        }
    }
    object.push(b'"');
}

#[cfg(test)]
mod tests;
