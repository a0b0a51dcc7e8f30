//! Texts that are not UTF-8, as the letters that they most likely are.
//!
//! Elasticsearch writes UTF-8. Where a shipper or an editor on Windows wrote a log anew, a name in it is Windows-1252 now; left
//! as it is it would be shown with U+FFFD, no filter would find it, and it would be another principal than in the log of the
//! next node.

use std::borrow::Cow;

use super::State;
use super::symbols::Symbols;

/// What 0x80 to 0x9f are in Windows-1252; NUL where nothing is (<https://encoding.spec.whatwg.org/#windows-1252>, without the
/// controls that browsers put there).
const HIGH: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•',
    '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The text of a Windows-1252 text; `None` for what is UTF-8 already, in part even, and for bytes that are no letter.
fn windows_1252(text: &[u8]) -> Option<String> {
    if std::str::from_utf8(text).is_ok() || text.utf8_chunks().any(|chunk| !chunk.valid().is_ascii()) {
        return None;
    }
    let letter = |&byte: &u8| match byte {
        0x80..0xa0 => Some(HIGH[usize::from(byte - 0x80)]).filter(|&letter| letter != '\0'),
        byte => Some(char::from(byte)),
    };
    text.iter().map(letter).collect()
}

impl State {
    /// The same with all texts in UTF-8, as far as they are text; names that thereby become one are one. Texts are numbered in
    /// their order and not in that of their arrival, which depends on threads: what looks at the first few of many finds the
    /// same ones. Series are in order.
    #[must_use]
    pub fn spelled(mut self) -> Self {
        if self.symbols.iter().any(|text| windows_1252(text).is_some()) {
            let spelled = |text| windows_1252(text).map_or(Cow::Borrowed(text), |text| Cow::Owned(text.into_bytes()));
            self.symbols = Symbols::of_texts(self.symbols.iter().map(spelled));
            self = Self::merge_all(vec![Self::default(), self]);
        }
        self.renumber();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_utf8_is_read_anew() {
        for (bytes, text) in [
            (&b"J\xfcrgen M\xfcller"[..], Some("Jürgen Müller")),
            (b"\x80 \x9c", Some("€ œ")),
            (b"plain", None),
            ("Jürgen".as_bytes(), None),
            ("ü \u{fc}".as_bytes(), None),
            (b"\xc3\xbc and \xfc", None),
            (b"\x81", None),
        ] {
            assert_eq!(windows_1252(bytes).as_deref(), text, "{bytes:?}");
        }
    }
}
