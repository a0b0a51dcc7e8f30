//! What a rule asks of one field: values with modifiers.

use std::net::IpAddr;

use regex_lite::{Regex, RegexBuilder};
use serde_json::Value;

use super::yaml::YamlNode;
use crate::network::Cidr;

/// A piece of a text with wildcards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WildcardPiece {
    Is(char),
    /// `?`
    One,
    /// `*`
    Many,
}

/// What a value has to be.
#[derive(Debug)]
enum ValuePattern {
    Null,
    Exists(bool),
    Text(Vec<WildcardPiece>, bool),
    Regex(Regex),
    Network(Cidr),
    /// Less, or more, than a number, or as much.
    Number(Comparison, f64),
}

/// Modifiers that are known.
const KNOWN: [&str; 15] = [
    "all",
    "contains",
    "startswith",
    "endswith",
    "re",
    "i",
    "m",
    "s",
    "cidr",
    "lt",
    "lte",
    "gt",
    "gte",
    "exists",
    "cased",
];

/// A field and what it has to be.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) field: String,
    all: bool,
    patterns: Vec<ValuePattern>,
    /// Plain values without wildcards.
    pub(super) words: Vec<String>,
}

impl Item {
    /// Reads `field|modifier: values`.
    pub(super) fn parse(name: &str, node: &YamlNode) -> Result<Self, String> {
        let mut parts = name.split('|');
        let field = parts.next().unwrap_or_default().to_owned();
        let modifiers: Vec<&str> = parts.collect();
        let has = |name: &str| modifiers.contains(&name);
        if let Some(unknown) = modifiers.iter().find(|name| !KNOWN.contains(name)) {
            return Err(format!("the modifier {unknown} is not supported"));
        }
        let kinds = ["contains", "startswith", "endswith", "re", "cidr", "lt", "lte", "gt", "gte", "exists"];
        if kinds.iter().filter(|name| has(name)).count() > 1 {
            return Err(format!("{name}: modifiers that exclude each other"));
        }
        if !has("re") && ["i", "m", "s"].iter().any(|flag| has(flag)) {
            return Err(format!("{name}: flags of a regular expression without one"));
        }
        let (mut patterns, mut words) = (Vec::new(), Vec::new());
        for entry in node.entries() {
            let pattern = pattern(&modifiers, entry).map_err(|why| format!("{name}: {why}"))?;
            if let (ValuePattern::Text(pieces, _), Some(text)) = (&pattern, entry.text())
                && pieces.iter().all(|piece| matches!(piece, WildcardPiece::Is(_)))
            {
                words.push(text.to_lowercase());
            }
            patterns.push(pattern);
        }
        if patterns.is_empty() {
            return Err(format!("{name}: no value"));
        }
        Ok(Self { field, all: has("all"), patterns, words })
    }

    /// Whether the values of the field meet it.
    pub(super) fn meets(&self, values: &[&Value]) -> bool {
        let meets = |pattern: &ValuePattern| match pattern {
            ValuePattern::Null => values.is_empty(),
            ValuePattern::Exists(expected) => values.is_empty() != *expected,
            other => values.iter().any(|value| is_met(other, value)),
        };
        if self.all { self.patterns.iter().all(meets) } else { self.patterns.iter().any(meets) }
    }
}

/// Whether a number of an event stands to that of a rule as asked.
type Comparison = fn(f64, f64) -> bool;

fn pattern(modifiers: &[&str], node: &YamlNode) -> Result<ValuePattern, String> {
    let has = |name: &str| modifiers.contains(&name);
    if node.is_null() {
        return if modifiers.is_empty() { Ok(ValuePattern::Null) } else { Err("null with a modifier".to_owned()) };
    }
    let Some(text) = node.text() else { return Err("a value that is no text".to_owned()) };
    let number = || text.parse::<f64>().map_err(|_| format!("{text} is no number"));
    if has("re") {
        let mut builder = RegexBuilder::new(text);
        builder.case_insensitive(has("i")).multi_line(has("m")).dot_matches_new_line(has("s")).size_limit(1 << 20);
        return builder
            .build()
            .map(ValuePattern::Regex)
            .map_err(|_| format!("the regular expression {text} is not supported"));
    }
    if has("cidr") {
        return Cidr::parse(text).map(ValuePattern::Network);
    }
    if has("exists") {
        return match text {
            "true" | "yes" => Ok(ValuePattern::Exists(true)),
            "false" | "no" => Ok(ValuePattern::Exists(false)),
            _ => Err(format!("{text} is neither true nor false")),
        };
    }
    let compared: [(&str, Comparison); 4] =
        [("lt", |a, b| a < b), ("lte", |a, b| a <= b), ("gt", |a, b| a > b), ("gte", |a, b| a >= b)];
    if let Some((_, compare)) = compared.iter().find(|(name, _)| has(name)) {
        return Ok(ValuePattern::Number(*compare, number()?));
    }
    let mut pieces = pieces(text);
    if has("contains") || has("endswith") {
        pieces.insert(0, WildcardPiece::Many);
    }
    if has("contains") || has("startswith") {
        pieces.push(WildcardPiece::Many);
    }
    let cased = has("cased");
    if !cased {
        let lower = |piece| match piece {
            WildcardPiece::Is(c) => c.to_lowercase().map(WildcardPiece::Is).collect(),
            other => vec![other],
        };
        pieces = pieces.into_iter().flat_map(lower).collect();
    }
    Ok(ValuePattern::Text(pieces, cased))
}

