//! One level of a document at a time, for those who look for a record in objects whose members nobody knows.

use super::{Parser, RawStr, Scalar};
use crate::error::DecodeError;

/// A value as it stands in a document.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Text, number, flag or null.
    Scalar(Scalar<'a>),
    /// An object with its braces.
    Object(&'a [u8]),
    /// A list with its brackets.
    List(&'a [u8]),
}

/// A name and its value.
pub(crate) type Member<'a> = (RawStr<'a>, Value<'a>);

/// The members of the object with which a text begins, and what follows it.
///
/// # Errors
/// The first violation of the grammar.
pub fn members(text: &[u8]) -> Result<(Vec<Member<'_>>, &[u8]), DecodeError> {
    let mut parser = Parser { text, at: 0 };
    let mut found = Vec::new();
    open(&mut parser, b'{')?;
    while !closes(&mut parser, b'}', found.is_empty())? {
        let key = parser.key()?;
        found.push((key, value(&mut parser)?));
    }
    Ok((found, &text[parser.at..]))
}

/// The elements of the list with which a text begins, and what follows it.
///
/// # Errors
/// The first violation of the grammar.
pub fn elements(text: &[u8]) -> Result<(Vec<Value<'_>>, &[u8]), DecodeError> {
    let mut parser = Parser { text, at: 0 };
    let mut found = Vec::new();
    open(&mut parser, b'[')?;
    while !closes(&mut parser, b']', found.is_empty())? {
        found.push(value(&mut parser)?);
    }
    Ok((found, &text[parser.at..]))
}

/// The text (a string of JSON) with which a text begins, and what follows it.
///
/// # Errors
/// The first violation of the grammar.
pub fn string(text: &[u8]) -> Result<(RawStr<'_>, &[u8]), DecodeError> {
    let mut parser = Parser { text, at: 0 };
    if parser.peek() != Some(b'"') {
        return parser.expected("expected a text");
    }
    let found = parser.string()?;
    Ok((found, &text[parser.at..]))
}

fn open(parser: &mut Parser<'_>, bracket: u8) -> Result<(), DecodeError> {
    parser.space();
    if parser.peek() != Some(bracket) {
        return parser.expected("expected an object or a list");
    }
    parser.at += 1;
    Ok(())
}

/// Whether the object or list ends here; else a comma is behind, unless it is the first value that is due.
fn closes(parser: &mut Parser<'_>, bracket: u8, first: bool) -> Result<bool, DecodeError> {
    parser.space();
    match parser.peek() {
        Some(byte) if byte == bracket => {
            parser.at += 1;
            return Ok(true);
        }
        Some(b',') if !first => {
            parser.at += 1;
            parser.space();
        }
        _ if first => {}
        _ => return parser.expected("expected a comma or the end"),
    }
    Ok(false)
}

fn value<'a>(parser: &mut Parser<'a>) -> Result<Value<'a>, DecodeError> {
    let start = parser.at;
    match parser.peek() {
        Some(bracket @ (b'{' | b'[')) => {
            parser.skip_container(&mut Nobody)?;
            let text = &parser.text[start..parser.at];
            Ok(if bracket == b'{' { Value::Object(text) } else { Value::List(text) })
        }
        _ => Ok(Value::Scalar(parser.scalar()?)),
    }
}

/// Looks at nothing.
struct Nobody;

impl<'a> super::Visitor<'a> for Nobody {
    fn enter(&mut self, _: &[u8]) -> bool {
        false
    }
    fn scalar(&mut self, _: &[u8], _: Scalar<'a>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_taken_apart_and_the_rest_is_given_back() {
        let text = br#" {"a":1, "b":{"c":[1,{"d":2}]} ,"e":"x\"y", "f":[]} rest"#;
        let (found, rest) = members(text).unwrap();
        assert_eq!(rest, b" rest");
        let names: Vec<_> = found.iter().map(|(key, _)| key.text()).collect();
        assert_eq!(names, [&b"a"[..], b"b", b"e", b"f"]);
        assert!(matches!(found[1].1, Value::Object(br#"{"c":[1,{"d":2}]}"#)));
        assert!(matches!(found[3].1, Value::List(b"[]")));
        assert_eq!(elements(b"[[1],\"x\",null]").unwrap().0.len(), 3);
        assert!(members(b"{\"a\":1").is_err() && members(b"{\"a\" 1}").is_err() && elements(b"[1 2]").is_err());
        assert!(members(b"{,}").is_err() && elements(b"[").is_err());
        let (text, rest) = string(br#""a\n", x"#).unwrap();
        assert_eq!((&text.text()[..], rest), (&b"a\n"[..], &b", x"[..]));
    }
}
