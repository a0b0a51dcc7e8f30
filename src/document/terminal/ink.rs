//! Texts on a terminal: escaped here, and nowhere else; measured in columns, wrapped, coloured.

use std::io::{self, Write};

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

use crate::document::clock::Clock;
use crate::document::formats::Style;
use crate::document::{Cell, LogLine, Name, Tone};
use crate::escape;
use crate::model::text::{Span, Text};
use crate::words::{self, number};

/// Longest name, in characters, that is ever shown whole; of longer ones the ends and the length.
const MAX_CHARS: usize = 120;

/// The same for prose.
const MAX_PROSE: usize = 800;

/// Signs that need Unicode, and what stands for them.
#[derive(Debug)]
pub(super) struct Glyphs {
    /// After a realm, before the next.
    pub(super) then: &'static str,
    /// Where text was left out.
    pub(super) ellipsis: &'static str,
    /// Before a count.
    pub(super) times: &'static str,
    /// Between two times.
    pub(super) to: &'static str,
    /// Between remarks.
    pub(super) dot: &'static str,
    /// Before an item.
    pub(super) bullet: &'static str,
    /// Below table headers.
    pub(super) rule: &'static str,
    /// Levels of a bar, lowest first; nothing at all is a blank.
    pub(super) bars: &'static [char],
}

impl Glyphs {
    const UNICODE: Self = Self {
        then: " →",
        ellipsis: "…",
        times: " ×",
        to: " – ",
        dot: "·",
        bullet: "• ",
        rule: "─",
        bars: &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
    };
    const ASCII: Self = Self {
        then: " >",
        ellipsis: "..",
        times: " x",
        to: " - ",
        dot: "-",
        bullet: "* ",
        rule: "-",
        bars: &['.', ':', '-', '=', '+', '*', '#', '@'],
    };
}

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

