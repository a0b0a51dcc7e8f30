//! Pieces of a line: measured in columns, wrapped, never broken where their meaning would be lost.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

use crate::document::Tone;

/// Columns of a text.
#[must_use]
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Longest beginning of whole graphemes within `room` columns.
#[must_use]
pub fn take(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += width(grapheme);
        if used > room {
            return &text[..at];
        }
    }
    text
}

/// Where to break a name that is longer than a line: behind what separates its parts, unless the line would be half empty.
fn joint(head: &str) -> usize {
    let separates = |c: char| "@./\\-_:,".contains(c);
    head.rfind(separates).map(|at| at + 1).filter(|at| *at > head.len() / 2).unwrap_or(head.len())
}

/// Whether a word is what a number counts: a percent sign, a unit of time or of size, with what ends a sentence behind it.
fn is_unit(word: &str) -> bool {
    let unit = word.trim_end_matches([',', ';', ':', '.', ')']);
    matches!(unit, "%" | "ms" | "s" | "min" | "h" | "d" | "KiB" | "MiB" | "GiB" | "TiB")
}

/// A piece of a line that may be shown: its text is made by `Ink`, which escapes it.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    text: String,
    tone: Tone,
    /// Whether a blank stands before it, where a line may end.
    gap: bool,
    /// Whether it loses its meaning when it is broken: an address, a time, an id.
    whole: bool,
    /// Columns.
    width: usize,
}

/// Pieces that follow each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    list: Vec<Piece>,
    /// Whether the next piece has a blank before it.
    gap: bool,
}

impl Pieces {
    /// Columns on one line.
    pub(super) fn width(&self) -> usize {
        self.list.iter().enumerate().map(|(at, piece)| piece.width + usize::from(piece.gap && at > 0)).sum()
    }

