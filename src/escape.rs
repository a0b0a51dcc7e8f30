//! The one place that makes text from the log harmless. Everything an attacker may have written passes through here
//! before it reaches an output.
//!
//! # Terminal
//!
//! Shown as escapes: control characters (`\x1b`, `\x0a`, `\x7f`; beyond ASCII `\u{9b}`), bidirectional controls, line and
//! paragraph separators, invisible and format characters, blanks other than the space, private-use characters,
//! noncharacters, and combining marks without a base or piled above [`MAX_MARKS`]. A backslash stays single, for
//! `CORP\alice` is common and doubling it would be noise, except in a run of backslashes that stands before an escape or
//! before text that reads like one: there every backslash is doubled. So an odd run before `xHH` or `u{` is an escape, an
//! even run is text, and no two texts look the same because of escaping.
//!
//! # JSON
//!
//! The same characters as `\uXXXX`: the value is unchanged for whoever parses it, and harmless for whoever looks at it.
//!
//! # HTML
//!
//! Made visible as for a terminal first; then what could end a text or an attribute becomes a character reference, and within
//! a script element, where references mean nothing, a `\uXXXX` of JSON.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

use crate::words::number;

/// Combining marks shown on one base character; the deepest stacks in living scripts have three.
pub const MAX_MARKS: usize = 3;

/// Whether a character must not be shown as itself, whatever stands around it.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    match u32::from(c) {
        0x20..=0x7e => false,
        0x00..=0x1f | 0x7f..=0x9f => true,
        // Blanks that look like a space, and fillers that look like nothing.
        0x00a0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x2800 | 0x3000 => true,
        0x034f | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x3164 | 0xffa0 => true,
        // Format characters: soft hyphen, bidirectional controls, zero-width characters, joiners, separators, fillers.
        0x00ad | 0x0600..=0x0605 | 0x061c | 0x06dd | 0x070f | 0x0890..=0x0891 | 0x08e2 | 0x180b..=0x180f => true,
        0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff0..=0xfffb => true,
        0x1_10bd | 0x1_10cd | 0x1_3430..=0x1_345f | 0x1_bca0..=0x1_bca3 | 0x1_d173..=0x1_d17a => true,
        // Variation selectors.
        0xfe00..=0xfe0f => true,
        // Private use, tags and everything else of plane 14, private planes.
        0xe000..=0xf8ff | 0xe_0000..=0xe_ffff | 0xf_0000..=0x10_ffff => true,
        // Noncharacters.
        0xfdd0..=0xfdef => true,
        code => code & 0xfffe == 0xfffe,
    }
}

/// Text from the log for a terminal; without `unicode`, everything beyond ASCII becomes an escape.
#[must_use]
pub fn terminal(text: &str, unicode: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // Backslashes held back until it is known what follows them.
    let mut backslashes = 0;
    // Marks on the last base character; `None` where there is no base.
    let mut marks: Option<usize> = None;
    for (at, c) in text.char_indices() {
        if c == '\\' {
            backslashes += 1;
            marks = Some(0);
            continue;
        }
        let is_mark = !c.is_ascii() && c.width() == Some(0);
        let escaped =
            is_hidden(c) || (!unicode && !c.is_ascii()) || (is_mark && marks.is_none_or(|count| count >= MAX_MARKS));
        let doubled = escaped || reads_like_escape(&text[at..]);
        push_backslashes(&mut out, backslashes, doubled);
        backslashes = 0;
        if escaped {
            push_escape(&mut out, c);
            marks = None;
        } else {
            out.push(c);
            marks = if is_mark { marks.map(|count| count + 1) } else { Some(0) };
        }
    }
    push_backslashes(&mut out, backslashes, false);
    out
}

/// The same, no more of it than `most` characters: of longer texts the ends, and how long they are.
#[must_use]
pub fn bounded(text: &str, unicode: bool, most: usize) -> String {
    // No character has less than a byte.
    let length = if text.len() <= most { 0 } else { text.chars().count() };
    if length <= most {
        return terminal(text, unicode);
    }
    let byte = |number: usize| text.char_indices().nth(number).map_or(text.len(), |(at, _)| at);
    let (head, tail) = (byte(most / 2), byte(length - most / 2));
    let (head, tail) = (terminal(&text[..head], unicode), terminal(&text[tail..], unicode));
    let ellipsis = if unicode { "…" } else { ".." };
    format!("{head}{ellipsis}({} characters){ellipsis}{tail}", number(length as u64))
}