/// A piece of a line that may be shown: its text is made by [`Ink`], which escapes it.
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

    fn push(&mut self, text: String, tone: Tone, whole: bool) {
        if text.is_empty() {
            return;
        }
        let gap = std::mem::take(&mut self.gap);
        let width = width(&text);
        self.list.push(Piece { text, tone, gap, whole, width });
    }

    /// Words, between which lines may end; `text` is escaped.
    fn words(&mut self, text: &str, tone: Tone) {
        for (at, word) in text.split(' ').enumerate() {
            self.gap |= at > 0;
            self.push(word.to_owned(), tone, false);
        }
    }

    /// Lines of at most `room` columns, broken at blanks, else between pieces, and within a piece only where it is longer than
    /// a line.
    pub(super) fn wrap(&self, room: usize) -> Vec<Line> {
        // A wide character needs two columns.
        let room = room.max(2);
        let mut lines = Vec::new();
        let mut line = Line::default();
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
pub(super) struct Line {
    parts: Vec<(String, Tone)>,
    width: usize,
}

impl Line {
    fn is_empty(&self) -> bool {
        self.width == 0
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn blanks(&mut self, count: usize) {
        self.push(&" ".repeat(count), Tone::Plain);
    }

    fn push(&mut self, text: &str, tone: Tone) {
        self.width += width(text);
        match self.parts.last_mut() {
            Some((last, of)) if *of == tone => last.push_str(text),
            _ => self.parts.push((text.to_owned(), tone)),
        }
    }

    pub(super) fn append(&mut self, other: &Self) {
        other.parts.iter().for_each(|(text, tone)| self.push(text, *tone));
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

/// The graphemes of a text; one that is wider than a line, as some scripts allow, in its characters.
fn broken(text: &str, room: usize) -> impl Iterator<Item = (usize, &str)> {
    text.grapheme_indices(true).flat_map(move |(at, grapheme)| {
        let whole = width(grapheme) <= room;
        let chars = grapheme.char_indices().filter(move |_| !whole);
        let chars = chars.map(move |(within, c)| (at + within, &grapheme[within..within + c.len_utf8()]));
        whole.then_some((at, grapheme)).into_iter().chain(chars)
    })
}

/// Makes pieces of what a document holds.
#[derive(Debug)]
pub(super) struct Ink {
    pub(super) glyphs: &'static Glyphs,
    pub(super) clock: Clock,
    unicode: bool,
}

impl Ink {
    pub(super) fn new(style: Style, clock: Clock) -> Self {
        let glyphs = if style.unicode { &Glyphs::UNICODE } else { &Glyphs::ASCII };
        Self { glyphs, clock, unicode: style.unicode }
    }

    /// Text made harmless, no more of it than can be shown.
    fn shown(&self, text: &str, most: usize) -> String {
        escape::bounded(text, self.unicode, most)
    }

    /// Our own words.
    pub(super) fn own(&self, words: &str, tone: Tone) -> Pieces {
        let mut out = Pieces::default();
        out.words(&escape::terminal(words, self.unicode), tone);
        out
    }

    /// A sign.
    pub(super) fn sign(sign: &'static str, tone: Tone) -> Pieces {
        let mut out = Pieces::default();
        out.push(sign.to_owned(), tone, true);
        out
    }

    /// A number or a bar, which is made here.
    pub(super) fn made(text: String) -> Pieces {
        let mut out = Pieces::default();
        out.words(&escape::terminal(&text, true), Tone::Plain);
        out
    }

    /// A line of our own making, with all its blanks.
    pub(super) fn line(text: String) -> Line {
        Self::line_in(text, Tone::Plain)
    }

    /// The same set off.
    pub(super) fn line_in(text: String, tone: Tone) -> Line {
        let mut line = Line::default();
        line.push(&escape::terminal(&text, true), tone);
        line
    }

    /// A name, which may have blanks in it.
    fn name(&self, out: &mut Pieces, text: &str, tone: Tone, whole: bool) {
        let shown = self.shown(text, MAX_CHARS);
        if whole { out.push(shown, tone, true) } else { out.words(&shown, tone) }
    }

    fn span(&self, out: &mut Pieces, span: &Span, tone: Tone) {
        match span {
            Span::Plain(text) | Span::Code(text) => {
                // A code is no longer than what is typed.
                out.words(&self.shown(text, MAX_PROSE), tone);
            }
            Span::Name(text) | Span::Principal(text) | Span::Realm(text) | Span::Node(text) => {
                self.name(out, text.raw(), tone, false);
            }
            Span::Address(text) | Span::Key(text) | Span::Finding(text) => self.name(out, text.raw(), tone, true),
            Span::Chain(realms) => {
                for (at, realm) in realms.iter().enumerate() {
                    out.gap |= at > 0;
                    self.name(out, realm.raw(), tone, false);
                    if at + 1 < realms.len() {
                        out.push(self.glyphs.then.to_owned(), tone, true);
                    }
                }
            }
            Span::Time(time) => out.push(self.clock.show(*time), tone, true),
            Span::Period(from, to) => out.words(&self.clock.period(*from, *to, self.glyphs.to), tone),
            Span::Duration(ms) => out.words(&words::duration(*ms), tone),
            Span::Count(count) => out.push(number(*count), tone, true),
            Span::Bytes(bytes) => out.words(&words::bytes(*bytes), tone),
            Span::Share(share) => out.push(words::share(*share), tone, true),
            Span::Place(path, line) => {
                self.name(out, path.raw(), tone, false);
                out.push(format!(":{line}"), tone, true);
            }
            Span::Call(call) => match (call.line(), call.body_line()) {
                (Some(line), body) => {
                    // Method and path stay together.
                    out.push(escape::terminal(&line, self.unicode), tone, false);
                    if let Some(body) = body {
                        out.words(&escape::terminal(&format!(" with {body}"), self.unicode), tone);
                    }
                }
                (None, _) => {
                    let [before, after] = crate::model::call::ApiCall::REFUSAL;
                    out.words(before, Tone::Warn);
                    self.name(out, call.refused().unwrap_or_default(), Tone::Warn, false);
                    out.words(after, Tone::Warn);
                }
            },
        }
    }

    /// A text.
    pub(super) fn text(&self, text: &Text, tone: Tone) -> Pieces {
        let mut out = Pieces::default();
        for span in text.spans() {
            self.span(&mut out, span, tone);
        }
        out
    }

    /// A sentence: its times are told whole, with their zone.
    pub(super) fn prose(&self, text: &Text, tone: Tone) -> Pieces {
        let mut out = Pieces::default();
        for span in text.spans() {
            match span {
                Span::Time(time) => out.words(&self.clock.sentence(*time), tone),
                Span::Period(from, to) => {
                    out.words(&format!("{} to {}", self.clock.sentence(*from), self.clock.sentence(*to)), tone);
                }
                span => self.span(&mut out, span, tone),
            }
        }
        out
    }

    /// A name of a list, with its count.
    pub(super) fn item(&self, name: &Name) -> Pieces {
        let mut out = Pieces::default();
        self.span(&mut out, &name.span, Tone::Plain);
        out.words(name.remark, Tone::Plain);
        if let Some(count) = name.count {
            out.push(format!("{}{}", self.glyphs.times, number(count)), Tone::Plain, true);
        }
        if let Some(sure) = name.sure {
            out.words(&format!(" ({} sure)", words::share(sure)), Tone::Plain);
        }
        out
    }

    /// A cell that is no list.
    pub(super) fn cell(&self, cell: &Cell) -> Pieces {
        match cell {
            Cell::Absent(words) => self.own(words, Tone::Dim),
            Cell::Text(text, tone) => self.text(text, *tone),
            Cell::Number(count, tone) => {
                let mut out = Pieces::default();
                out.push(number(*count), *tone, true);
                out
            }
            Cell::Severity(word) => self.own(word.raw(), severity(word.raw())),
            Cell::Verdict(word) => self.own(word.raw(), verdict(word.raw())),
            Cell::Names(names) => {
                let mut out = Pieces::default();
                for (at, name) in names.items.iter().enumerate() {
                    if at > 0 {
                        out.push(",".to_owned(), Tone::Plain, true);
                        out.gap();
                    }
                    out.append(self.item(name));
                }
                out
            }
            Cell::Fields(_) => Pieces::default(),
        }
    }
}

fn severity(severity: &str) -> Tone {
    match severity {
        "critical" => Tone::Alarm,
        "high" => Tone::Bad,
        "medium" => Tone::Warn,
        "low" => Tone::Note,
        _ => Tone::Dim,
    }
}

fn verdict(verdict: &str) -> Tone {
    match verdict {
        "hostile" => Tone::Bad,
        "operational" => Tone::Note,
        _ => Tone::Plain,
    }
}

/// The sixteen colours that every scheme, light or dark, keeps readable.
fn sgr(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Bold => "\x1b[1m",
        Tone::Dim => "\x1b[2m",
        Tone::Alarm => "\x1b[1;31m",
        Tone::Bad => "\x1b[31m",
        Tone::Warn => "\x1b[33m",
        Tone::Note => "\x1b[36m",
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

    pub(super) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// Writes a line of a log as grep(1) does, as long as it is: `path:line:` before what was asked for, `path-line-` before what
    /// stands around it, `--` between.
    pub(super) fn log(&mut self, ink: &Ink, line: &LogLine) -> io::Result<()> {
        if line.after_gap {
            self.out.write_all(b"--\n")?;
        }
        let mark = if line.is_evidence { ':' } else { '-' };
        let (path, text) =
            (escape::terminal(line.path.raw(), ink.unicode), escape::terminal(line.text.raw(), ink.unicode));
        write!(self.out, "{path}{mark}{}{mark} {text}", line.number)?;
        if line.left_out > 0 {
            write!(self.out, " {} {} bytes more (--raw)", ink.glyphs.ellipsis, line.left_out)?;
        }
        self.out.write_all(b"\n")
    }

    /// Writes a line without its trailing blanks. The layout fits lines to the width; one that it misses is cut here, so that
    /// such a mistake costs beauty only.
    pub(super) fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = String::with_capacity(line.width + 16);
        let mut room = self.style.width;
        let cut = line.width > room;
        if cut {
            room = room.saturating_sub(1);
        }
        let mut parts = line.parts.as_slice();
        while let [rest @ .., (last, _)] = parts
            && last.trim_end().is_empty()
        {
            parts = rest;
        }
        for (at, (part, tone)) in parts.iter().enumerate() {
            let part = if at + 1 == parts.len() { part.trim_end() } else { part };
            let part = if cut { take(part, room) } else { part };
            room -= width(part).min(room);
            let tone = if self.style.color { sgr(*tone) } else { "" };
            text.push_str(tone);
            text.push_str(part);
            if !tone.is_empty() {
                text.push_str("\x1b[0m");
            }
        }
        if cut {
            text.push(if self.style.unicode { '…' } else { '~' });
        }
        text.push('\n');
        self.out.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Zone;

    fn ink(unicode: bool) -> Ink {
        Ink::new(Style { unicode, ..Style::default() }, Clock::new(Zone::UTC, None))
    }

    fn lines(pieces: &Pieces, room: usize) -> Vec<String> {
        let text = |line: Line| line.parts.into_iter().map(|(text, _)| text).collect::<String>();
        pieces.wrap(room).into_iter().map(text).collect()
    }

    #[test]
    fn long_text_keeps_its_ends_and_says_its_length() {
        let long = ink(true).shown(&format!("start{}end", "x".repeat(65_536)), 120);
        assert!(long.starts_with("startx") && long.ends_with("xend"), "{long}");
        assert!(long.contains("…(65,544 characters)…"), "{long}");
    }

    #[test]
    fn wrapping_breaks_at_blanks_first() {
        let own = |text: &str, room| lines(&ink(true).own(text, Tone::Plain), room);
        assert_eq!(own("one two three", 7), ["one two", "three"]);
        assert_eq!(own("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(own("", 4), [""]);
    }

    #[test]
    fn realms_and_counts_move_to_the_next_line_whole() {
        let chain = Text::from(Span::chain(["reserved", "default_file", "corporate-active-directory"]));
        let chain = ink(true).text(&chain, Tone::Plain);
        assert_eq!(lines(&chain, 60), ["reserved → default_file → corporate-active-directory"]);
        assert_eq!(lines(&chain, 28), ["reserved → default_file →", "corporate-active-directory"]);
        let name = Name::new(Span::address("2001:db8::1")).times(1234);
        assert_eq!(lines(&ink(false).item(&name), 12), ["2001:db8::1", " x1,234"]);
    }

    #[test]
    fn tones_become_colour_or_nothing() {
        let mut pieces = ink(true).own("hostile", Tone::Bad);
        pieces.gap();
        pieces.append(ink(true).own("calm \x1b[2J", Tone::Plain));
        for (color, written) in [(true, "\x1b[31mhostile\x1b[0m calm \\x1b[2J\n"), (false, "hostile calm \\x1b[2J\n")] {
            let mut out = Vec::new();
            let style = Style { width: 80, color, ..Style::default() };
            Screen::new(&mut out, style).line(&pieces.wrap(80)[0]).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), written);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in "\\PC{0,200}|[a-z山\u{301} 🦀]{0,300}", room in 2usize..60) {
            for unicode in [true, false] {
                for span in [Span::name(&text), Span::address(&text), Span::Plain(text.clone().into())] {
                    for line in ink(unicode).text(&span.into(), Tone::Plain).wrap(room) {
                        prop_assert!(line.width() <= room, "{line:?}");
                    }
                }
            }
        }
    }
}
