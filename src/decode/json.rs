//! A validating, borrowing walk over one JSON document.
//!
//! Why not serde_json: log text may hold invalid UTF-8 that must be kept to the byte, keys come flat, dotted, nested and
//! mixed (audit-format 4) and want one flattened path, and members that nobody asks for must cost no allocation. The walk
//! accepts exactly what serde_json accepts, except that text need not be UTF-8, surrogates need not pair and depth is not
//! limited; a property test holds it to that.

use std::borrow::Cow;

use crate::error::DecodeError;
use crate::event::Text;

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
    /// The text itself; borrowed unless it holds escapes.
    #[must_use]
    pub fn text(self) -> Text<'a> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// What the walk met.
pub trait Visitor<'a> {
    /// An object or array begins at `path`. `true` to walk its members (elements of an array are reported under the path
    /// of the array itself), `false` to validate and skip it.
    fn enter(&mut self, path: &[u8]) -> bool;
    /// A scalar at `path`: member names joined by dots.
    fn scalar(&mut self, path: &[u8], value: Scalar<'a>);
}

/// Objects nested deeper than this are validated but not walked: no known record goes beyond six.
const MAX_WALK_DEPTH: usize = 16;

/// Walks one document that must be an object.
///
/// # Errors
/// The first violation of the grammar, with its byte.
pub fn walk<'a>(text: &'a [u8], visitor: &mut impl Visitor<'a>) -> Result<(), DecodeError> {
    let mut parser = Parser { text, at: 0 };
    parser.space();
    if parser.peek() != Some(b'{') {
        return Err(DecodeError::at(parser.at, "not a JSON object"));
    }
    parser.at += 1;
    let mut path = Vec::new();
    parser.object(visitor, &mut path, 0)?;
    parser.space();
    if parser.at < text.len() {
        return Err(DecodeError::at(parser.at, "text after the end of the JSON object"));
    }
    Ok(())
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
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
                self.member(visitor, key.raw, path, depth)?;
            } else {
                if parent > 0 {
                    path.push(b'.');
                }
                path.extend_from_slice(&key.text());
                let full = std::mem::take(path);
                self.member(visitor, &full, path, depth)?;
                *path = full;
                path.truncate(parent);
            }
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

    /// A value at `path`; `scratch` is an empty buffer for the paths below it.
    fn member(
        &mut self,
        visitor: &mut impl Visitor<'a>,
        path: &[u8],
        scratch: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        match self.peek() {
            Some(b'{') => {
                if depth < MAX_WALK_DEPTH && visitor.enter(path) {
                    self.at += 1;
                    scratch.clear();
                    scratch.extend_from_slice(path);
                    let result = self.object(visitor, scratch, depth + 1);
                    scratch.clear();
                    result
                } else {
                    self.skip_container()
                }
            }
            Some(b'[') => {
                if depth < MAX_WALK_DEPTH && visitor.enter(path) {
                    self.array(visitor, path, scratch, depth + 1)
                } else {
                    self.skip_container()
                }
            }
            _ => {
                let value = self.scalar()?;
                visitor.scalar(path, value);
                Ok(())
            }
        }
    }

    fn array(
        &mut self,
        visitor: &mut impl Visitor<'a>,
        path: &[u8],
        scratch: &mut Vec<u8>,
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
            self.member(visitor, path, scratch, depth)?;
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

    fn number(&mut self) -> Result<Scalar<'a>, DecodeError> {
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
    fn string(&mut self) -> Result<RawStr<'a>, DecodeError> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_prefix(&self.text[self.at..]);
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
    fn skip_container(&mut self) -> Result<(), DecodeError> {
        let mut open: Vec<u8> = Vec::new();
        loop {
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
                let Some(&closer) = open.last() else { return Ok(()) };
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

/// How many bytes go before the first quote, backslash or control character. Eight bytes at a time: names and values
/// here are 5 to 60 bytes long, too short for a memchr call to pay (measured: 1.4 times slower on audit lines).
#[inline]
fn plain_prefix(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = 0;
    while let Some(chunk) = text[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let quote = has_zero(word ^ (ONES * 0x22));
        let backslash = has_zero(word ^ (ONES * 0x5c));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        // Only the lowest flag is exact (borrows may set higher ones falsely), and only the lowest is used.
        let hit = quote | backslash | control;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = text.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// Resolves the escapes of validated text. A lone surrogate becomes U+FFFD.
fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    let hex = |at: usize| -> u32 {
        raw.get(at..at + 4)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .unwrap_or(0xFFFD)
    };
    while let Some(&byte) = raw.get(at) {
        if byte != b'\\' {
            out.push(byte);
            at += 1;
            continue;
        }
        let kind = raw.get(at + 1).copied().unwrap_or(b'\\');
        at += 2;
        match kind {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let mut code = hex(at);
                at += 4;
                if (0xD800..0xDC00).contains(&code) && raw.get(at..at + 2) == Some(b"\\u") {
                    let low = hex(at + 2);
                    if (0xDC00..0xE000).contains(&low) {
                        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                        at += 6;
                    }
                }
                let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Collect {
        seen: Vec<(String, String)>,
        descend: bool,
    }

    impl<'a> Visitor<'a> for Collect {
        fn enter(&mut self, _path: &[u8]) -> bool {
            self.descend
        }
        fn scalar(&mut self, path: &[u8], value: Scalar<'a>) {
            let value = match value {
                Scalar::Str(text) => String::from_utf8_lossy(&text.text()).into_owned(),
                Scalar::Num(number) => String::from_utf8_lossy(number).into_owned(),
                Scalar::Bool(flag) => flag.to_string(),
                Scalar::Null => "null".into(),
            };
            self.seen.push((String::from_utf8_lossy(path).into_owned(), value));
        }
    }

    fn seen(text: &str) -> Vec<(String, String)> {
        let mut collect = Collect { descend: true, ..Collect::default() };
        walk(text.as_bytes(), &mut collect).unwrap();
        collect.seen
    }

    #[test]
    fn flat_nested_dotted_and_mixed_keys_become_one_path() {
        let paths = seen(r#"{"a.b":1, "c":{"d.e":"x","f":{"g":[true,null]}}, "h" : [ ], "i":{}, "j\u002ek":2}"#);
        let paths: Vec<(&str, &str)> = paths.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(paths, [("a.b", "1"), ("c.d.e", "x"), ("c.f.g", "true"), ("c.f.g", "null"), ("j.k", "2")]);
    }

    #[test]
    fn escapes_are_resolved() {
        let paths = seen(r#"{"a":"q\"b\\s\/ \b\f\n\r\t \u00e9 \ud83d\ude00 \ud83d!"}"#);
        assert_eq!(paths[0].1, "q\"b\\s/ \u{8}\u{c}\n\r\t é 😀 \u{fffd}!");
    }

    #[test]
    fn invalid_utf8_is_kept() {
        struct Bytes(Vec<u8>);
        impl<'a> Visitor<'a> for Bytes {
            fn enter(&mut self, _: &[u8]) -> bool {
                true
            }
            fn scalar(&mut self, _: &[u8], value: Scalar<'a>) {
                if let Scalar::Str(text) = value {
                    self.0 = text.text().into_owned();
                }
            }
        }
        let mut bytes = Bytes(Vec::new());
        walk(b"{\"a\":\"x\xff\xfe\\n\"}", &mut bytes).unwrap();
        assert_eq!(bytes.0, b"x\xff\xfe\n");
    }

    #[test]
    fn depth_is_no_limit_to_skipping() {
        let deep = format!("{{\"a\":{}1{},\"b\":2}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(seen(&deep).last().unwrap(), &("b".to_owned(), "2".to_owned()));
        assert!(walk(&deep.as_bytes()[..150_000], &mut Collect::default()).is_err());
    }

    #[test]
    fn errors_say_where() {
        let error = |text: &str| walk(text.as_bytes(), &mut Collect::default()).unwrap_err();
        assert_eq!(error(r#"{"a":"b"#), DecodeError::at(7, "the JSON object ends in the middle"));
        assert_eq!(error(r#"{"a":1}x"#), DecodeError::at(7, "text after the end of the JSON object"));
        assert_eq!(error("{\"a\":\"\u{0}\"}"), DecodeError::at(6, "control character in text"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// Texts near JSON: fragments glued at random, so that both valid and invalid documents are met.
        #[test]
        fn accepts_what_serde_json_accepts(parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b.c\"", "\"", "\\n", "\\u00e9", "\\ux", "0", "-", "1.5", "e3",
            "01", "true", "null", "nul", " ", "\t", "é", "\u{1}", "{\"k\":1}", "[1,2]", "\"v\":", "{}", "[]",
        ]), 0..14), wrap in any::<bool>(), descend in any::<bool>()) {
            let mut text = parts.concat();
            if wrap {
                text = format!("{{\"x\":{text}}}");
            }
            let expected = serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|value| value.is_object());
            let mut collect = Collect { descend, ..Collect::default() };
            prop_assert_eq!(walk(text.as_bytes(), &mut collect).is_ok(), expected, "{}", text);
        }

        #[test]
        fn one_broken_byte_is_judged_as_serde_json_does(at in 0_usize..200, byte in 0x20_u8..0x7f) {
            let line = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "user.name":"a\"b", "user.roles":["x","y"], "n":-1.5e+3, "put":{"user":{"enabled":true,"m":{"k":[1,{}]}}}}"#;
            let mut text = line.as_bytes().to_vec();
            let at = at % text.len();
            text[at] = byte;
            let expected = serde_json::from_slice::<serde_json::Value>(&text).is_ok_and(|value| value.is_object());
            prop_assert_eq!(walk(&text, &mut Collect { descend: true, ..Collect::default() }).is_ok(), expected);
        }
    }
}
