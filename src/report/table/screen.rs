//! The last step before the terminal: colour marks become SGR sequences, or nothing.
//!
//! Inside tables a text carries its colour as characters of no width, so that measuring needs no notion of colour. Text
//! from the log cannot carry them: escaping makes every such character visible.

use std::io::{self, Write};

use super::text;
use crate::report::{Style, escape};

/// A colour or weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Bold,
    Dim,
    Alarm,
    Bad,
    Warn,
    Note,
}

/// Ends a paint.
const END: char = '\u{206f}';

impl Paint {
    const ALL: [Self; 6] = [Self::Bold, Self::Dim, Self::Alarm, Self::Bad, Self::Warn, Self::Note];

    fn mark(self) -> Option<char> {
        match self {
            Self::Plain => None,
            Self::Bold => Some('\u{2061}'),
            Self::Dim => Some('\u{2062}'),
            Self::Alarm => Some('\u{2063}'),
            Self::Bad => Some('\u{2064}'),
            Self::Warn => Some('\u{206a}'),
            Self::Note => Some('\u{206b}'),
        }
    }

    /// The sixteen colours that every scheme, light or dark, keeps readable.
    fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Alarm => "\x1b[1;31m",
            Self::Bad => "\x1b[31m",
            Self::Warn => "\x1b[33m",
            Self::Note => "\x1b[36m",
        }
    }
}

/// A text with a colour.
pub(super) fn paint(paint: Paint, text: &str) -> String {
    match paint.mark() {
        Some(mark) if !text.is_empty() => format!("{mark}{text}{END}"),
        _ => text.to_owned(),
    }
}

/// Where lines go.
pub(super) struct Screen<'a> {
    out: &'a mut dyn Write,
    style: Style,
}

impl<'a> Screen<'a> {
    pub(super) fn new(out: &'a mut dyn Write, style: Style) -> Self {
        Self { out, style }
    }

    /// Writes a line without its trailing blanks. The layout fits lines to the width and escapes what comes from the log;
    /// whatever it misses is cut and escaped here, so that such a mistake costs beauty only.
    pub(super) fn line(&mut self, line: &str) -> io::Result<()> {
        let line = line.trim_end();
        let cut;
        let line = if text::width(line) > self.style.width {
            let room = self.style.width.saturating_sub(1);
            // The mark ends a colour that may have begun before the cut; it is harmless where none did.
            cut = format!("{}{}{END}", text::take(line, room), if self.style.unicode { "…" } else { "~" });
            cut.as_str()
        } else {
            line
        };
        let mut text = String::with_capacity(line.len() + 8);
        for c in line.chars() {
            let paint = Paint::ALL.into_iter().find(|paint| paint.mark() == Some(c));
            match paint {
                Some(paint) if self.style.color => text.push_str(paint.sgr()),
                None if c == END && self.style.color => text.push_str("\x1b[0m"),
                Some(_) => {}
                None if c == END => {}
                None if escape::is_hidden(c) || (!self.style.unicode && !c.is_ascii()) => {
                    text.push_str(&escape::terminal(c.encode_utf8(&mut [0; 4]), self.style.unicode));
                }
                None => text.push(c),
            }
        }
        // A colour may have hidden blanks at the end.
        text.truncate(text.trim_end().len());
        text.push('\n');
        self.out.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(color: bool, line: &str) -> String {
        let mut out = Vec::new();
        Screen::new(&mut out, Style { width: 80, color, ..Style::default() }).line(line).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn marks_become_colour_or_nothing() {
        let line = format!("{} calm   ", paint(Paint::Bad, "hostile"));
        assert_eq!(written(true, &line), "\x1b[31mhostile\x1b[0m calm\n");
        assert_eq!(written(false, &line), "hostile calm\n");
        assert_eq!(written(false, "forgotten \x1b[2J"), "forgotten \\x1b[2J\n");
    }
}