    /// Columns below which something would be broken that should not; names and words may be from `breakable` columns on.
    pub(super) fn least(&self, breakable: usize) -> usize {
        let most = |piece: &Piece| if piece.whole { piece.width } else { piece.width.min(breakable) };
        self.list.iter().map(most).max().unwrap_or(0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The next piece begins after a blank.
    pub(super) fn gap(&mut self) {
        self.gap = true;
    }

    pub(super) fn append(&mut self, other: Self) {
        for (at, mut piece) in other.list.into_iter().enumerate() {
            piece.gap |= at == 0 && self.gap;
            self.list.push(piece);
        }
        self.gap = other.gap;
    }

    /// Adds a piece, which is harmless already.
    pub(super) fn push(&mut self, text: String, tone: Tone, whole: bool) {
        if text.is_empty() {
            return;
        }
        let gap = std::mem::take(&mut self.gap);
        let width = width(&text);
        self.list.push(Piece { text, tone, gap, whole, width });
    }

    /// Words, between which lines may end; `text` is escaped.
    pub(super) fn words(&mut self, text: &str, tone: Tone) {
        for (at, word) in text.split(' ').enumerate() {
            // A sign or a unit does not begin a line without its number.
            if at > 0
                && is_unit(word)
                && let Some(last) = self.list.last_mut()
                && last.text.ends_with(|c: char| c.is_ascii_digit())
                && !last.whole
            {
                last.text.push(' ');
                last.text.push_str(word);
                last.width += 1 + width(word);
                continue;
            }
            self.gap |= at > 0;
            self.push(word.to_owned(), tone, false);
        }
    }

    /// Lines of at most `room` columns, broken at blanks, else between pieces, and within a piece only where it is longer than
    /// a line.
    pub(super) fn wrap(&self, room: usize) -> Vec<StyledLine> {
        // A wide character needs two columns.
        let room = room.max(2);
        let mut lines = Vec::new();
        let mut line = StyledLine::default();
        let mut rest = self.list.as_slice();
        while let Some((_, others)) = rest.split_first() {
            let end = 1 + others.iter().take_while(|piece| !piece.gap).count();
            let (cluster, after) = rest.split_at(end);
            rest = after;
            let wide: usize = cluster.iter().map(|piece| piece.width).sum();
            let gap = usize::from(!line.is_empty());
            if !line.is_empty() && line.width + gap + wide > room {
                lines.push(std::mem::take(&mut line));
            } else if gap == 1 {
                line.blanks(1);
            }
            for piece in cluster {
                line.piece(piece, room, &mut lines);
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }
}

/// A line, or a part of one.
#[derive(Debug, Clone, Default)]
pub(super) struct StyledLine {
    pub(super) parts: Vec<(String, Tone)>,
    width: usize,
}

impl StyledLine {
    fn is_empty(&self) -> bool {
        self.width == 0
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn blanks(&mut self, count: usize) {
        self.push(&" ".repeat(count), Tone::Plain);
    }

    pub(super) fn push(&mut self, text: &str, tone: Tone) {
        if text.is_empty() {
            return;
        }
        self.width += width(text);
        match self.parts.last_mut() {
            Some((last, of)) if *of == tone => last.push_str(text),
            _ => self.parts.push((text.to_owned(), tone)),
        }
    }

    pub(super) fn append(&mut self, other: &Self) {
        other.parts.iter().for_each(|(text, tone)| self.push(text, *tone));
    }

    /// The text, with a character of no width before each change of its tone: whoever measures it needs no notion of tones.
    /// Text of a log cannot carry these characters, for escaping makes every one of them visible.
    pub(super) fn marked(&self) -> String {
        let marked = self.parts.iter().map(|(text, tone)| format!("{}{text}", mark(*tone)));
        let end = if self.parts.is_empty() { String::new() } else { mark(Tone::Plain).to_string() };
        marked.chain([end]).collect()
    }

    /// The line of a text with such marks.
    pub(super) fn unmarked(text: &str) -> Self {
        let (mut line, mut tone, mut rest) = (Self::default(), Tone::Plain, text);
        while let Some((at, next)) = rest.char_indices().find_map(|(at, c)| Some((at, toned(c)?))) {
            line.push(&rest[..at], tone);
            tone = next;
            rest = &rest[at + mark(next).len_utf8()..];
        }
        line.push(rest, tone);
        line
    }

    /// Adds a piece, on further lines where it does not fit.
    fn piece(&mut self, piece: &Piece, room: usize, lines: &mut Vec<Self>) {
        if self.width > 0 && self.width + piece.width > room {
            lines.push(std::mem::take(self));
        }
        if piece.width <= room {
            self.push(&piece.text, piece.tone);
            return;
        }
        let text = piece.text.as_str();
        let (mut start, mut used) = (0, 0);
        for (at, part) in broken(text, room) {
            let wide = width(part);
            if used + wide > room && at > start {
                let cut = start + joint(&text[start..at]);
                self.push(&text[start..cut], piece.tone);
                lines.push(std::mem::take(self));
                (start, used) = (cut, width(&text[cut..at]));
            }
            used += wide;
        }
        self.push(&text[start..], piece.tone);
    }
}

/// Tones, and the invisible operators that stand for them while a table is drawn.
const MARKS: [(Tone, char); 7] = [
    (Tone::Plain, '\u{2061}'),
    (Tone::Bold, '\u{2062}'),
    (Tone::Dim, '\u{2063}'),
    (Tone::Alarm, '\u{2064}'),
    (Tone::Bad, '\u{206a}'),
    (Tone::Warn, '\u{206b}'),
    (Tone::Note, '\u{206c}'),
];

fn mark(tone: Tone) -> char {
    MARKS.iter().find(|(of, _)| *of == tone).map_or('\u{2061}', |(_, mark)| *mark)
}

fn toned(c: char) -> Option<Tone> {
    MARKS.iter().find(|(_, mark)| *mark == c).map(|(tone, _)| *tone)
}

/// The graphemes of a text; one that is wider than a line, as some scripts allow, in its characters.
fn broken(text: &str, room: usize) -> impl Iterator<Item = (usize, &str)> {
    text.grapheme_indices(true).flat_map(move |(at, grapheme)| {
        let whole = width(grapheme) <= room;
        let chars = grapheme.char_indices().filter(move |_| !whole);
        let chars = chars.map(move |(within, c)| (at + within, &grapheme[within..within + c.len_utf8()]));
        whole.then_some((at, grapheme)).into_iter().chain(chars)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape;

    #[test]
    fn tones_outlive_being_drawn() {
        let mut line = StyledLine::default();
        MARKS.iter().for_each(|(tone, _)| line.push("a é", *tone));
        let back = StyledLine::unmarked(&line.marked());
        assert_eq!((&back.parts, back.width, width(&line.marked())), (&line.parts, line.width, 21));
    }

    #[test]
    fn no_text_of_a_log_is_a_mark() {
        assert!(MARKS.iter().all(|(_, mark)| escape::is_hidden(*mark)));
    }
}