/// Wildcards, which a backslash makes signs of the text; two of them are one, and one before anything else is itself.
fn pieces(text: &str) -> Vec<WildcardPiece> {
    let mut found = Vec::new();
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        found.push(match sign {
            '\\' if signs.peek().is_some_and(|next| matches!(next, '*' | '?' | '\\')) => {
                WildcardPiece::Is(signs.next().unwrap_or(sign))
            }
            '*' => WildcardPiece::Many,
            '?' => WildcardPiece::One,
            other => WildcardPiece::Is(other),
        });
    }
    found
}

fn is_met(pattern: &ValuePattern, value: &Value) -> bool {
    let text = match value {
        Value::String(text) => std::borrow::Cow::Borrowed(text.as_str()),
        Value::Null => return false,
        other => other.to_string().into(),
    };
    match pattern {
        ValuePattern::Null | ValuePattern::Exists(_) => false,
        ValuePattern::Text(pieces, true) => fits(pieces, &text.chars().collect::<Vec<_>>()),
        ValuePattern::Text(pieces, false) => fits(pieces, &text.to_lowercase().chars().collect::<Vec<_>>()),
        ValuePattern::Regex(regex) => regex.is_match(&text),
        ValuePattern::Network(block) => text.parse::<IpAddr>().is_ok_and(|address| block.contains(address)),
        ValuePattern::Number(compare, number) => {
            value.as_f64().or_else(|| text.parse().ok()).is_some_and(|value| compare(value, *number))
        }
    }
}

/// Whether a text fits one with wildcards: after a mismatch the last `*` takes one sign more.
fn fits(pieces: &[WildcardPiece], text: &[char]) -> bool {
    let (mut piece, mut at) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    while at < text.len() {
        match pieces.get(piece) {
            Some(WildcardPiece::Is(sign)) if *sign == text[at] => (piece, at) = (piece + 1, at + 1),
            Some(WildcardPiece::One) => (piece, at) = (piece + 1, at + 1),
            Some(WildcardPiece::Many) => {
                last = Some((piece, at));
                piece += 1;
            }
            _ => match &mut last {
                Some((star, taken)) => {
                    *taken += 1;
                    (piece, at) = (*star + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pieces[piece..].iter().all(|piece| *piece == WildcardPiece::Many)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sigma::yaml::documents;

    fn meets(item: &str, value: &Value) -> bool {
        let YamlNode::Map(members) = documents(item).unwrap().remove(0) else { panic!("{item}") };
        let values: Vec<&Value> = value.as_array().map_or(vec![value], |list| list.iter().collect());
        let values: Vec<&Value> = values.into_iter().filter(|value| !value.is_null()).collect();
        Item::parse(&members[0].0, &members[0].1).unwrap().meets(&values)
    }

    #[test]
    fn values_and_modifiers() {
        for (item, value, expected) in [
            ("f: Kim", json!("kIM"), true),
            ("f|cased: Kim", json!("kim"), false),
            ("f: k*m", json!("kaboom"), true),
            ("f: k?m", json!("kiim"), false),
            ("f: 'a\\*b'", json!("a*b"), true),
            ("f: 'a\\*b'", json!("axb"), false),
            ("f: 'a\\\\b'", json!("a\\b"), true),
            ("f: [a, b]", json!("b"), true),
            ("f|contains: min", json!("administrator"), true),
            ("f|contains|all: [min, tor]", json!("administrator"), true),
            ("f|contains|all: [min, xyz]", json!("administrator"), false),
            ("f|startswith: ad", json!("admin"), true),
            ("f|endswith: ad", json!("admin"), false),
            ("f|re: '^a.+n$'", json!("admin"), true),
            ("f|re|i: '^A.+N$'", json!("admin"), true),
            ("f|cidr: 10.0.0.0/8", json!("10.1.2.3"), true),
            ("f|cidr: [10.0.0.0/8, 'fd00::/8']", json!("fd00::1"), true),
            ("f|cidr: 10.0.0.0/8", json!("a"), false),
            ("f|gt: 5", json!(6), true),
            ("f|lte: 5", json!(6), false),
            ("f|exists: true", json!("x"), true),
            ("f|exists: false", json!(null), true),
            ("f: null", json!(null), true),
            ("f: null", json!("x"), false),
            ("f: 7", json!(7), true),
            ("f: b", json!(["a", "b"]), true),
            ("f: '*'", json!(null), false),
        ] {
            assert_eq!(meets(item, &value), expected, "{item} of {value}");
        }
    }

    #[test]
    fn what_is_not_supported_is_said() {
        for item in [
            "f|base64: x",
            "f|fieldref: y",
            "f|re: '(?=x)'",
            "f|contains|startswith: x",
            "f|cidr: x",
            "f|lt: x",
            "f: []",
        ] {
            let YamlNode::Map(members) = documents(item).unwrap().remove(0) else { panic!("{item}") };
            assert!(Item::parse(&members[0].0, &members[0].1).is_err(), "{item}");
        }
    }
}