fn push_backslashes(out: &mut String, count: usize, doubled: bool) {
    let count = if doubled { count * 2 } else { count };
    out.extend(std::iter::repeat_n('\\', count));
}

/// Whether what follows a backslash would make it look like one of our escapes.
fn reads_like_escape(rest: &str) -> bool {
    match rest.as_bytes() {
        [b'x', a, b, ..] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [b'u', b'{', ..] => true,
        _ => false,
    }
}

fn push_escape(out: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _ =
        if c.is_ascii() { write!(out, "\\x{:02x}", u32::from(c)) } else { write!(out, "\\u{{{:x}}}", u32::from(c)) };
}

/// `\uXXXX` for a JSON string, as a surrogate pair beyond the basic plane; `None` where the character may stand.
#[must_use]
pub fn json(c: char) -> Option<String> {
    if !is_hidden(c) {
        return None;
    }
    let mut units = [0; 2];
    let mut out = String::with_capacity(12);
    for unit in c.encode_utf16(&mut units) {
        let _ = write!(out, "\\u{unit:04x}");
    }
    Some(out)
}

/// Text that is already visible, as content of an HTML element or of a quoted attribute.
#[must_use]
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A JSON document as content of a script element: nothing in it ends the element or begins a comment. Outside its texts
/// JSON has none of these characters.
#[must_use]
pub fn json_in_script(document: &str) -> String {
    let mut out = String::with_capacity(document.len() + document.len() / 8);
    for c in document.chars() {
        if matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_text_becomes_visible() {
        for (text, shown) in [
            ("elastic", "elastic"),
            ("CORP\\alice", "CORP\\alice"),
            ("a\\", "a\\"),
            ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
            ("two\nlines\r\ttab\x7f", "two\\x0alines\\x0d\\x09tab\\x7f"),
            ("csi\u{9b}31m", "csi\\u{9b}31m"),
            ("nimda\u{202e}txt", "nimda\\u{202e}txt"),
            ("a\u{2066}b\u{2069}\u{200e}\u{200f}\u{61c}", "a\\u{2066}b\\u{2069}\\u{200e}\\u{200f}\\u{61c}"),
            ("ze\u{200b}ro\u{feff}", "ze\\u{200b}ro\\u{feff}"),
            ("tag\u{e0041}\u{e000}", "tag\\u{e0041}\\u{e000}"),
            ("nb\u{a0}sp", "nb\\u{a0}sp"),
            ("Jürgen 山田 🦀", "Jürgen 山田 🦀"),
            ("e\u{301}", "e\u{301}"),
            ("\u{301}e", "\\u{301}e"),
            ("e\u{301}\u{302}\u{303}\u{304}\u{305}", "e\u{301}\u{302}\u{303}\\u{304}\\u{305}"),
            // What looks like an escape but is text, and backslashes before a real escape.
            ("\\x1b", "\\\\x1b"),
            ("\\u{202e}", "\\\\u{202e}"),
            ("\\\x1b", "\\\\\\x1b"),
            ("CORP\\xaver", "CORP\\xaver"),
        ] {
            assert_eq!(terminal(text, true), shown, "{text:?}");
        }
        assert_eq!(terminal("Jürgen→", false), "J\\u{fc}rgen\\u{2192}");
        assert_eq!(json('\u{202e}').as_deref(), Some("\\u202e"));
        assert_eq!(json('\u{e0041}').as_deref(), Some("\\udb40\\udc41"));
        assert_eq!(json('"'), None);
    }

    #[test]
    fn nothing_leaves_its_element() {
        assert_eq!(html("</p><b a='1' c=\"2\">&"), "&lt;/p&gt;&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
        let text = "</script><!--\u{2028}\u{2029}&amp;\"\\";
        let written = json_in_script(&serde_json::to_string(text).unwrap());
        assert!(!written.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }

    #[test]
    fn no_two_short_texts_look_the_same() {
        let alphabet = ['\\', 'x', '1', 'b', '\x1b', 'u', '{', '}', '\u{1b1}', '\u{301}'];
        let mut seen: HashMap<String, String> = HashMap::new();
        for mut number in 0..alphabet.len().pow(6) {
            let mut text = String::new();
            while number > 0 {
                text.push(alphabet[number % alphabet.len()]);
                number /= alphabet.len();
            }
            if let Some(other) = seen.insert(terminal(&text, true), text.clone()) {
                assert_eq!(other, text);
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_comes_out(text in "\\PC*|(?s).*") {
            prop_assert!(!terminal(&text, true).chars().any(is_hidden));
            prop_assert!(terminal(&text, false).bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        }
    }
}
