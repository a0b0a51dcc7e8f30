//! Texts on a terminal: made harmless here, and nowhere else.

use super::pieces::{Pieces, StyledLine};
use crate::document::clock::DisplayClock;
use crate::document::view::Style;
use crate::document::{Cell, ListedName, Tone};
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
    pub(super) rule: char,
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
        rule: '─',
        bars: &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
    };
    const ASCII: Self = Self {
        then: " >",
        ellipsis: "..",
        times: " x",
        to: " - ",
        dot: "-",
        bullet: "* ",
        rule: '-',
        bars: &['.', ':', '-', '=', '+', '*', '#', '@'],
    };
}

/// Makes pieces of what a document holds.
#[derive(Debug)]
pub(super) struct Ink {
    pub(super) glyphs: &'static Glyphs,
    pub(super) clock: DisplayClock,
    pub(super) unicode: bool,
}

impl Ink {
    pub(super) fn new(style: Style, clock: DisplayClock) -> Self {
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
    pub(super) fn line(text: String) -> StyledLine {
        Self::line_in(text, Tone::Plain)
    }

    /// The same set off.
    pub(super) fn line_in(text: String, tone: Tone) -> StyledLine {
        let mut line = StyledLine::default();
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
                    if at > 0 {
                        out.gap();
                    }
                    self.name(out, realm.raw(), tone, false);
                    if at + 1 < realms.len() {
                        out.push(self.glyphs.then.to_owned(), tone, true);
                    }
                }
            }
            Span::Time(time) => out.push(self.clock.show(*time), tone, true),
            Span::Exact(time) => out.words(&self.clock.sentence(*time), tone),
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
                // An instant stays on one line.
                Span::Time(time) | Span::Exact(time) => out.push(self.clock.sentence(*time), tone, true),
                Span::Duration(ms) => out.push(words::duration(*ms), tone, true),
                Span::Period(from, to) => {
                    out.push(self.clock.sentence(*from), tone, true);
                    out.words(" to ", tone);
                    out.push(self.clock.sentence(*to), tone, true);
                }
                span => self.span(&mut out, span, tone),
            }
        }
        out
    }

    /// A name of a list, with its count.
    pub(super) fn item(&self, name: &ListedName) -> Pieces {
        let mut out = Pieces::default();
        self.span(&mut out, &name.span, Tone::Plain);
        if !name.note.is_empty() {
            out.append(self.text(&name.note, Tone::Dim));
        }
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

pub(super) fn severity(severity: &str) -> Tone {
    match severity {
        "critical" => Tone::Alarm,
        "high" => Tone::Bad,
        "medium" => Tone::Warn,
        "low" => Tone::Note,
        _ => Tone::Dim,
    }
}

pub(super) fn verdict(verdict: &str) -> Tone {
    match verdict {
        "hostile" => Tone::Bad,
        "operational" => Tone::Note,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::terminal::screen::LinePrinter;
    use crate::time::Zone;

    fn ink(unicode: bool) -> Ink {
        Ink::new(Style { unicode, ..Style::default() }, DisplayClock::new(Zone::UTC, None))
    }

    fn lines(pieces: &Pieces, room: usize) -> Vec<String> {
        let text = |line: StyledLine| line.parts.into_iter().map(|(text, _)| text).collect::<String>();
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
        let name = ListedName::new(Span::address("2001:db8::1")).times(1234);
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
            LinePrinter::new(&mut out, style).line(&pieces.wrap(80)[0]).unwrap();
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
