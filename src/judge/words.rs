//! How findings speak: lists, times and rates in plain words.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::time::Millis;

/// `1 failure`, `12,345 failures`.
pub(super) fn count(amount: u64, one: &str, many: &str) -> String {
    if amount == 1 { format!("1 {one}") } else { format!("{} {many}", number(amount)) }
}

/// Digits in groups of three.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `3 s`, `12 min`, `4.5 h`, `3 days`.
pub(super) fn duration(ms: i64) -> String {
    let seconds = ms.max(0) as f64 / 1000.0;
    let (amount, unit) = match seconds {
        s if s < 0.9995 => return format!("{} ms", ms.max(0)),
        s if s < 119.5 => (s, "s"),
        s if s < 2.0 * 3600.0 - 30.0 => (s / 60.0, "min"),
        s if s < 48.0 * 3600.0 => (s / 3600.0, "h"),
        s => (s / 86_400.0, "days"),
    };
    // One decimal where it tells something.
    if amount < 9.95 && (amount - amount.round()).abs() > 0.05 {
        format!("{amount:.1} {unit}")
    } else {
        format!("{amount:.0} {unit}")
    }
}

/// `a`, `a and b`, `a, b and 3 others`; at most `most` are named.
pub(super) fn list(names: &[String], total: u64, most: usize) -> String {
    let shown = &names[..names.len().min(most)];
    let others = total.saturating_sub(shown.len() as u64);
    match (shown, others) {
        ([], 0) => "none".to_owned(),
        ([], others) => number(others),
        ([one], 0) => one.clone(),
        ([init @ .., last], 0) => format!("{} and {last}", init.join(", ")),
        (shown, 1) => format!("{} and 1 other", shown.join(", ")),
        (shown, others) => format!("{} and {} others", shown.join(", "), number(others)),
    }
}

/// A time as sentences give it: to the second, `2026-03-01 12:34:56 UTC`.
pub(super) fn time(time: Millis) -> String {
    let text = time.rfc3339();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(clock)) if text.len() == 24 => format!("{day} {clock} UTC"),
        _ => text,
    }
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Puts values in the place of `{name}`; what is not a known name stays. Values are not looked at again: they hold text from
/// the log.
pub(super) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Cow<'_, str> {
    if !template.contains('{') {
        return Cow::Borrowed(template);
    }
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}').and_then(|(name, tail)| Some((value(name)?, tail))) {
            Some((value, tail)) => {
                out.push_str(&value);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A name as it may stand in the path of a request: everything but unreserved characters is percent-encoded (RFC 3986).
pub(super) fn in_path(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A name as it may stand within a JSON text.
pub(super) fn in_json(name: &str) -> String {
    let quoted = serde_json::Value::from(name).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// A number of times that chance makes something: `0.0003`, `less than 0.000001`, `2.5`.
pub(super) fn chance(expected: f64) -> String {
    if expected < 1e-6 {
        return "less than 0.000001".to_owned();
    }
    let digits = if expected >= 1.0 { 1 } else { (1.0 - expected.log10().floor()) as usize - 1 };
    format!("{expected:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_durations() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "try", "tries"), "1 try");
        for (ms, text) in [
            (250, "250 ms"),
            (1_500, "1.5 s"),
            (60_000, "60 s"),
            (120_000, "2 min"),
            (5_400_000, "90 min"),
            (16_200_000, "4.5 h"),
            (3 * 86_400_000, "3 days"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn templates_are_filled_once() {
        let value = |name: &str| (name == "principal").then(|| "{source}".to_owned());
        assert_eq!(fill("{\"username\":\"{principal}\"} {x} {", value), "{\"username\":\"{source}\"} {x} {");
    }

    #[test]
    fn names_in_requests() {
        assert_eq!(in_path("a b/../é"), "a%20b%2F..%2F%C3%A9");
        assert_eq!(in_json("a\"}"), "a\\\"}");
    }

    #[test]
    fn chances() {
        for (expected, text) in [(0.000_312, "0.0003"), (1e-9, "less than 0.000001"), (2.46, "2.5"), (0.05, "0.05")] {
            assert_eq!(chance(expected), text);
        }
    }

    #[test]
    fn lists() {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(list(&names(&["a"]), 1, 3), "a");
        assert_eq!(list(&names(&["a", "b", "c"]), 3, 3), "a, b and c");
        assert_eq!(list(&names(&["a", "b", "c"]), 400, 2), "a, b and 398 others");
        assert_eq!(list(&names(&["a", "b"]), 2, 1), "a and 1 other");
        assert_eq!(time(Millis(1_772_368_496_789)), "2026-03-01 12:34:56 UTC");
    }
}
